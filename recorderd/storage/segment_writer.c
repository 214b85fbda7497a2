/* segment_writer.c - creates and appends to a segment and its index. */
#include "recorderd/storage/segment_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/buffer.h"
#include "shared/base/file_io.h"
#include "shared/base/file_limit.h"
#include "shared/motion/motion_record.h"
#include "shared/segment/index.h"

#define NAMES_MAX      10000u
#define FREE_BOX_BYTES 16u
#define MOOV_BYTES     1024u /* more than the final moov has besides its tables and its sample entry */
#define FRAME_BYTES    24u   /* the most that a frame takes in those tables (mp4_moov.c) */

/* A .motion file may outlive its segment. */
static bool has_motion(int folder, const char *file)
{
	char name[SEGMENT_FILE_BYTES];

	return motion_file_name(file, name, sizeof(name)) && faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Creates the segment's file under the first name that is free. */
static int create_media(int folder, struct segment_writer *writer)
{
	for (unsigned n = 1; n < NAMES_MAX; n++) {
		segment_file_name(writer->info.first_wall_us, n, writer->file);
		if (has_motion(folder, writer->file))
			continue;
		int fd = openat(folder, writer->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int create_index(int folder, const struct segment_writer *writer)
{
	char name[SEGMENT_FILE_BYTES];

	if (!index_name(writer->file, name, sizeof(name))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return openat(folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
}

/* ftyp | uuid | free | moov: FFmpeg's ftyp and moov with our boxes in between. */
static bool build_head(struct segment_writer *writer, const uint8_t *init, size_t init_bytes, struct buffer *head)
{
	struct mp4_box ftyp;

	if (mp4_box_header(init, init_bytes, 0, &ftyp) != MP4_OK || ftyp.size >= init_bytes)
		return false;
	buffer_append(head, init, (size_t)ftyp.size);
	segment_info_encode(&writer->info, head);
	buffer_u32(head, FREE_BOX_BYTES);
	buffer_u32(head, MP4_TYPE('f', 'r', 'e', 'e'));
	buffer_u64(head, 0);
	writer->media_at = head->length;
	buffer_append(head, init + ftyp.size, init_bytes - (size_t)ftyp.size);
	return !head->failed;
}

static bool write_index_header(struct segment_writer *writer)
{
	struct index_header header = {
		.segment_no = writer->info.segment_no,
		.first_wall_us = writer->info.first_wall_us,
	};

	index_header_seal(&header);
	writer->index_end = sizeof(header);
	return write_at(writer->index, &header, sizeof(header), 0);
}

static void remove_files(int folder, const struct segment_writer *writer)
{
	char name[SEGMENT_FILE_BYTES];

	unlinkat(folder, writer->file, 0);
	if (index_name(writer->file, name, sizeof(name)))
		unlinkat(folder, name, 0);
}

bool segment_writer_open(struct segment_writer *writer, int folder, const struct segment_info *info,
			 const uint8_t *init, size_t init_bytes, struct reason *why)
{
	struct buffer head = {0};

	*writer = SEGMENT_WRITER_NONE;
	writer->info = *info;
	writer->end_wall_us = info->first_wall_us;
	if (!build_head(writer, init, init_bytes, &head)) {
		reason_set(why, "cannot begin a segment: the encoder did not send a valid ftyp and moov");
		goto fail;
	}
	writer->media = create_media(folder, writer);
	if (writer->media < 0) {
		reason_errno(why, "cannot create %s", writer->file);
		goto fail;
	}
	writer->index = create_index(folder, writer);
	if (writer->index < 0 || !write_at(writer->media, head.data, head.length, 0) || !write_index_header(writer) ||
	    !folder_sync(folder)) {
		reason_errno(why, "cannot begin %s", writer->file);
		remove_files(folder, writer);
		goto fail;
	}
	writer->end = writer->head_bytes = head.length;
	writer->system_limit_bytes = file_limit_of_filesystem(writer->media);
	segment_writer_limit(writer, UINT64_MAX);
	buffer_free(&head);
	return true;
fail:
	segment_writer_close(writer);
	buffer_free(&head);
	return false;
}

static bool append_media(struct segment_writer *writer, struct media *item)
{
	struct media_frame *frame = &item->frame;
	uint64_t decode_time = (uint64_t)(frame->wall.us - writer->info.first_wall_us);

	if (!mp4_rewrite_fragment(item->data, &frame->fragment, (uint32_t)writer->frames + 1, decode_time)) {
		errno = EOVERFLOW;
		return false;
	}
	segment_checksum_seal(item->data, item->bytes, &frame->fragment, writer->info.segment_no);
	return write_at(writer->media, item->data, item->bytes, writer->end);
}

static bool append_record(struct segment_writer *writer, const struct media *item)
{
	const struct media_frame *frame = &item->frame;
	struct index_record record = {
		.wall_us = frame->wall.us,
		.offset = writer->end + frame->fragment.data_offset,
		.size = frame->fragment.size,
		.duration_us = frame->fragment.duration,
		.flags = frame->fragment.key ? INDEX_KEY : 0,
	};

	index_record_seal(&record, writer->info.segment_no);
	return write_at(writer->index, &record, sizeof(record), writer->index_end);
}

bool segment_writer_append(struct segment_writer *writer, struct media *frame, struct reason *why)
{
	if (frame->frame.wall.us < writer->info.first_wall_us)
		return reason_set(why, "%s: a frame is older than the beginning of the segment", writer->file);
	if (!append_media(writer, frame) || !append_record(writer, frame)) {
		writer->too_large = errno == EFBIG;
		reason_errno(why, "cannot write %s", writer->file);
		if (ftruncate(writer->media, (off_t)writer->end) < 0 ||
		    ftruncate(writer->index, (off_t)writer->index_end) < 0)
			return false; /* the keeper cuts it later */
		return false;
	}
	writer->end += frame->bytes;
	writer->index_end += INDEX_RECORD_BYTES;
	writer->frames++;
	writer->end_wall_us = frame->frame.wall.us + frame->frame.fragment.duration;
	return true;
}

uint64_t segment_writer_room(const struct segment_writer *writer, uint64_t frames)
{
	uint64_t used = writer->end + writer->head_bytes + MOOV_BYTES + (writer->frames + frames) * FRAME_BYTES;

	return used < writer->limit_bytes ? writer->limit_bytes - used : 0;
}

void segment_writer_limit(struct segment_writer *writer, uint64_t most_bytes)
{
	uint64_t process_bytes = file_limit_of_process();

	writer->limit_bytes = process_bytes < most_bytes ? process_bytes : most_bytes;
	if (writer->system_limit_bytes < writer->limit_bytes)
		writer->limit_bytes = writer->system_limit_bytes;
}

void segment_writer_close(struct segment_writer *writer)
{
	if (writer->media >= 0)
		close(writer->media);
	if (writer->index >= 0)
		close(writer->index);
	writer->media = writer->index = -1;
}
