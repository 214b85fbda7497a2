/* clips.c - kept clips: GET, PATCH and DELETE of one, and POST to keep one. The list is in clip_list.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/api/clip_list.h"
#include "fcgi/api/route.h"
#include "fcgi/clip/kept_clips.h"
#include "fcgi/footage/clip_headers.h"
#include "fcgi/server/response.h"
#include "shared/text/json_value.h"

/* `error` (errno) says why a clip could not be opened. */
static void respond_no_clip(struct api_request *request, int error)
{
	if (camera_folder_is_missing(error))
		respond_problem(request, 404, NULL, "There is no such clip. /clips lists the kept clips.");
	else
		respond_clips_unreadable(request, error);
}

/*
 * Opens the folder of the clip that the path names; -1 with errno. A name that kept_clips.h does not allow is not that
 * of a clip.
 */
static int open_folder_of_clip(const struct api_request *request)
{
	errno = ENOENT;
	return kept_clip_name_valid(request->tail) ? camera_open_clips(request->camera) : -1;
}

/* -1 with errno; ENOENT also if it is no file but a symbolic link (ELOOP), a socket (ENXIO) or the like. */
static int clip_open(const struct api_request *request, struct stat *status)
{
	int folder = open_folder_of_clip(request);

	if (folder < 0)
		return -1;
	int fd = openat(folder, request->tail, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = errno == ELOOP || errno == ENXIO ? ENOENT : errno;
	close(folder);
	if (fd >= 0) {
		error = fstat(fd, status) != 0 ? errno : S_ISREG(status->st_mode) ? 0 : ENOENT;
		if (error != 0) {
			close(fd);
			fd = -1;
		}
	}
	errno = error;
	return fd;
}

void handle_clip(struct api_request *request)
{
	char etag[80], label[CLIP_LABEL_BYTES];
	struct buffer headers = {0};
	struct stat status;
	int fd = clip_open(request, &status);

	if (fd < 0) {
		respond_no_clip(request, errno);
		return;
	}
	struct virtual_file *file = virtual_file_create();
	if (!file || !virtual_file_adopt_fd(file, fd) ||
	    !virtual_file_append_range(file, fd, 0, (uint64_t)status.st_size)) {
		if (!file)
			close(fd);
		virtual_file_unref(file);
		respond_failure(request, "send the clip", ENOMEM);
		return;
	}
	snprintf(etag, sizeof(etag), "\"%jx-%jx-%jx\"", (uintmax_t)status.st_ino, (uintmax_t)status.st_size,
		 (uintmax_t)status.st_mtim.tv_sec * 1000000000u + (uintmax_t)status.st_mtim.tv_nsec);
	clip_label_read(fd, label);
	clip_headers_append_file_name(request->tail, label, &headers);
	buffer_u8(&headers, '\0');
	if (headers.failed) {
		buffer_free(&headers);
		virtual_file_unref(file);
		respond_failure(request, "send the clip", ENOMEM);
		return;
	}
	respond_file(request, &(struct file_response){.file = file,
						      .type = "video/mp4",
						      .etag = etag,
						      .cache = "private, no-cache",
						      .headers = (const char *)headers.data});
	buffer_free(&headers);
}

static void change_free(void *work)
{
	struct kept_clip *kept = work;

	if (kept->folder >= 0)
		close(kept->folder);
	free(kept);
}

static void respond_read_only(struct api_request *request)
{
	respond_problem(
		request, 503, NULL,
		"The clips folder cannot be changed: its file system is read-only, or the recorder's user may not "
		"write to it.");
}

/* The recorder can neither see nor delete what is in the store, and does not know the rules of the bucket. */
static void respond_deleted(struct api_request *request)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "deleted", json_object_new_boolean(true));
	if (*request->camera->config->store.url)
		json_object_object_add(
			json, "store",
			json_object_new_string("If it was copied to the store, the copy stays there until a rule of "
					       "the bucket for v1/clips/ deletes it; without a rule, for ever."));
	respond_json(request, 200, NULL, json);
}

static void removal_done(struct api_request *request)
{
	if (request->child_status == KEPT_CLIP_OK)
		respond_deleted(request);
	else if (request->child_status == KEPT_CLIP_NOT_FOUND)
		respond_no_clip(request, ENOENT);
	else if (request->child_status == KEPT_CLIP_NOT_PERMITTED)
		respond_read_only(request);
	else
		respond_job_failure(request, "delete the clip");
}

/* Has a child process change the clip that the path names. `what` is in the message of a failure. */
static void start_change(struct api_request *request, const char *what, const char *label, int (*run)(void *kept_clip),
			 void (*done)(struct api_request *request))
{
	struct kept_clip *kept = calloc(1, sizeof(*kept));

	if (!kept) {
		respond_failure(request, what, ENOMEM);
		return;
	}
	kept->folder = open_folder_of_clip(request);
	int error = errno;
	request->work = kept;
	request->work_free = change_free;
	if (kept->folder < 0) {
		respond_no_clip(request, error);
		return;
	}
	snprintf(kept->name, sizeof(kept->name), "%s", request->tail);
	snprintf(kept->label, sizeof(kept->label), "%s", label);
	if (!api_job_start(request, run, kept, done))
		respond_failure(request, what, errno);
}

void handle_clip_delete(struct api_request *request)
{
	start_change(request, "delete the clip", "", kept_clip_remove, removal_done);
}

