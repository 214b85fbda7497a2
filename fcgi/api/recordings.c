/* recordings.c - GET /recordings: the list of segments, newest first; GET /recordings/FILE and its init segment. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/api/route.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "shared/base/disk_pulse.h"
#include "shared/segment/segment_reader.h"

#define LIST_MAX   100000L
#define OFFSET_MAX 1000000000L

struct list {
	const struct api_request *request;
	struct query_span span;
	long limit, offset;
	struct json_object *array;
};

static bool list_read_query(struct api_request *request, struct list *list)
{
	const char *query = request->fcgi->query;
	struct reason why;

	list->limit = LIST_MAX;
	if (query_span(query, wall_now(), false, &list->span, &why) &&
	    query_number(query, "limit", 0, LIST_MAX, &list->limit, &why) &&
	    query_number(query, "offset", 0, OFFSET_MAX, &list->offset, &why))
		return true;
	respond_problem(request, 400, NULL, "%s", why.text);
	return false;
}

/* The entry of the open segment is as old as the list; its index is up to date. */
static void update_entry(int folder, struct catalogue_entry *entry)
{
	struct segment_reader segment;
	struct index_record last;
	struct stat status;

	if (entry->state != CATALOGUE_RECORDING || !segment_reader_open(folder, entry, &segment))
		return;
	if (segment.count > 0 && segment_reader_read(&segment, segment.count - 1, 1, &last) == 1) {
		entry->frames = segment.count;
		entry->end_wall_us = last.wall_us + last.duration_us;
	}
	if (fstat(segment.fd, &status) == 0)
		entry->size_bytes = (uint64_t)status.st_size;
	segment_reader_close(&segment, false);
}

/* False once the list has as many entries as were asked for. */
static bool list_entry(struct list *list, int folder, struct catalogue_entry *entry)
{
	disk_pulse();
	update_entry(folder, entry);
	if (entry->start_wall_us >= list->span.to_us || entry->end_wall_us <= list->span.from_us)
		return true;
	if (list->offset > 0) {
		list->offset--;
		return true;
	}
	if (list->limit-- <= 0)
		return false;
	json_object_array_add(list->array, catalogue_entry_json(entry, list->request->camera->config->camera.name));
	return true;
}

/* False if an entry cannot be read or is damaged, so the list would be incomplete. */
static bool list_fill(struct list *list, int folder, const struct catalogue *catalogue)
{
	struct catalogue_entry entry;
	uint64_t first, end;

	if (!catalogue_range(catalogue, list->span.from_us, list->span.to_us, &first, &end))
		return false;
	for (uint64_t number = end; number > first; number--) {
		if (catalogue_read(catalogue, number - 1, 1, &entry) != 1)
			return false;
		if (!list_entry(list, folder, &entry))
			break;
	}
	return true;
}

/* False with errno if there may be recordings that cannot be read. */
static bool list_archive(struct list *list)
{
	struct catalogue catalogue;
	int folder = camera_open_recordings(list->request->camera);

	if (folder < 0)
		return camera_folder_is_missing(errno);
	enum catalogue_outcome outcome = catalogue_open(folder, &catalogue);
	int error = errno;
	if (outcome == CATALOGUE_OK) {
		error = list_fill(list, folder, &catalogue) ? 0 : EBADMSG;
		catalogue_close(&catalogue);
	}
	close(folder);
	errno = error;
	return outcome == CATALOGUE_MISSING || error == 0;
}

void handle_recordings(struct api_request *request)
{
	struct list list = {.request = request};

	if (!list_read_query(request, &list))
		return;
	list.array = json_object_new_array();
	if (list_archive(&list)) {
		respond_json(request, 200, NULL, list.array);
		return;
	}
	respond_unreadable(request, errno);
	json_object_put(list.array);
}

/* A segment that was opened by its name. */
struct opened {
	char name[SEGMENT_FILE_BYTES];
	int fd, folder;
	struct block_map *blocks; /* of a camera of the store; else NULL */
	enum segment_form form;
};

/* The blocks and the descriptor may have been handed on: fd -1. */
static void opened_close(struct opened *opened)
{
	int kept = errno;

	if (opened->fd >= 0) {
		close(opened->fd);
		block_map_close(opened->blocks);
	}
	if (opened->folder >= 0)
		close(opened->folder);
	errno = kept;
}

/* In a cache the list says which segments there are. False with errno, as opened_open(). */
static bool open_listed(struct opened *opened)
{
	struct segment_reader segment;
	struct catalogue_entry entry;
	struct catalogue list;
	uint64_t number;

	enum catalogue_outcome outcome = catalogue_open(opened->folder, &list);
	if (outcome != CATALOGUE_OK) {
		errno = outcome == CATALOGUE_MISSING ? ENOENT : errno;
		return false;
	}
	bool found = catalogue_find(&list, opened->name, &number) && catalogue_read(&list, number, 1, &entry) == 1;
	catalogue_close(&list);
	errno = ENOENT;
	if (!found || !segment_reader_open(opened->folder, &entry, &segment))
		return false;
	opened->fd = segment.fd;
	opened->blocks = segment.blocks;
	opened->form = entry.state == CATALOGUE_COMPLETE ? SEGMENT_COMPLETE : SEGMENT_OPEN;
	segment_reader_close(&segment, true);
	return true;
}

