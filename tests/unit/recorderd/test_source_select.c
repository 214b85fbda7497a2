/* test_source_select.c - which device is opened, and the list of devices. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "recorderd/capture/source_select.h"
#include "recorderd/v4l2/device_query.h"
#include "shared/base/log.h"
#include "shared/ring/ring.h"
#include "tests/unit/fakes/fake_video.h"
#include "tests/unit/support/in_range.h"

static struct reason why;
static char opened[128];

static enum source_open_outcome choose(const char *device, enum config_fallback fallback, const char *const *named)
{
	struct config config = {.camera = {.width = 640, .height = 480, .fps = 30, .fallback = fallback},
				.record = {.sandbox = true}};
	struct source *source;
	enum source_open_outcome outcome;

	snprintf(config.camera.device, sizeof(config.camera.device), "%s", device);
	struct other_cameras others = {0};
	for (size_t i = 0; named && named[i]; i++)
		others.device_list[i] = named[i];
	outcome = source_open(&config, &others, 0, &source, &why);
	snprintf(opened, sizeof(opened), "%s", outcome == SOURCE_OPENED ? source->info.device : "");
	source_close(source);
	return outcome;
}

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void auto_takes_the_first_free_camera(void **state)
{
	(void)state;
	fake_camera(1)->format_errno = EBUSY;
	fake_camera(2);
	fake_camera(3);
	assert_int_equal(choose("auto", FALLBACK_ANY, NULL), SOURCE_OPENED);
	assert_string_equal(opened, "/dev/video2");
	assert_string_equal(why.text, ""); /* it is the configured one: nothing to explain */
}

static void auto_skips_metadata_nodes_and_cameras_that_others_name(void **state)
{
	const char *const named[] = {"/dev/video2", NULL};

	(void)state;
	fake_camera(1)->device_caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
	fake_camera(2);
	fake_camera(3);
	assert_int_equal(choose("auto", FALLBACK_ANY, named), SOURCE_OPENED);
	assert_string_equal(opened, "/dev/video3");
}

static void auto_with_every_camera_in_use_is_busy(void **state)
{
	(void)state;
	fake_camera(1)->format_errno = EBUSY;
	assert_int_equal(choose("auto", FALLBACK_ANY, NULL), SOURCE_BUSY);
	assert_non_null(strstr(why.text, "Fake camera (/dev/video1) is in use by"));
}

static void without_a_camera_there_is_no_test_picture_unless_allowed(void **state)
{
	(void)state;
	assert_int_equal(choose("auto", FALLBACK_ANY, NULL), SOURCE_NOT_FOUND);
	assert_int_equal(choose("auto", FALLBACK_NONE, NULL), SOURCE_NOT_FOUND);
	assert_int_equal(choose("/dev/video0", FALLBACK_ANY, NULL), SOURCE_NOT_FOUND);
	assert_true(why.text[0] != '\0');
}

static void a_camera_without_permission_is_named(void **state)
{
	(void)state;
	fake_camera(0)->open_errno = EACCES;
	assert_int_equal(choose("auto", FALLBACK_ANY, NULL), SOURCE_NOT_FOUND);
	assert_non_null(strstr(why.text, "the camera (/dev/video0): no permission to open the device"));
}

/* Receivers of bare sensors offer formats, and then do not stream. */
static void auto_skips_bare_sensors_and_names_libcamera_if_there_is_nothing_else(void **state)
{
	struct fake_node *unicam = fake_camera(0), *isys = fake_camera(1);

	(void)state;
	unicam->driver = "unicam";
	isys->device_caps |= V4L2_CAP_IO_MC;
	fake_camera(2);
	assert_int_equal(choose("auto", FALLBACK_ANY, NULL), SOURCE_OPENED);
	assert_string_equal(opened, "/dev/video2");
	fake_nodes[2].present = false;
	assert_int_equal(choose("auto", FALLBACK_ANY, NULL), SOURCE_NOT_FOUND);
	assert_non_null(strstr(why.text, "(/dev/video0, driver unicam) is a bare image sensor, which only libcamera"));
	assert_string_equal(unicam->calls, "");
	/* A named one is tried: somebody may have set up its links. */
	assert_int_equal(choose("/dev/video1", FALLBACK_NONE, NULL), SOURCE_OPENED);
	isys->stream_fails = 100;
	isys->room_errno = EPIPE;
	assert_int_equal(choose("/dev/video1", FALLBACK_NONE, NULL), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "(/dev/video1, driver fake) is a bare image sensor"));
}

/* `path` is a file of this test in place of a device. */
static void assert_remedy(const char *path, uid_t owner, gid_t group, mode_t mode, const char *remedy)
{
	assert_int_equal(chown(path, owner, group), 0);
	assert_int_equal(chmod(path, mode), 0);
	device_explain_forbidden(path, EACCES, &why);
	if (!strstr(why.text, remedy))
		fail_msg("\"%s\", not \"%s\"", why.text, remedy);
}

