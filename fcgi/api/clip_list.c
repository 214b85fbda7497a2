/* clip_list.c - GET /clips: the kept clips, newest first. */
#include "fcgi/api/clip_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi/api/route.h"
#include "fcgi/clip/kept_clips.h"
#include "fcgi/io/job.h"
#include "fcgi/server/response.h"
#include "shared/text/json_value.h"

#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static int64_t kept_us(const struct stat *status)
{
	return (int64_t)status->st_mtim.tv_sec * US_PER_S + status->st_mtim.tv_nsec / 1000;
}

void clip_content_read(int fd, struct clip_content *out)
{
	out->label_known = clip_label_read(fd, out->label);
	out->times_known = clip_times_read(fd, &out->times);
}

static struct json_object *seconds_json(int64_t us)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", (double)us / US_PER_S);
	return json_object_new_double_s((double)us / US_PER_S, text);
}

struct json_object *clip_list_item(const char *name, const struct clip_content *content, const struct stat *status)
{
	struct json_object *json = json_object_new_object();
	const struct clip_times *times = content->times_known ? &content->times : NULL;

	json_object_object_add(json, "file", json_string_or_null(name));
	if (content->label_known)
		json_object_object_add(json, "label", json_string_or_null(content->label));
	json_object_object_add(json, "start", times ? json_time(times->start_us) : NULL);
	json_object_object_add(json, "duration", times ? seconds_json(times->duration_us) : NULL);
	json_object_object_add(json, "size", json_object_new_int64(status->st_size));
	json_object_object_add(json, "kept", json_time(kept_us(status)));
	return json;
}

struct json_object *clip_list_item_of(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct json_object *json = NULL;
	struct clip_content content;
	struct stat status;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0) {
		clip_content_read(fd, &content);
		json = clip_list_item(name, &content, &status);
	}
	close(fd);
	return json;
}

static int is_clip(const struct dirent *entry)
{
	return kept_clip_name_valid(entry->d_name);
}

/* A folder is listed in a child, since the disk may be slow. */
struct listing {
	int folder;    /* owned */
	int memory_fd; /* memfd for the JSON; owned */
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

struct list_entry {
	const char *name;
	struct clip_content content;
	struct stat status;
};

/* Newest first; entries of the same time by name. */
static int compare_entries(const void *a, const void *b)
{
	const struct list_entry *one = a, *other = b;
	int64_t one_us = kept_us(&one->status), other_us = kept_us(&other->status);

	if (one_us != other_us)
		return one_us < other_us ? 1 : -1;
	return strcmp(one->name, other->name);
}

static struct json_object *json_of(const struct list_entry *clips, size_t count)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, clip_list_item(clips[i].name, &clips[i].content, &clips[i].status));
	return array;
}

/* True for a file. False with errno 0 if it is no file or has been deleted, or with the errno of fstatat(2). */
static bool read_status(int folder, struct list_entry *clip)
{
	bool found = fstatat(folder, clip->name, &clip->status, AT_SYMLINK_NOFOLLOW) == 0;

	if (found || errno == ENOENT)
		errno = 0;
	return found && S_ISREG(clip->status.st_mode);
}

/* A file that cannot be opened is listed, with nothing known of its content. */
static void read_content(int folder, struct list_entry *clip)
{
	int fd = openat(folder, clip->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0) {
		clip_content_read(fd, &clip->content);
		close(fd);
	}
	errno = 0;
}

/* Returns the JSON of a folder's entries; NULL with errno if one of them cannot be read, or memory ran out. */
static struct json_object *list_entries(int folder, struct dirent *const entries[], size_t count)
{
	struct list_entry *clips = calloc(count > 0 ? count : 1, sizeof(*clips));
	struct json_object *array = NULL;
	size_t found = 0;

	if (!clips)
		return NULL;
	errno = 0;
	for (size_t i = 0; errno == 0 && i < count; i++) {
		clips[found].name = entries[i]->d_name;
		if (!read_status(folder, &clips[found]))
			continue;
		read_content(folder, &clips[found]);
		found++;
	}
	if (errno == 0) {
		qsort(clips, found, sizeof(*clips), compare_entries);
		array = json_of(clips, found);
	}
	int error = errno;
	free(clips);
	errno = error;
	return array;
}

/* NULL with errno if the folder cannot be read, which must not look like an empty one. */
static struct json_object *list_clips(int folder)
{
	struct dirent **entries = NULL;
	int count = scandirat(folder, ".", &entries, is_clip, NULL);

	if (count < 0)
		return NULL;
	struct json_object *array = list_entries(folder, entries, (size_t)count);
	int error = errno;
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	errno = error;
	return array;
}

/* Returns 0 or an errno. Those are all below 256 in Linux, so they fit into the exit status of a process. */
static int listing_run(void *context)
{
	const struct listing *listing = context;

	errno = 0;
	struct json_object *array = list_clips(listing->folder);
	if (array && json_object_to_fd(listing->memory_fd, array, JSON_FLAGS) == 0)
		return 0;
	return errno != 0 ? errno : EIO;
}

static void listing_done(struct api_request *request)
{
	const struct listing *listing = request->work;
	struct buffer text = {0};

	errno = 0;
	if (request->child_status == 0 && child_job_output(listing->memory_fd, &text))
		respond_bytes(request, 200, "application/json", NULL, text.data, text.length);
	else if (request->child_status > 0)
		respond_clips_unreadable(request, request->child_status);
	else if (request->child_status == 0)
		respond_failure(request, "read the list of clips", errno);
	else
		respond_job_failure(request, "list the clips");
	buffer_free(&text);
}

void handle_clips(struct api_request *request)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing) {
		respond_failure(request, "list the clips", ENOMEM);
		return;
	}
	*listing = (struct listing){camera_open_clips(request->camera), -1};
	int error = errno;
	request->work = listing;
	request->work_free = listing_free;
	if (listing->folder >= 0)
		listing->memory_fd = memfd_create("clips", MFD_CLOEXEC);
	if (listing->folder < 0 && !camera_folder_is_missing(error))
		respond_clips_unreadable(request, error);
	else if (listing->folder < 0)
		respond_json(request, 200, NULL, json_object_new_array());
	else if (listing->memory_fd < 0 || !api_job_start(request, listing_run, listing, listing_done))
		respond_failure(request, "list the clips", errno);
}