/*
 * Opens the segment that the path names. False with errno; ENOENT also if it is no file but a link (ELOOP) or a socket
 * (ENXIO). A folder that is a link in a loop is a different case.
 */
static bool opened_open(const struct api_request *request, struct opened *opened)
{
	size_t length = strcspn(request->tail, "/");

	*opened = (struct opened){.fd = -1, .folder = -1};
	snprintf(opened->name, sizeof(opened->name), "%.*s", (int)(length < SEGMENT_FILE_BYTES ? length : 0),
		 request->tail);
	errno = ENOENT;
	opened->folder = segment_file_valid(opened->name) ? camera_open_recordings(request->camera) : -1;
	if (opened->folder < 0)
		return false;
	if (request->camera->config->remote)
		return open_listed(opened);
	opened->fd = openat(opened->folder, opened->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	errno = errno == ELOOP || errno == ENXIO ? ENOENT : errno; /* not a file, so not a segment */
	return opened->fd >= 0;
}

/* The same; false after responding that there is no such segment, or that it cannot be read. */
static bool recording_open(struct api_request *request, struct opened *opened)
{
	if (opened_open(request, opened))
		return true;
	if (!camera_folder_is_missing(errno))
		respond_unreadable(request, errno);
	else
		respond_problem(request, 404, NULL, "There is no such recording. /recordings lists all of them.");
	opened_close(opened);
	return false;
}

/* Of a segment in the cache only the head is sure to be there. Its form is that of the list. */
static enum segment_outcome read_layout(const struct opened *opened, struct segment_layout *layout)
{
	if (!opened->blocks)
		return segment_read_layout(opened->fd, layout);
	enum segment_outcome outcome = segment_read_head(opened->fd, layout);
	layout->form = opened->form;
	return outcome;
}

/* The file is not a segment that can be served. */
static void respond_no_segment(struct api_request *request, enum segment_outcome outcome, int error)
{
	if (outcome == SEGMENT_ERROR)
		respond_unreadable(request, error);
	else
		respond_problem(request, 404, NULL, "This recording has no content yet, or it is damaged.");
}

/* The virtual file of all bytes, which takes over the descriptor and the blocks. NULL with errno. */
static struct virtual_file *whole_file(struct opened *opened)
{
	struct virtual_file *file = virtual_file_create();
	struct stat status;
	int fd = opened->fd;

	if (!file)
		errno = ENOMEM;
	if (!file || fstat(fd, &status) != 0) {
		virtual_file_unref(file);
		return NULL;
	}
	opened->fd = -1;
	bool good = virtual_file_adopt_partial(file, fd, opened->blocks, opened->folder);
	if (good && virtual_file_append_range(file, fd, 0, (uint64_t)status.st_size))
		return file;
	virtual_file_unref(file);
	errno = ENOMEM;
	return NULL;
}

/*
 * A finished segment never changes. An open one grows, and is finished in place, so its entity tag covers its size
 * and form.
 */
static void respond_segment(struct api_request *request, const struct segment_layout *layout, struct opened *opened)
{
	bool complete = layout->form == SEGMENT_COMPLETE;
	char etag[64], headers[128], cache_control[RESPONSE_CACHE_BYTES];
	struct virtual_file *file = whole_file(opened);

	if (!file) {
		respond_failure(request, "open the recording", errno);
		return;
	}
	snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 "%s\"", layout->info.segment_no, virtual_file_size(file),
		 complete ? "" : "-open");
	snprintf(headers, sizeof(headers), "Content-Disposition: inline; filename=\"%s\"\r\n", opened->name);
	response_cache_control(request, layout->info.first_wall_us, cache_control);
	respond_file(request, &(struct file_response){
				      .file = file,
				      .type = "video/mp4",
				      .etag = etag,
				      .cache = complete ? cache_control : "no-cache",
				      .headers = headers,
			      });
}

void handle_recording(struct api_request *request)
{
	struct opened opened;
	struct segment_layout layout;

	if (!recording_open(request, &opened))
		return;
	enum segment_outcome outcome = read_layout(&opened, &layout);
	int error = errno;
	if (outcome == SEGMENT_OK)
		respond_segment(request, &layout, &opened);
	else
		respond_no_segment(request, outcome, error);
	segment_layout_free(&layout);
	opened_close(&opened);
}

/* Sends ftyp and the moov without samples: the same bytes for an open and a finished segment. */
void handle_recording_init(struct api_request *request)
{
	struct opened opened;
	struct segment_layout layout;
	struct buffer init = {0};

	if (!recording_open(request, &opened))
		return;
	enum segment_outcome outcome = read_layout(&opened, &layout);
	int error = errno;
	bool good = outcome == SEGMENT_OK && segment_reader_append_init(&layout, &init);
	segment_layout_free(&layout);
	opened_close(&opened);
	if (good)
		respond_bytes(request, 200, "video/mp4", "Cache-Control: private, max-age=3600\r\n", init.data,
			      init.length);
	else
		respond_no_segment(request, outcome, error);
	buffer_free(&init);
}