/* Reads label=. Returns false after responding that it is malformed, or missing although it is needed. */
static bool read_label(struct api_request *request, bool needed, char out[CLIP_LABEL_BYTES])
{
	enum query_outcome has_label = query_get(request->fcgi->query, "label", out, CLIP_LABEL_BYTES);

	if ((has_label != QUERY_ABSENT || !needed) && has_label != QUERY_MALFORMED && json_text_is_utf8(out))
		return true;
	respond_problem(request, 400, NULL, "label= takes up to %d bytes of UTF-8.", CLIP_LABEL_BYTES - 1);
	return false;
}

static void relabelling_done(struct api_request *request)
{
	const struct kept_clip *kept = request->work;

	switch (request->child_status) {
	case KEPT_CLIP_OK:
		respond_json(request, 200, "Cache-Control: no-store\r\n", clip_list_item_of(kept->folder, kept->name));
		break;
	case KEPT_CLIP_NOT_FOUND:
		respond_no_clip(request, ENOENT);
		break;
	case KEPT_CLIP_NO_SPACE:
		respond_problem(request, 507, NULL, "The disk has no room for another label.");
		break;
	case KEPT_CLIP_NOT_PERMITTED:
		respond_read_only(request);
		break;
	default:
		respond_job_failure(request, "change the label");
		break;
	}
}

void handle_clip_relabel(struct api_request *request)
{
	char label[CLIP_LABEL_BYTES] = "";

	if (read_label(request, true, label))
		start_change(request, "change the label", label, kept_clip_relabel, relabelling_done);
}

/* A clip that a child writes. */
struct keeping {
	struct clip_request *wanted; /* owned */
	void (*wanted_free)(void *wanted);
	struct kept_clip keep;
	struct virtual_file *file;
	struct buffer headers; /* that describe the content of the clip */
};

static void keeping_free(void *work)
{
	struct keeping *keeping = work;

	if (keeping->keep.folder >= 0)
		close(keeping->keep.folder);
	virtual_file_unref(keeping->file);
	buffer_free(&keeping->headers);
	keeping->wanted_free(keeping->wanted);
	free(keeping);
}

static void respond_kept(struct api_request *request, struct keeping *keeping)
{
	const struct kept_clip *keep = &keeping->keep;
	struct buffer *headers = &keeping->headers;
	struct json_object *json = NULL;

	buffer_printf(headers, "Location: clips/%s", keep->name);
	if (request->camera_named)
		buffer_printf(headers, "?camera=%s", request->camera->config->camera.name);
	buffer_printf(headers, "\r\nCache-Control: no-store\r\n");
	buffer_u8(headers, '\0');
	if (!headers->failed)
		json = clip_list_item_of(keep->folder, keep->name);
	respond_json(request, 201, (const char *)headers->data, json);
}

static void keep_done(struct api_request *request)
{
	struct keeping *keeping = request->work;

	switch (request->child_status) {
	case KEPT_CLIP_OK:
		respond_kept(request, keeping);
		break;
	case KEPT_CLIP_EXISTS:
	case KEPT_CLIP_BUSY:
		respond_problem(request, 409, NULL,
				"A clip named \"%s\" exists already. Choose another name=, or DELETE that clip first.",
				keeping->keep.name);
		break;
	case KEPT_CLIP_NO_SPACE:
		respond_problem(request, 507, NULL,
				"The disk has no room for this clip. Delete some of those under /clips.");
		break;
	case KEPT_CLIP_TOO_LARGE:
		respond_problem(request, 507, NULL,
				"The file system of the clips folder does not allow such a large file. Keep the clip "
				"in shorter parts.");
		break;
	case KEPT_CLIP_NOT_PERMITTED:
		respond_read_only(request);
		break;
	default:
		respond_job_failure(request, "write the clip");
		break;
	}
}

static bool keep_choose_name(struct api_request *request, const struct clip *clip, char out[KEPT_CLIP_NAME_BYTES])
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(request->fcgi->query, "name", text, sizeof(text));

	if (outcome == QUERY_ABSENT) {
		char name[CLIP_NAME_BYTES];
		clip_headers_name(request, clip, name);
		return kept_clip_name_make(name, out);
	}
	return outcome == QUERY_FOUND && kept_clip_name_make(text, out);
}

static void keep_begin(struct api_request *request, struct clip_request *wanted, struct clip *clip)
{
	struct keeping *keeping = calloc(1, sizeof(*keeping));

	if (!keeping) {
		respond_failure(request, "write the clip", ENOMEM);
		return;
	}
	*keeping = (struct keeping){
		.wanted = wanted, .wanted_free = request->work_free, .file = clip->file, .keep.folder = -1};
	clip->file = NULL;
	keeping->keep.file = keeping->file;
	clip_headers_append_content(clip, &keeping->headers);
	request->work = keeping;
	request->work_free = keeping_free;
	if (wanted->plan.unreadable != 0) { /* a kept clip must not lack a part that may be readable again later */
		respond_unreadable(request, wanted->plan.unreadable);
		return;
	}
	if (!keep_choose_name(request, clip, keeping->keep.name)) {
		respond_problem(
			request, 400, NULL,
			"name= takes up to 100 of the characters A-Z a-z 0-9 . _ - and must not begin with a dot.");
		return;
	}
	if (!read_label(request, false, keeping->keep.label))
		return;
	keeping->keep.folder = camera_make_clips(request->camera);
	if (keeping->keep.folder < 0)
		respond_clips_unreadable(request, errno);
	else if (!api_job_start(request, kept_clip_write, &keeping->keep, keep_done))
		respond_failure(request, "write the clip", errno);
}

void handle_clip_keep(struct api_request *request)
{
	clip_request_start(request, keep_begin);
}
