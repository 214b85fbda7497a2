/* restore.c - copies segments from the store into a recordings folder. */
#include "offsite/fetch/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/remote/camera_days.h"
#include "offsite/remote/camera_list.h"
#include "offsite/remote/camera_live.h"
#include "shared/base/file_io.h"
#include "shared/motion/motion_record.h"
#include "shared/segment/index.h"

#define CHUNK_BYTES (8u << 20)
#define JOINED      ".restore" /* a cache in the folder, in which pieces are joined */
#define TRIES       5

struct restore {
	struct fetcher fetcher;
	struct remote_camera *camera;
	struct store_reader *reader;
	int folder;
	uint64_t files, bytes; /* copied */
	uint64_t missing;      /* listed, and not in the store */
};

/* A failure that may be over soon is tried again a few times. */
static enum get_outcome get(struct restore *restore, struct get_request *request, struct reason *why)
{
	enum get_outcome outcome = GET_RETRY;

	for (int i = 0; i < TRIES && outcome == GET_RETRY; i++) {
		if (i > 0)
			sleep(1u << i);
		outcome = store_reader_get(restore->reader, request, why);
	}
	return outcome;
}

static enum get_outcome copy_chunks(struct restore *restore, int fd, const char *object, uint64_t bytes,
				    struct reason *why)
{
	char etag[LIST_ETAG_BYTES] = "";
	struct buffer body = {0};
	enum get_outcome outcome = GET_DONE;

	for (uint64_t at = 0; at < bytes && outcome == GET_DONE; at += CHUNK_BYTES) {
		uint64_t size = bytes - at < CHUNK_BYTES ? bytes - at : CHUNK_BYTES;
		struct get_request request = {
			.name = object, .from = at, .bytes = size, .etag = etag[0] ? etag : NULL, .out = &body};
		buffer_clear(&body);
		outcome = get(restore, &request, why);
		if (outcome == GET_DONE && request.total != bytes) {
			reason_set(why, "the store has a file of another size than its list says");
			outcome = GET_CHANGED;
		}
		if (outcome == GET_DONE && !write_at(fd, body.data, body.length, at)) {
			reason_errno(why, "cannot write");
			outcome = GET_CHANGED;
		}
		memcpy(etag, request.found_etag, sizeof(etag));
	}
	buffer_free(&body);
	return outcome;
}

/* Whether the file is there already, from an earlier run. */
static bool is_whole(const struct restore *restore, const char *name, uint64_t bytes)
{
	struct stat status;

	return fstatat(restore->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
	       (uint64_t)status.st_size == bytes;
}

/* Returns false and sets *why. A file that the store no longer has is counted. */
static bool copy_file(struct restore *restore, const struct remote_segment *segment, enum object_kind kind,
		      const char *name, uint64_t bytes, bool *missing, struct reason *why)
{
	char object[OBJECT_NAME_BYTES], part[CACHE_FILE_BYTES + 16];

	if (is_whole(restore, name, bytes))
		return true;
	fetcher_object(restore->camera, segment, kind, object);
	snprintf(part, sizeof(part), ".%s" PART_SUFFIX, name);
	int fd = openat(restore->folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return reason_errno(why, "cannot write %s", name);
	enum get_outcome outcome = copy_chunks(restore, fd, object, bytes, why);
	bool good = outcome == GET_DONE;
	if (good && (fdatasync(fd) < 0 || renameat(restore->folder, part, restore->folder, name) < 0))
		good = reason_errno(why, "cannot write %s", name);
	close(fd);
	if (!good)
		unlinkat(restore->folder, part, 0);
	*missing = outcome == GET_MISSING;
	restore->files += good;
	restore->bytes += good ? bytes : 0;
	return good || *missing;
}

/* The .mp4 goes last: what recorderd finds is whole. */
static bool copy_segment(struct restore *restore, const struct remote_segment *segment, struct reason *why)
{
	const char *file = segment->entry.file;
	char index[CACHE_FILE_BYTES], motion[CACHE_FILE_BYTES];
	bool missing = false, no_motion;

	if (!index_name(file, index, sizeof(index)) || !motion_file_name(file, motion, sizeof(motion)))
		return reason_set(why, "a segment has a name that cannot be");
	if (segment->motion_bytes > 0 &&
	    !copy_file(restore, segment, OBJECT_MOTION, motion, segment->motion_bytes, &no_motion, why))
		return false;
	if (!copy_file(restore, segment, OBJECT_INDEX, index, segment->index_bytes, &missing, why) ||
	    !copy_file(restore, segment, OBJECT_MEDIA, file, segment->media_bytes, &missing, why))
		return false;
	if (missing) {
		restore->missing++;
		printf("%s: the store no longer has it\n", file);
	}
	return true;
}

/* Pieces are joined in the folder JOINED, and the files moved out of it. */
static bool take_joined(struct restore *restore, const struct remote_segment *segment, struct reason *why)
{
	char from[PATH_MAX], index[CACHE_FILE_BYTES];
	const char *names[] = {index, segment->entry.file};

	if (!index_name(segment->entry.file, index, sizeof(index)))
		return reason_set(why, "a segment has a name that cannot be");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(from, sizeof(from), JOINED "/%s/%s", restore->camera->name, names[i]);
		if (renameat(restore->folder, from, restore->folder, names[i]) < 0)
			return reason_errno(why, "cannot write %s", names[i]);
		restore->files++;
	}
	return true;
}

static bool copy_all(struct restore *restore, int64_t from_us, int64_t to_us, struct reason *why)
{
	struct remote_segment *segments;
	size_t count;
	bool good = camera_list_span(restore->camera, from_us, to_us, &segments, &count);

	if (!good)
		return reason_set(why, "out of memory");
	for (size_t i = 0; i < count && good; i++) {
		printf("%zu of %zu: %s\n", i + 1, count, segments[i].entry.file);
		good = segments[i].in_pieces ? take_joined(restore, &segments[i], why)
					     : copy_segment(restore, &segments[i], why);
	}
	free(segments);
	return good;
}

static bool learn(struct restore *restore, int64_t from_us, int64_t to_us, struct reason *why)
{
	struct fetcher *fetcher = &restore->fetcher;
	struct remote_camera *camera = restore->camera;
	bool changed;

	if (camera_days_list(fetcher, restore->reader, camera, why) != GET_DONE ||
	    camera_days_load(fetcher, restore->reader, camera, from_us, to_us, &changed, why) != GET_DONE ||
	    camera_live_follow(fetcher, restore->reader, camera, &changed, why) != GET_DONE ||
	    !camera_list_write(fetcher, camera, why))
		return false;
	return camera->segment_count > 0 || reason_set(why, "the store has nothing of a camera %s", camera->name);
}

/* The cache that pieces were joined in. */
static void remove_joined(const struct restore *restore)
{
	static const char *const files[] = {CATALOGUE_FILE, FETCH_STATUS_FILE};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), JOINED "/%s/%s", restore->camera->name, files[i]);
		unlinkat(restore->folder, path, 0);
	}
	for (size_t i = 0; i < restore->camera->segment_count; i++) {
		snprintf(path, sizeof(path), JOINED "/%s/%s" FETCH_BLOCKS_SUFFIX, restore->camera->name,
			 restore->camera->segments[i].entry.file);
		unlinkat(restore->folder, path, 0);
	}
	snprintf(path, sizeof(path), JOINED "/%s", restore->camera->name);
	unlinkat(restore->folder, path, AT_REMOVEDIR);
	unlinkat(restore->folder, JOINED, AT_REMOVEDIR);
}

