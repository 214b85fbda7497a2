/* segment.c - reads the beginning of a segment, and builds the moov that finishes it. */
#include "shared/segment/segment.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/media/mp4_moov.h"

#define TIMESCALE          1000000u
#define MEDIA_HEADER_BYTES 16u
#define RECORDS_PER_READ   256

static_assert(SEGMENT_HEAD_MAX > 2 * MP4_ENTRY_MAX, "an init moov fits into the head");

/* The first bytes of the file, and how far they have been parsed. */
struct head {
	const uint8_t *data;
	size_t length, at;
};

/* A power cut leaves files that end early, or that are zeros from where on nothing had been written: both are empty. */
static enum segment_outcome classify_failure(const struct head *head)
{
	for (size_t i = head->at; i < head->length && i < head->at + 8; i++)
		if (head->data[i] != 0)
			return head->length < SEGMENT_HEAD_MAX && head->length - head->at < 8 ? SEGMENT_EMPTY
											      : SEGMENT_INVALID;
	return SEGMENT_EMPTY;
}

/* Parses one whole box of that type. */
static enum segment_outcome parse_box(struct head *head, uint32_t type, struct mp4_box *out)
{
	if (mp4_box_header(head->data, head->length, head->at, out) != MP4_OK || out->type != type)
		return classify_failure(head);
	if (out->size > head->length - head->at)
		return head->length < SEGMENT_HEAD_MAX ? SEGMENT_EMPTY : SEGMENT_INVALID;
	head->at += (size_t)out->size;
	return SEGMENT_OK;
}

/* Parses the 16 bytes before the media: a free box or the header of the mdat. *size gets the size of that box. */
static enum segment_outcome parse_media_header(struct head *head, enum segment_form *form, uint64_t *size)
{
	struct mp4_box box;

	if (head->length - head->at < MEDIA_HEADER_BYTES)
		return SEGMENT_EMPTY;
	if (mp4_box_header(head->data, head->length, head->at, &box) != MP4_OK)
		return classify_failure(head);
	if (box.type == MP4_TYPE('f', 'r', 'e', 'e') && box.size == MEDIA_HEADER_BYTES)
		*form = SEGMENT_OPEN;
	else if (box.type == MP4_TYPE('m', 'd', 'a', 't') && box.header_bytes == MEDIA_HEADER_BYTES)
		*form = SEGMENT_COMPLETE;
	else
		return SEGMENT_INVALID;
	*size = box.size;
	head->at += MEDIA_HEADER_BYTES;
	return SEGMENT_OK;
}

static enum segment_outcome parse_head(struct head *head, struct segment_layout *out, uint64_t *media_box_bytes)
{
	enum segment_outcome outcome;
	struct mp4_box box;

	if ((outcome = parse_box(head, MP4_TYPE('f', 't', 'y', 'p'), &box)) != SEGMENT_OK)
		return outcome;
	if ((outcome = parse_box(head, MP4_TYPE('u', 'u', 'i', 'd'), &box)) != SEGMENT_OK)
		return outcome;
	if (!segment_info_decode(head->data + box.at, (size_t)box.size, &out->info))
		return SEGMENT_INVALID;
	out->free_at = head->at;
	if ((outcome = parse_media_header(head, &out->form, media_box_bytes)) != SEGMENT_OK)
		return outcome;
	out->media_at = head->at;
	if ((outcome = parse_box(head, MP4_TYPE('m', 'o', 'o', 'v'), &box)) != SEGMENT_OK)
		return outcome;
	if (!mp4_parse_init(head->data + box.at, (size_t)box.size, &out->init) || out->init.timescale != TIMESCALE)
		return SEGMENT_INVALID;
	out->fragments_at = head->at;
	return SEGMENT_OK;
}

/*
 * Finds the end of the media. If no whole moov follows the mdat, the segment was not finished, or has lost its end
 * since. Then it counts as open, so that it is finished again.
 */
static enum segment_outcome find_media_end(int fd, uint64_t media_box_bytes, struct segment_layout *out)
{
	uint8_t header[16];
	struct mp4_box moov;
	struct stat status;
	uint64_t end;

