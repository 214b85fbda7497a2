/*
 * api_clips.c - kept clips: GET, POST and DELETE under /clips. The folder is flat, and only names that clip_keep.h
 * allows are ours.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/api_answer.h"
#include "fcgi/api_child.h"
#include "fcgi/api_clip.h"
#include "fcgi/api_route.h"
#include "fcgi/clip_keep.h"
#include "shared/json_value.h"

#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static int64_t kept_us(const struct stat *status)
{
	return (int64_t)status->st_mtim.tv_sec * US_PER_S + status->st_mtim.tv_nsec / 1000;
}

static struct json_object *clip_json(const char *name, const struct stat *status)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "file", json_text(name));
	json_object_object_add(json, "size", json_object_new_int64(status->st_size));
	json_object_object_add(json, "kept", json_time(kept_us(status)));
	return json;
}

static int is_clip(const struct dirent *entry)
{
	return keep_name_valid(entry->d_name);
}

/* The list of a folder, made in a child: the disk may take long over it. */
struct listing {
	int folder;    /* owned */
	int memory_fd; /* of the list's JSON; owned */
};

static void listing_free(void *work)
{
	struct listing *listing = work;

	if (listing->folder >= 0)
		close(listing->folder);
	if (listing->memory_fd >= 0)
		close(listing->memory_fd);
	free(listing);
}

struct listed {
	const char *name;
	struct stat status;
};

/* The newest first; of the same time by name. */
static int by_age(const void *a, const void *b)
{
	const struct listed *one = a, *other = b;
	int64_t one_us = kept_us(&one->status), other_us = kept_us(&other->status);

	if (one_us != other_us)
		return one_us < other_us ? 1 : -1;
	return strcmp(one->name, other->name);
}

static struct json_object *json_of(const struct listed *clips, size_t count)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, clip_json(clips[i].name, &clips[i].status));
	return array;
}

/* NULL where memory is short, or the folder cannot be read. */
static struct json_object *list_clips(int folder)
{
	struct json_object *array = NULL;
	struct dirent **entries = NULL;
	int count = scandirat(folder, ".", &entries, is_clip, NULL);
	struct listed *clips = count < 0 ? NULL : calloc((size_t)count + 1, sizeof(*clips));
	size_t found = 0;