static bool run(struct restore *restore, const struct fetch_options *options, struct reason *why)
{
	restore->camera = fetcher_camera(&restore->fetcher, options->camera, true);
	restore->reader = store_reader_open(restore->fetcher.store);
	if (!restore->camera || !restore->reader)
		return reason_set(why, "out of memory");
	bool good = learn(restore, options->from_us, options->to_us, why) &&
		    copy_all(restore, options->from_us, options->to_us, why);
	remove_joined(restore);
	return good;
}

/* Somebody's recordings: restored segments would get into an archive that has numbered its own. */
static bool is_free(int folder, struct reason *why)
{
	return (faccessat(folder, ARCHIVE_ID_FILE, F_OK, 0) < 0 && faccessat(folder, CATALOGUE_FILE, F_OK, 0) < 0) ||
	       reason_set(why, "a recorder uses this folder already; expected an empty or a new one");
}

static bool open_folder(struct restore *restore, const char *path, struct reason *why)
{
	if ((mkdir(path, 0750) < 0 && errno != EEXIST))
		return reason_errno(why, "cannot create it");
	restore->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (restore->folder < 0 || (mkdirat(restore->folder, JOINED, 0750) < 0 && errno != EEXIST))
		return reason_errno(why, "cannot write to it");
	return is_free(restore->folder, why);
}

int restore_run(const struct fetch_options *options, const struct config_store *config, struct store *store)
{
	struct restore restore = {.folder = -1};
	struct config_store *own = malloc(sizeof(*own));
	struct reason why;
	int length = own ? snprintf(own->cache, sizeof(own->cache), "%s/" JOINED, options->directory) : -1;
	bool good =
		length > 0 && (size_t)length < sizeof(own->cache) && open_folder(&restore, options->directory, &why);

	if (length < 0 || (size_t)length >= sizeof(own->cache))
		reason_set(&why, "the path is too long");
	if (good) {
		char cache[PATH_MAX];
		memcpy(cache, own->cache, sizeof(cache));
		*own = *config;
		memcpy(own->cache, cache, sizeof(cache));
		own->cache_gb = 1e6;
		good = fetcher_open(&restore.fetcher, own, store, &why) && run(&restore, options, &why);
		store_reader_close(restore.reader);
		fetcher_close(&restore.fetcher);
	}
	if (restore.folder >= 0)
		close(restore.folder);
	free(own);
	if (!good)
		fprintf(stderr, "recorder-fetch: %s: %s\n", options->directory, why.text);
	else
		printf("%llu files, %llu bytes\n", (unsigned long long)restore.files,
		       (unsigned long long)restore.bytes);
	return good && restore.missing == 0 ? 0 : 1;
}
