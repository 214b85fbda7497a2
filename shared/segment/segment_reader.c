/* segment_reader.c - reads the frames of one segment, from its index or from the .mp4 itself. */
#include "shared/segment/segment_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/disk_pulse.h"
#include "shared/media/mp4_box.h"
#include "shared/segment/segment.h"

#define HEAD_BYTES 16384u

/* Records found by scanning the .mp4. */
struct record_list {
	struct index_record *records;
	size_t count, capacity;
	uint64_t limit; /* stop after this many */
	bool failed;
	bool done; /* of the fallback: it was tried */
};

static bool record_list_add(const struct index_record *record, void *context)
{
	struct record_list *list = context;

	disk_pulse();
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 1024;
		struct index_record *grown = reallocarray(list->records, capacity, sizeof(*grown));
		list->failed = !grown;
		if (!grown)
			return false;
		list->records = grown;
		list->capacity = capacity;
	}
	list->records[list->count++] = *record;
	return list->count < list->limit;
}

static bool scan_records(struct segment_reader *segment, const struct segment_layout *layout)
{
	struct record_list list = {.limit = UINT64_MAX};
	uint64_t good_end;

	if (segment_walk(segment->fd, layout, record_list_add, &list, &good_end) == SEGMENT_ERROR || list.failed) {
		int error = list.failed ? ENOMEM : errno;
		free(list.records);
		errno = error;
		return false;
	}
	segment->records = list.records;
	segment->count = list.count;
	return true;
}

static bool open_by_scan(struct segment_reader *segment)
{
	struct segment_layout layout = {0};
	enum segment_outcome outcome = segment_read_layout(segment->fd, &layout);
	bool good = outcome == SEGMENT_OK && scan_records(segment, &layout);
	int error = outcome == SEGMENT_OK || outcome == SEGMENT_ERROR ? errno : EBADMSG;

	segment_layout_free(&layout);
	errno = error;
	return good;
}

/* Scans the .mp4 because a record of the .idx cannot be read. Done once; the result is kept. */
static const struct record_list *scan_fallback(const struct segment_reader *segment)
{
	struct segment_layout layout = {0};
	struct record_list *fallback = segment->fallback;
	uint64_t good_end;

	if (fallback->done)
		return fallback;
	fallback->done = true;
	if (segment->blocks)
		return fallback;
	fallback->limit = segment->count;
	if (segment_read_layout(segment->fd, &layout) == SEGMENT_OK)
		segment_walk(segment->fd, &layout, record_list_add, fallback, &good_end);
	segment_layout_free(&layout);
	return fallback;
}

/* Drops records at the end whose media is not in the file; a crash of the machine can leave such records. */
static bool drop_missing_media(struct segment_reader *segment)
{
	struct index_record last;
	struct stat status;

	if (fstat(segment->fd, &status) != 0)
		return false;
	for (; segment->count > 0; segment->count--) {
		if (index_reader_read(&segment->index, segment->count - 1, 1, &last) == 1 &&
		    last.offset + last.size <= (uint64_t)status.st_size)
			return true;
	}
	return true;
}

/*
 * Opens the .idx; false if it cannot be used. That includes the index of a complete segment that has lost its end: it
 * has fewer records than the list of segments says.
 */
static bool open_index(int folder, struct segment_reader *segment)
{
	char name[SEGMENT_FILE_BYTES];
	const struct catalogue_entry *entry = &segment->entry;

	if (!index_name(entry->file, name, sizeof(name)))
		return false;
	if (index_reader_open(folder, name, entry->segment_no, &segment->index) != INDEX_OK)
		return false;
	segment->count = index_reader_count(&segment->index);
	segment->fallback = calloc(1, sizeof(*segment->fallback));
	if (segment->fallback && drop_missing_media(segment) &&
	    (entry->state != CATALOGUE_COMPLETE || segment->count >= entry->frames))
		return true;
	index_reader_close(&segment->index);
	return false;
}