	if (fstat(fd, &status) < 0)
		return SEGMENT_ERROR;
	uint64_t file_bytes = (uint64_t)status.st_size;
	bool open = out->form == SEGMENT_OPEN;
	out->form = SEGMENT_OPEN;
	out->media_end = file_bytes;
	if (open || __builtin_add_overflow(out->free_at, media_box_bytes, &end))
		return SEGMENT_OK;
	if (end < out->fragments_at || end >= file_bytes)
		return SEGMENT_OK;

	ssize_t got = read_at(fd, header, sizeof(header), end);
	if (got < 0)
		return SEGMENT_ERROR;
	if (mp4_box_header(header, (size_t)got, 0, &moov) != MP4_OK || moov.type != MP4_TYPE('m', 'o', 'o', 'v') ||
	    moov.size > file_bytes - end)
		return SEGMENT_OK;
	out->form = SEGMENT_COMPLETE;
	out->media_end = end;
	return SEGMENT_OK;
}

/* *media_box_bytes gets the size of the box that the media is in. */
static enum segment_outcome read_head(int fd, struct segment_layout *out, uint64_t *media_box_bytes)
{
	*out = (struct segment_layout){0};
	if (!buffer_reserve(&out->head, SEGMENT_HEAD_MAX)) {
		errno = ENOMEM;
		return SEGMENT_ERROR;
	}
	ssize_t got = read_at(fd, out->head.data, SEGMENT_HEAD_MAX, 0);
	if (got < 0)
		return SEGMENT_ERROR;
	struct head head = {out->head.data, (size_t)got, 0};
	return parse_head(&head, out, media_box_bytes);
}

static enum segment_outcome read_parts(int fd, bool with_end, struct segment_layout *out)
{
	uint64_t media_box_bytes = 0;
	enum segment_outcome outcome = read_head(fd, out, &media_box_bytes);

	if (outcome == SEGMENT_OK && with_end)
		outcome = find_media_end(fd, media_box_bytes, out);
	if (outcome != SEGMENT_OK) {
		int kept = errno;
		segment_layout_free(out);
		errno = kept;
		return outcome;
	}
	out->head.length = (size_t)out->fragments_at;
	memcpy(out->entry_bytes, out->init.entry, out->init.entry_bytes);
	out->init.entry = out->entry_bytes;
	return SEGMENT_OK;
}

enum segment_outcome segment_read_layout(int fd, struct segment_layout *out)
{
	return read_parts(fd, true, out);
}

enum segment_outcome segment_read_head(int fd, struct segment_layout *out)
{
	return read_parts(fd, false, out);
}

void segment_layout_free(struct segment_layout *layout)
{
	buffer_free(&layout->head);
	*layout = (struct segment_layout){0};
}

/* Adds all samples; *end_us gets the end of the last one, counted from the segment's first frame. */
static bool add_records(struct mp4_moov *header, const struct segment_layout *layout, const struct index_reader *index,
			uint64_t count, int64_t *end_us)
{
	struct index_record records[RECORDS_PER_READ];

	for (uint64_t next = 0; next < count;) {
		size_t wanted = count - next < RECORDS_PER_READ ? (size_t)(count - next) : RECORDS_PER_READ;
		if (index_reader_read(index, next, wanted, records) != wanted)
			return false;
		for (size_t i = 0; i < wanted; i++) {
			const struct index_record *record = &records[i];
			int64_t time_us = record->wall_us - layout->info.first_wall_us;
			mp4_moov_add_sample(header, time_us, record->offset, record->size, record->flags & INDEX_KEY);
			*end_us = time_us + record->duration_us;
		}
		next += wanted;
	}
	return count > 0;
}

bool segment_build_moov(const struct segment_layout *layout, const struct index_reader *index, uint64_t count,
			struct buffer *out)
{
	int64_t end_us = 0;
	struct mp4_moov *header = mp4_moov_create(&(struct mp4_moov_spec){
		.width = layout->init.width,
		.height = layout->init.height,
		.entry = layout->init.entry,
		.entry_bytes = layout->init.entry_bytes,
		.created_wall_us = layout->info.first_wall_us,
	});

	if (!header)
		return false;
	bool good = add_records(header, layout, index, count, &end_us) && mp4_moov_write(header, end_us, 0, out);
	mp4_moov_destroy(header);
	return good;
}