static void what_to_do_without_permission_depends_on_the_device_s_owner_group_and_mode(void **state)
{
	char path[] = "/tmp/test_permission.XXXXXX";

	(void)state;
	if (geteuid() != 0)
		skip();
	close(mkstemp(path));
	assert_remedy(path, 0, 54321, 0660, "add the user root to the group 54321 (sudo usermod -aG 54321 root)");
	assert_remedy(path, 0, getegid(), 0660, "although the user root is in its group");
	assert_remedy(path, 0, 54321, 0600, "only the user root may (mode 0600)");
	unlink(path);
	device_explain_forbidden(path, EACCES, &why);
	assert_string_equal(why.text, "no permission to open the device");
	device_explain_forbidden(path, EPERM, &why);
	assert_non_null(strstr(why.text, "--device"));
}

static void a_device_is_free_if_no_other_program_streams_from_it(void **state)
{
	struct config config = {.camera.device = "auto"};
	struct other_cameras others = {.device_list = {"/dev/video2"}};

	(void)state;
	assert_false(source_configured_is_free(&config, NULL));
	fake_camera(1)->format_errno = EBUSY;
	fake_camera(2);
	assert_false(source_configured_is_free(&config, &others));
	assert_true(source_configured_is_free(&config, NULL));
	strcpy(config.camera.device, "/dev/video1");
	assert_false(source_configured_is_free(&config, NULL));
	fake_nodes[1].format_errno = 0;
	assert_true(source_configured_is_free(&config, NULL));
	fake_nodes[1].open_errno = EACCES;
	assert_false(source_configured_is_free(&config, NULL));
	assert_int_equal(fake_nodes[1].opens, fake_nodes[1].closes);
}

static void the_configured_camera_is_used_if_it_opens(void **state)
{
	(void)state;
	fake_camera(0);
	fake_camera(2);
	assert_int_equal(choose("/dev/video2", FALLBACK_ANY, NULL), SOURCE_OPENED);
	assert_string_equal(opened, "/dev/video2");
	assert_string_equal(why.text, "");
}

static void a_missing_camera_is_replaced_by_one_that_no_other_recorder_names(void **state)
{
	const char *const named[] = {"/dev/video0", NULL};

	(void)state;
	fake_camera(0);
	fake_camera(1);
	assert_int_equal(choose("/dev/video3", FALLBACK_ANY, named), SOURCE_OPENED);
	assert_string_equal(opened, "/dev/video1");
	assert_non_null(strstr(why.text, "/dev/video3"));
	assert_non_null(strstr(why.text, "using /dev/video1 instead"));
	assert_int_equal(choose("/dev/video3", FALLBACK_NONE, NULL), SOURCE_NOT_FOUND);
}

static void a_busy_camera_is_replaced_and_not_tried_twice(void **state)
{
	struct fake_node *busy = fake_camera(0);

	(void)state;
	busy->format_errno = EBUSY;
	fake_camera(1);
	assert_int_equal(choose("/dev/video0", FALLBACK_ANY, NULL), SOURCE_OPENED);
	assert_string_equal(opened, "/dev/video1");
	assert_string_equal(busy->calls, "FMT ");
}

static void a_camera_that_fails_is_not_replaced(void **state)
{
	(void)state;
	fake_camera(0)->format_errno = EIO;
	fake_camera(1);
	assert_int_equal(choose("/dev/video0", FALLBACK_ANY, NULL), SOURCE_OPEN_FAILED);
}

static void a_test_picture_that_cannot_start_gives_both_reasons(void **state)
{
	const char *path = getenv("PATH");
	char *before = strdup(path ? path : "");

	(void)state;
	setenv("PATH", "/nowhere", 1);
	assert_int_equal(choose("/dev/video3", FALLBACK_TEST, NULL), SOURCE_NOT_FOUND);
	assert_non_null(strstr(why.text, "/dev/video3"));
	assert_non_null(strstr(why.text, "ffmpeg"));
	assert_int_equal(choose("test", FALLBACK_NONE, NULL), SOURCE_OPEN_FAILED);
	setenv("PATH", before, 1);
	free(before);
}

static void capture_nodes_are_listed_by_number(void **state)
{
	struct device devices[DEVICES_MAX];

	(void)state;
	fake_camera(3);
	fake_camera(1)->device_caps = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING;
	fake_camera(0);
	assert_int_equal(device_list(devices), 2);
	assert_string_equal(devices[0].path, "/dev/video0");
	assert_string_equal(devices[0].model, "Fake camera");
	assert_int_equal(devices[1].number, 3);
	assert_int_equal(fake_nodes[0].opens, fake_nodes[0].closes);
}