	for (int i = 0; clips && i < count; i++) {
		struct listed *clip = &clips[found];
		clip->name = entries[i]->d_name;
		found += fstatat(folder, clip->name, &clip->status, AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISREG(clip->status.st_mode);
	}
	if (clips) {
		qsort(clips, found, sizeof(*clips), by_age);
		array = json_of(clips, found);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(clips);
	return array;
}

static int listing_run(void *context)
{
	const struct listing *listing = context;
	struct json_object *array = list_clips(listing->folder);

	if (!array)
		return EXIT_FAILURE;
	return json_object_to_fd(listing->memory_fd, array, JSON_FLAGS) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void listing_done(struct api_request *request)
{
	const struct listing *listing = request->work;
	struct buffer text = {0};

	if (request->child_status == 0 && api_child_output(listing->memory_fd, &text))
		answer_bytes(request, 200, "application/json", NULL, text.data, text.length);
	else
		answer_failure(request, "listing the clips");
	buffer_finish(&text);
}

void handle_clips(struct api_request *request)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing) {
		answer_failure(request, "memory");
		return;
	}
	*listing = (struct listing){camera_clips_folder(request->camera), -1};
	int error = errno;
	listing->memory_fd = memfd_create("clips", MFD_CLOEXEC);
	request->work = listing;
	request->work_free = listing_free;
	if (listing->folder < 0 && camera_is_missing(error))
		answer_json(request, 200, NULL, json_object_new_array());
	else if (listing->folder < 0)
		answer_clips_unreadable(request, error);
	else if (listing->memory_fd < 0 || !api_job_start(request, listing_run, listing, listing_done))
		answer_failure(request, "listing the clips");
}

static void answer_no_clip(struct api_request *request)
{
	answer_problem(request, 404, NULL, "There is no such clip; /clips lists those that are kept.");
}

/* There is none, rather than one out of reach; what is no plain file is none. */
static bool clip_is_missing(int error)
{
	return camera_is_missing(error) || error == ELOOP || error == ENXIO;
}

/* -1 with errno. */
static int clip_open(const struct api_request *request, struct stat *status)
{
	int folder = keep_name_valid(request->tail) ? camera_clips_folder(request->camera) : -1;

	if (folder < 0) {
		errno = keep_name_valid(request->tail) ? errno : ENOENT;
		return -1;
	}
	int fd = openat(folder, request->tail, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = errno;
	close(folder);
	if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
		close(fd);
		fd = -1;
		error = ENOENT;
	}
	errno = error;
	return fd;
}

void handle_clip(struct api_request *request)
{
	char etag[80], headers[192];
	struct stat status;
	int fd = clip_open(request, &status);

	if (fd < 0 && !clip_is_missing(errno)) {
		answer_clips_unreadable(request, errno);
		return;
	}
	if (fd < 0) {
		answer_no_clip(request);
		return;
	}
	struct vfile *file = vfile_create();
	if (!file || !vfile_own(file, fd) || !vfile_add(file, fd, 0, (uint64_t)status.st_size)) {
		if (!file)
			close(fd);
		vfile_destroy(file);
		answer_failure(request, "memory");
		return;
	}
	snprintf(etag, sizeof(etag), "\"%jx-%jx-%jx\"", (uintmax_t)status.st_ino, (uintmax_t)status.st_size,
		 (uintmax_t)status.st_mtim.tv_sec * 1000000000u + (uintmax_t)status.st_mtim.tv_nsec);
	snprintf(headers, sizeof(headers), "Content-Disposition: inline; filename=\"%s\"\r\n", request->tail);
	answer_file(request, &(struct answer_file){.file = file,
						   .type = "video/mp4",
						   .etag = etag,
						   .cache = "private, no-cache",
						   .headers = headers});
}

static void removal_free(void *work)
{
	struct keep *removal = work;

	if (removal->folder >= 0)
		close(removal->folder);
	free(removal);
}

static void answer_refused(struct api_request *request)
{
	answer_problem(
		request, 503, NULL,
		"The folder of clips cannot be changed: its file system is read-only, or the recorder's user may "
		"not write there.");
}

static void removal_done(struct api_request *request)
{
	if (request->child_status == KEEP_DONE)
		answer_bytes(request, 200, "application/json", NULL, "{\"deleted\":true}", 16);
	else if (request->child_status == KEEP_MISSING)
		answer_no_clip(request);
	else if (request->child_status == KEEP_REFUSED)
		answer_refused(request);
	else
		answer_failure(request, "deleting the clip");
}

void handle_clip_delete(struct api_request *request)
{
	struct keep *removal = calloc(1, sizeof(*removal));
	bool named = keep_name_valid(request->tail);

	if (!removal) {
		answer_failure(request, "memory");
		return;
	}
	removal->folder = named ? camera_clips_folder(request->camera) : -1;
	int error = named ? errno : ENOENT;
	request->work = removal;
	request->work_free = removal_free;
	if (removal->folder < 0 && !camera_is_missing(error)) {
		answer_clips_unreadable(request, error);
		return;
	}
	if (removal->folder < 0) {
		answer_no_clip(request);
		return;
	}
	snprintf(removal->name, sizeof(removal->name), "%s", request->tail);
	if (!api_job_start(request, keep_remove_run, removal, removal_done))
		answer_failure(request, "deleting the clip");
}

/* What the child needs, and what remains of the clip until it is written. */
struct keeping {
	struct clip_request *want; /* freed with this */
	void (*want_free)(void *want);
	struct keep keep;
	struct vfile *file;
};

static void keeping_free(void *work)
{
	struct keeping *keeping = work;

	if (keeping->keep.folder >= 0)
		close(keeping->keep.folder);
	vfile_destroy(keeping->file);
	keeping->want_free(keeping->want);
	free(keeping);
}

static void answer_kept(struct api_request *request, const struct keep *keep)
{
	char headers[256], camera[64] = "";
	struct stat status;
	struct json_object *json = NULL;

	if (request->camera_named)
		snprintf(camera, sizeof(camera), "?camera=%s", request->camera->config->camera.name);
	snprintf(headers, sizeof(headers), "Location: /clips/%s%s\r\nCache-Control: no-store\r\n", keep->name, camera);
	if (fstatat(keep->folder, keep->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		json = clip_json(keep->name, &status);
	answer_json(request, 201, headers, json);
}

static void keep_done(struct api_request *request)
{
	const struct keeping *keeping = request->work;

	switch (request->child_status) {
	case KEEP_DONE:
		answer_kept(request, &keeping->keep);
		break;
	case KEEP_EXISTS:
	case KEEP_BUSY:
		answer_problem(request, 409, NULL,
			       "There is a clip \"%s\" already: give another name=, or DELETE that one.",
			       keeping->keep.name);
		break;
	case KEEP_FULL:
		answer_problem(request, 507, NULL, "The disk has no room for this clip: delete others under /clips.");
		break;
	case KEEP_LARGE:
		answer_problem(
			request, 507, NULL,
			"A file cannot be as large as this clip in the clips folder: keep it in shorter pieces.");
		break;
	case KEEP_REFUSED:
		answer_refused(request);
		break;
	default:
		answer_failure(request, "writing the clip");
		break;
	}
}

static bool keep_choose_name(struct api_request *request, const struct clip *clip, char out[KEEP_NAME_BYTES])
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(request->fcgi->query, "name", text, sizeof(text));

	if (outcome == QUERY_ABSENT) {
		char name[CLIP_NAME_BYTES];
		clip_request_name(request, clip, name);
		return keep_name_make(name, out);
	}
	return outcome == QUERY_FOUND && keep_name_make(text, out);
}

static void keep_begin(struct api_request *request, struct clip_request *want, struct clip *clip)
{
	struct keeping *keeping = calloc(1, sizeof(*keeping));

	if (!keeping) {
		answer_failure(request, "memory");
		return;
	}
	*keeping =
		(struct keeping){.want = want, .want_free = request->work_free, .file = clip->file, .keep.folder = -1};
	clip->file = NULL;
	keeping->keep.file = keeping->file;
	request->work = keeping;
	request->work_free = keeping_free;
	if (!keep_choose_name(request, clip, keeping->keep.name)) {
		answer_problem(request, 400, NULL,
			       "name= takes up to 100 characters of A-Z a-z 0-9 . _ - and no dot in front.");
		return;
	}
	keeping->keep.folder = camera_clips_folder_made(request->camera);
	if (keeping->keep.folder < 0)
		answer_clips_unreadable(request, errno);
	else if (!api_job_start(request, keep_run, &keeping->keep, keep_done))
		answer_failure(request, "writing the clip");
}

void handle_clip_keep(struct api_request *request)
{
	clip_request_begin(request, keep_begin);
}