/* Nothing of it is read but its beginning and its .idx. Both can be fetched again if they have left the cache. */
static bool open_partial(int folder, struct segment_reader *out)
{
	if (out->entry.flags & SEGMENT_EXPIRED) {
		errno = ENOENT;
		return false;
	}
	out->fd = block_map_open(folder, out->entry.file, &out->blocks);
	if (out->fd >= 0 && block_map_available(out->blocks, 0, SEGMENT_HEAD_MAX) > 0 && open_index(folder, out))
		return true;
	int error = errno == EMFILE || errno == ENFILE || errno == ENOMEM ? errno : ESTALE;
	segment_reader_close(out, false);
	errno = error;
	return false;
}

bool segment_reader_open(int folder, const struct catalogue_entry *entry, struct segment_reader *out)
{
	*out = (struct segment_reader){.entry = *entry, .folder = folder, .fd = -1, .index = {.fd = -1}};
	out->entry.file[SEGMENT_FILE_BYTES - 1] = '\0';
	if (!segment_file_valid(out->entry.file)) {
		errno = EBADMSG;
		return false;
	}
	disk_pulse();
	if (entry->flags & SEGMENT_PARTIAL)
		return open_partial(folder, out);
	out->fd = openat(folder, out->entry.file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (out->fd < 0)
		return false;
	if (open_index(folder, out) || open_by_scan(out))
		return true;
	int error = errno;
	segment_reader_close(out, false);
	errno = error;
	return false;
}

enum segment_reader_error segment_reader_classify(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return SEGMENT_READER_NO_RESOURCES;
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EISDIR:
	case ESPIPE:
	case ENXIO:
		return SEGMENT_READER_DELETED;
	case 0:
	case EBADMSG:
		return SEGMENT_READER_DAMAGED;
	default: /* EIO, ESTALE, ENOTCONN, ...: it cannot be read now, which says nothing about its content */
		return SEGMENT_READER_UNREADABLE;
	}
}

