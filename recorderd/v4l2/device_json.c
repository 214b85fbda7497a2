/* device_json.c - the machine's capture devices as JSON, for /camera_info and the page. */
#include "recorderd/v4l2/device.h"

#include <dirent.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/v4l2/v4l2_controls.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "recorderd/v4l2/v4l2_modes.h"
#include "shared/ring/ring.h"
#include "shared/text/json_value.h"

static const char *const link_folders[] = {"/dev/v4l/by-id", "/dev/v4l/by-path"};

static void add_links_of(struct json_object *links, const char *folder, const char *path)
{
	char link[PATH_MAX];
	struct dirent *entry;
	DIR *list = opendir(folder);

	if (!list)
		return;
	while ((entry = readdir(list))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
		if (device_is_same(link, path))
			json_object_array_add(links, json_string(link));
	}
	closedir(list);
}

static struct json_object *links_json(const char *path)
{
	struct json_object *links = json_object_new_array();

	for (size_t i = 0; i < sizeof(link_folders) / sizeof(link_folders[0]); i++)
		add_links_of(links, link_folders[i], path);
	return links;
}

static void add_number(struct json_object *object, const char *key, uint32_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

static struct json_object *fps_json(uint32_t fps_milli)
{
	char text[32];

	snprintf(text, sizeof(text), fps_milli % 1000 ? "%u.%03u" : "%u", fps_milli / 1000, fps_milli % 1000);
	return json_object_new_double_s(fps_milli / 1000.0, text);
}

static struct json_object *rates_json(int fd, uint32_t fourcc, struct mode_size size)
{
	struct json_object *list = json_object_new_array();
	struct mode_rates rates;

	mode_list_rates(fd, fourcc, size, &rates);
	for (size_t i = 0; i < rates.count; i++)
		json_object_array_add(list, fps_json(mode_fps_milli(rates.items[i])));
	if (rates.ranged) {
		json_object_array_add(list, fps_json(mode_fps_milli(rates.shortest)));
		json_object_array_add(list, fps_json(mode_fps_milli(rates.longest)));
	}
	return list;
}

static struct json_object *size_json(int fd, uint32_t fourcc, struct mode_size size)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "width", size.width);
	add_number(object, "height", size.height);
	json_object_object_add(object, "fps", rates_json(fd, fourcc, size));
	return object;
}

/* A range of sizes is listed as its smallest and its largest size. */
static struct json_object *format_json(int fd, uint32_t fourcc)
{
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();
	struct mode_sizes sizes;
	char name[5];

	mode_fourcc_text(fourcc, name);
	mode_list_sizes(fd, fourcc, &sizes);
	for (size_t i = 0; i < sizes.count; i++)
		json_object_array_add(list, size_json(fd, fourcc, sizes.items[i]));
	if (sizes.ranged) {
		struct mode_size least = {sizes.range.min_width, sizes.range.min_height};
		struct mode_size most = {sizes.range.max_width, sizes.range.max_height};
		json_object_array_add(list, size_json(fd, fourcc, least));
		json_object_array_add(list, size_json(fd, fourcc, most));
	}
	json_object_object_add(object, "format", json_object_new_string(name));
	json_object_object_add(object, "sizes", list);
	return object;
}

static struct json_object *formats_json(int fd)
{
	struct json_object *list = json_object_new_array();
	uint32_t fourccs[MODE_FORMATS_MAX];
	size_t count = mode_list_formats(fd, fourccs);

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, format_json(fd, fourccs[i]));
	return list;
}

/* What the node itself answers; nothing if it was unplugged since it was listed. */
static void add_modes_and_controls(struct json_object *object, const struct device *device, const char *in_use)
{
	int fd = video_open(device->path);

	if (fd < 0)
		return;
	json_object_object_add(object, "formats", formats_json(fd));
	if (device_is_same(device->path, in_use))
		json_object_object_add(object, "controls", v4l2_controls_json(fd));
	close(fd);
}

static struct json_object *device_object(const struct device *device, const char *in_use)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "id", device->number);
	json_object_object_add(object, "path", v4l2_text_json(device->path, sizeof(device->path)));
	json_object_object_add(object, "name", v4l2_text_json(device->model, sizeof(device->model)));
	json_object_object_add(object, "driver", v4l2_text_json(device->driver, sizeof(device->driver)));
	json_object_object_add(object, "bus", v4l2_text_json(device->bus, sizeof(device->bus)));
	json_object_object_add(object, "links", links_json(device->path));
	json_object_object_add(object, "in_use", json_object_new_boolean(device_is_same(device->path, in_use)));
	add_modes_and_controls(object, device, in_use);
	return object;
}

#define TEXT_FORM (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static bool fits(struct json_object *list)
{
	return strlen(json_object_to_json_string_ext(list, TEXT_FORM)) < RING_DEVICES_BYTES;
}

/* Drops formats, those of the last devices first, until the ring has room for the list. */
static void drop_formats(struct json_object *list, bool also_in_use)
{
	for (size_t i = json_object_array_length(list); i > 0 && !fits(list); i--) {
		struct json_object *device = json_object_array_get_idx(list, i - 1);

		if (also_in_use || !json_object_object_get_ex(device, "controls", NULL))
			json_object_object_del(device, "formats");
	}
}

char *device_list_json(const struct device *devices, size_t count, const char *in_use)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, device_object(&devices[i], in_use));
	drop_formats(list, false);
	drop_formats(list, true);
	char *text = strdup(json_object_to_json_string_ext(list, TEXT_FORM));
	json_object_put(list);
	return text;
}
