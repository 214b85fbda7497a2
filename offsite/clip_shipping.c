/* clip_shipping.c - ships kept clips. */
#include "offsite/clip_shipping.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"
#include "shared/base/log.h"

#define LOOK_EVERY_US (5 * US_PER_S)
#define CLIPS_MAX     100000
#define PUT_OFF_MAX   8
#define PUT_OFF_US    (60 * US_PER_S)

struct clip_shipping {
	struct shipper *shipper;
	struct store_client *client;
	struct shipped_clip *shipped; /* owned */
	size_t count;
	uint64_t file_bytes; /* of the valid part of the file */
	int64_t look_at_us;  /* monotonic: when to look again */
	struct {
		char name[OBJECT_CLIP_BYTES];
		int64_t until_us; /* monotonic */
	} put_off[PUT_OFF_MAX];   /* could not be read, or changed meanwhile: others go first, until then */
	size_t put_off_count;     /* since the start */
};

static uint32_t crc_of(const struct shipped_clip *clip)
{
	return crc32c(0, clip, offsetof(struct shipped_clip, crc));
}

static bool add(struct clip_shipping *clips, const struct shipped_clip *clip)
{
	struct shipped_clip *grown = realloc(clips->shipped, (clips->count + 1) * sizeof(*grown));

	if (!grown)
		return false;
	clips->shipped = grown;
	clips->shipped[clips->count++] = *clip;
	return true;
}

static struct shipped_clips_header header_of(const struct shipper *shipper)
{
	struct shipped_clips_header header = {.magic = CLIP_SHIPPING_MAGIC};

	memcpy(header.archive, shipper->archive.id, sizeof(header.archive));
	memcpy(header.bucket, shipper->bucket, sizeof(header.bucket));
	header.crc = crc32c(0, &header, offsetof(struct shipped_clips_header, crc));
	return header;
}

/* Reads what is in the store. Of another archive or bucket, nothing is, and file_bytes stays 0. */
static void read_file(struct clip_shipping *clips)
{
	const struct shipped_clips_header own = header_of(clips->shipper);
	struct shipped_clips_header header;
	struct shipped_clip clip;
	int fd = openat(clips->shipper->state, CLIP_SHIPPING_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (read_at(fd, &header, sizeof(header), 0) == sizeof(header) && memcmp(&header, &own, sizeof(own)) == 0)
		clips->file_bytes = sizeof(header);
	while (clips->file_bytes > 0 && clips->count < CLIPS_MAX &&
	       read_at(fd, &clip, sizeof(clip), clips->file_bytes) == sizeof(clip) && clip.crc == crc_of(&clip) &&
	       add(clips, &clip))
		clips->file_bytes += sizeof(clip);
	close(fd);
}

struct clip_shipping *clip_shipping_open(struct shipper *shipper, struct store_client *client)
{
	struct clip_shipping *clips = calloc(1, sizeof(*clips));

	if (!clips)
		return NULL;
	clips->shipper = shipper;
	clips->client = client;
	read_file(clips);
	return clips;
}

void clip_shipping_close(struct clip_shipping *clips)
{
	if (clips)
		free(clips->shipped);
	free(clips);
}

static bool is_shipped(const struct clip_shipping *clips, const struct shipped_clip *clip)
{
	for (size_t i = clips->count; i-- > 0;)
		if (strcmp(clips->shipped[i].name, clip->name) == 0 &&
		    clips->shipped[i].changed_us == clip->changed_us && clips->shipped[i].bytes == clip->bytes)
			return true;
	return false;
}

static void put_off(struct clip_shipping *clips, const char *name)
{
	size_t at = clips->put_off_count++ % PUT_OFF_MAX;

	snprintf(clips->put_off[at].name, sizeof(clips->put_off[at].name), "%s", name);
	clips->put_off[at].until_us = mono_now().us + PUT_OFF_US;
	clips->look_at_us = mono_now().us + LOOK_EVERY_US;
}

static bool is_put_off(const struct clip_shipping *clips, const char *name)
{
	for (size_t i = 0; i < PUT_OFF_MAX; i++)
		if (strcmp(clips->put_off[i].name, name) == 0 && mono_now().us < clips->put_off[i].until_us)
			return true;
	return false;
}

/* Opens a file of the folder. Returns -1 if it is no clip: the name has to be one that an object can have. */
static int open_clip(const struct clip_shipping *clips, int folder, const char *name, struct shipped_clip *out,
		     struct object_name *object)
{
	char text[OBJECT_NAME_BYTES];
	struct stat status;

	*out = (struct shipped_clip){0};
	*object = shipper_name(clips->shipper, OBJECT_CLIP);
	if (strlen(name) >= sizeof(out->name))
		return -1;
	strcpy(out->name, name);
	strcpy(object->clip, name);
	if (!object_name_make(object, text))
		return -1;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		out->bytes = (uint64_t)status.st_size;
		out->changed_us = status.st_mtim.tv_sec * US_PER_S + status.st_mtim.tv_nsec / 1000;
		object->start_us = out->changed_us;
		return fd;
	}
	close(fd);
	return -1;
}