bool segment_reader_exists(int folder, const struct catalogue_entry *entry)
{
	if (entry->flags & SEGMENT_PARTIAL)
		return !(entry->flags & SEGMENT_EXPIRED);
	return faccessat(folder, entry->file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       segment_reader_classify(errno) != SEGMENT_READER_DELETED;
}

/* Reads the ftyp and moov at the beginning of an adopted file. */
static bool read_adopted_layout(int fd, uint8_t head[HEAD_BYTES], struct segment_layout *layout)
{
	struct mp4_box ftyp, moov;
	struct stat status;
	ssize_t got = pread(fd, head, HEAD_BYTES, 0);

	if (got <= 0 || fstat(fd, &status) != 0)
		return false;
	size_t length = (size_t)got;
	if (mp4_box_header(head, length, 0, &ftyp) != MP4_OK || ftyp.size > length)
		return false;
	if (mp4_box_header(head, length, (size_t)ftyp.size, &moov) != MP4_OK || moov.size > length - ftyp.size)
		return false;
	if (!mp4_parse_init(head + ftyp.size, (size_t)moov.size, &layout->init))
		return false;
	layout->fragments_at = ftyp.size + moov.size;
	layout->media_end = (uint64_t)status.st_size;
	return true;
}

bool segment_reader_adopt(int fd, int64_t first_wall_us, struct segment_reader *out)
{
	uint8_t head[HEAD_BYTES];
	struct segment_layout layout = {.info.first_wall_us = first_wall_us};

	*out = (struct segment_reader){.fd = fd, .index = {.fd = -1}, .adopted = true};
	if (!read_adopted_layout(fd, head, &layout) || !scan_records(out, &layout)) {
		segment_reader_close(out, false);
		return false;
	}
	out->entry.codec = layout.init.codec;
	out->entry.width = layout.init.width;
	out->entry.height = layout.init.height;
	out->entry.start_wall_us = first_wall_us;
	out->entry.state = CATALOGUE_COMPLETE;
	return true;
}

bool segment_reader_read_init(const struct segment_reader *segment, uint8_t entry[MP4_ENTRY_MAX], struct mp4_init *out)
{
	uint8_t head[HEAD_BYTES];
	struct segment_layout layout = {0};
	bool good = segment->adopted ? read_adopted_layout(segment->fd, head, &layout)
				     : segment_read_head(segment->fd, &layout) == SEGMENT_OK;

	if (good) {
		*out = layout.init;
		memcpy(entry, layout.init.entry, layout.init.entry_bytes);
		out->entry = entry;
	}
	segment_layout_free(&layout);
	return good;
}

bool segment_reader_append_init(const struct segment_layout *layout, struct buffer *out)
{
	struct mp4_box ftyp;

	if (mp4_box_header(layout->head.data, layout->head.length, 0, &ftyp) != MP4_OK ||
	    ftyp.size > layout->head.length || layout->media_at > layout->head.length)
		return false;
	buffer_append(out, layout->head.data, (size_t)ftyp.size);
	buffer_append(out, layout->head.data + layout->media_at, layout->head.length - (size_t)layout->media_at);
	return !out->failed;
}

size_t segment_reader_init_bytes(const struct segment_reader *segment)
{
	struct segment_layout layout = {0};
	struct buffer init = {0};
	size_t bytes = 0;

	if (segment_read_head(segment->fd, &layout) == SEGMENT_OK && segment_reader_append_init(&layout, &init))
		bytes = init.length;
	segment_layout_free(&layout);
	buffer_free(&init);
	return bytes;
}

void segment_reader_close(struct segment_reader *segment, bool keep_fd)
{
	if (segment->index.segment_no != 0)
		index_reader_close(&segment->index);
	free(segment->records);
	if (segment->fallback)
		free(segment->fallback->records);
	free(segment->fallback);
	if (segment->fd > 0 && !keep_fd)
		close(segment->fd);
	if (!keep_fd)
		block_map_close(segment->blocks);
	*segment = (struct segment_reader){.fd = -1, .index = {.fd = -1}};
}

struct segment_reader segment_reader_unopened(const struct segment_reader *segment)
{
	return (struct segment_reader){.entry = segment->entry,
				       .folder = segment->folder,
				       .fd = -1,
				       .index = {.fd = -1},
				       .count = segment->count};
}

void segment_reader_release(struct segment_reader *segment)
{
	struct segment_reader closed = segment_reader_unopened(segment);

	if (segment->adopted)
		return;
	segment_reader_close(segment, false);
	*segment = closed;
}

void segment_reader_hand_over(struct segment_reader *from, struct segment_reader *to)
{
	struct segment_reader closed = segment_reader_unopened(from);
	uint64_t count = to->count;

	*to = *from;
	to->count = count;
	*from = closed;
}

bool segment_reader_reopen(struct segment_reader *segment)
{
	struct segment_reader opened;

	if (segment->fd > 0)
		return true;
	if (!segment_reader_open(segment->folder, &segment->entry, &opened))
		return false;
	if (opened.count < segment->count) { /* another file of that name, or a truncated one */
		segment_reader_close(&opened, false);
		errno = ENOENT;
		return false;
	}
	opened.count = segment->count;
	*segment = opened;
	return true;
}

static size_t copy_records(const struct index_record *records, uint64_t length, uint64_t first, size_t count,
			   struct index_record *out)
{
	if (first >= length)
		return 0;
	if (count > length - first)
		count = (size_t)(length - first);
	memcpy(out, records + first, count * sizeof(*out));
	return count;
}

size_t segment_reader_read(const struct segment_reader *segment, uint64_t first, size_t count, struct index_record *out)
{
	if (segment->records)
		return copy_records(segment->records, segment->count, first, count, out);
	disk_pulse();
	if (!segment->fallback || first >= segment->count)
		return 0;
	if (count > segment->count - first)
		count = (size_t)(segment->count - first);
	size_t got = index_reader_read(&segment->index, first, count, out);
	if (got == count)
		return got;
	const struct record_list *fallback = scan_fallback(segment);
	return got + copy_records(fallback->records, fallback->count, first + got, count - got, out + got);
}

bool segment_reader_has(const struct segment_reader *segment, uint64_t from, uint64_t to)
{
	return block_map_missing_at(segment->blocks, from, to) == to;
}

bool segment_reader_read_failed(const struct segment_reader *segment)
{
	return segment->fallback && segment->fallback->done;
}