static void a_link_is_the_same_device_as_its_node(void **state)
{
	char folder[] = "/tmp/test_source.XXXXXX", link[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(link, sizeof(link), "%s/camera", folder);
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_true(device_is_same(link, "/dev/null"));
	assert_false(device_is_same(link, "/dev/zero"));
	assert_false(device_is_same("/dev/video0", "/dev/video1"));
	assert_true(device_is_same("/dev/video9", "/dev/video9"));
	unlink(link);
	rmdir(folder);
}

static struct json_object *at(struct json_object *array, size_t index, const char *key)
{
	return json_object_object_get(json_object_array_get_idx(array, index), key);
}

static void the_list_as_json_has_formats_sizes_and_rates(void **state)
{
	struct device devices[DEVICES_MAX];
	struct json_object *list, *sizes;
	char *text;

	(void)state;
	fake_camera(2)->card = "Caf\xe9 \"cam\"";
	text = device_list_json(devices, device_list(devices), "/dev/video2");
	list = json_tokener_parse(text);
	assert_non_null(list);
	assert_int_equal(json_object_get_int(at(list, 0, "id")), 2);
	assert_string_equal(json_object_get_string(at(list, 0, "path")), "/dev/video2");
	assert_string_equal(json_object_get_string(at(list, 0, "name")), "Caf? \"cam\"");
	assert_string_equal(json_object_get_string(at(at(list, 0, "formats"), 1, "format")), "MJPG");
	sizes = at(at(list, 0, "formats"), 1, "sizes");
	assert_int_equal(json_object_get_int(at(sizes, 1, "width")), 1280);
	assert_string_equal(json_object_get_string(at(sizes, 1, "fps")), "[ 30, 60, 10 ]");
	json_object_put(list);
	free(text);
}

static void the_list_as_json_has_the_controls_of_the_camera_in_use(void **state)
{
	struct device devices[DEVICES_MAX];
	struct json_object *list, *controls;
	char *text;

	(void)state;
	fake_camera(1);
	fake_camera(2)->brightness = -4;
	text = device_list_json(devices, device_list(devices), "/dev/video2");
	list = json_tokener_parse(text);
	assert_int_equal(json_object_array_length(list), 2);
	assert_null(at(list, 0, "controls"));
	controls = at(list, 1, "controls");
	assert_int_equal(json_object_array_length(controls), 1);
	assert_string_equal(json_object_get_string(at(controls, 0, "name")), "brightness_fake");
	assert_string_equal(json_object_get_string(at(controls, 0, "label")), "Brightness, Fake");
	assert_string_equal(json_object_get_string(at(controls, 0, "type")), "integer");
	assert_int_equal(json_object_get_int(at(controls, 0, "min")), -10);
	assert_int_equal(json_object_get_int(at(controls, 0, "max")), 10);
	assert_int_equal(json_object_get_int(at(controls, 0, "value")), -4);
	json_object_put(list);
	free(text);
}

static void a_list_too_long_for_the_ring_drops_the_formats_of_other_cameras(void **state)
{
	static struct device devices[128];
	const size_t last = sizeof(devices) / sizeof(devices[0]) - 1;
	struct json_object *list;
	char *text;

	(void)state;
	fake_camera(1);
	fake_camera(2);
	for (size_t i = 0; i <= last; i++)
		devices[i] = (struct device){.path = "/dev/video1", .number = 1};
	devices[last] = (struct device){.path = "/dev/video2", .number = 2};
	for (size_t i = 0; i <= last; i++) {
		memset(devices[i].model, 'm', sizeof(devices[i].model) - 1);
		memset(devices[i].bus, 'b', sizeof(devices[i].bus) - 1);
	}
	text = device_list_json(devices, last + 1, "/dev/video2");
	assert_int_in_range(strlen(text), RING_DEVICES_BYTES / 2, RING_DEVICES_BYTES - 1);
	list = json_tokener_parse(text);
	assert_int_equal(json_object_array_length(list), last + 1);
	assert_non_null(at(list, 0, "formats"));
	assert_null(at(list, last - 1, "formats"));
	assert_non_null(at(list, last, "formats"));
	assert_non_null(at(list, last, "controls"));
	json_object_put(list);
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(auto_takes_the_first_free_camera),
		CASE(auto_skips_metadata_nodes_and_cameras_that_others_name),
		CASE(auto_with_every_camera_in_use_is_busy),
		CASE(without_a_camera_there_is_no_test_picture_unless_allowed),
		CASE(a_camera_without_permission_is_named),
		CASE(auto_skips_bare_sensors_and_names_libcamera_if_there_is_nothing_else),
		CASE(what_to_do_without_permission_depends_on_the_device_s_owner_group_and_mode),
		CASE(a_device_is_free_if_no_other_program_streams_from_it),
		CASE(the_configured_camera_is_used_if_it_opens),
		CASE(a_missing_camera_is_replaced_by_one_that_no_other_recorder_names),
		CASE(a_busy_camera_is_replaced_and_not_tried_twice),
		CASE(a_camera_that_fails_is_not_replaced),
		CASE(a_test_picture_that_cannot_start_gives_both_reasons),
		CASE(capture_nodes_are_listed_by_number),
		CASE(a_link_is_the_same_device_as_its_node),
		CASE(the_list_as_json_has_formats_sizes_and_rates),
		CASE(the_list_as_json_has_the_controls_of_the_camera_in_use),
		CASE(a_list_too_long_for_the_ring_drops_the_formats_of_other_cameras),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