/* Opens the first clip that is not in the store; -1: there is none. */
static int next_clip(const struct clip_shipping *clips, struct shipped_clip *out, struct object_name *object)
{
	DIR *folder = opendir(clips->shipper->config->clips.directory);
	struct dirent *entry;
	int fd = -1;

	while (folder && fd < 0 && (entry = readdir(folder))) {
		fd = open_clip(clips, dirfd(folder), entry->d_name, out, object);
		if (fd >= 0 && (is_shipped(clips, out) || is_put_off(clips, out->name))) {
			close(fd);
			fd = -1;
		}
	}
	if (folder)
		closedir(folder);
	return fd;
}

/* Writes the header, if it is not there yet, and cuts off what was there instead. */
static bool begin_file(struct clip_shipping *clips, int fd)
{
	const struct shipped_clips_header header = header_of(clips->shipper);

	if (clips->file_bytes > 0)
		return true;
	if (ftruncate(fd, 0) < 0 || !write_at(fd, &header, sizeof(header), 0))
		return false;
	clips->file_bytes = sizeof(header);
	return true;
}

static bool append(struct clip_shipping *clips, struct shipped_clip *clip, struct reason *why)
{
	int fd = openat(clips->shipper->state, CLIP_SHIPPING_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	clip->crc = crc_of(clip);
	bool good = fd >= 0 && begin_file(clips, fd) && write_at(fd, clip, sizeof(*clip), clips->file_bytes) &&
		    fdatasync(fd) == 0;
	if (!good)
		reason_errno(why, "cannot write " CLIP_SHIPPING_FILE);
	if (fd >= 0)
		close(fd);
	if (!good)
		return false;
	clips->file_bytes += sizeof(*clip);
	return add(clips, clip) || reason_set(why, "out of memory");
}

enum put_outcome clip_shipping_run(struct clip_shipping *clips, bool *again)
{
	struct shipped_clip clip;
	struct object_name name;
	struct reason why;

	*again = false;
	if (mono_now().us < clips->look_at_us)
		return PUT_DONE;
	int fd = next_clip(clips, &clip, &name);
	if (fd < 0) {
		clips->look_at_us = mono_now().us + LOOK_EVERY_US;
		return PUT_DONE;
	}
	const struct body body = {.ranges = {{.fd = fd, .bytes = clip.bytes}}, .count = 1};
	enum put_outcome outcome = shipper_put(clips->shipper, clips->client, LANE_SEGMENTS, &name, &body);
	close(fd);
	if (outcome == PUT_CHANGED) {
		put_off(clips, clip.name);
		return PUT_DONE;
	}
	if (outcome == PUT_DONE && !append(clips, &clip, &why)) {
		shipper_report(clips->shipper, LANE_SEGMENTS, why.text);
		outcome = PUT_RETRY;
	}
	*again = outcome == PUT_DONE;
	if (*again)
		log_info("ship", "the clip %s is in the store", clip.name);
	return outcome;
}
