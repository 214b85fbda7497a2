/* motion_writer.c - appends motion records to the .motion files of the newest segments. */
#include "recorderd/storage/motion_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/base/log.h"

#define LAST_US      (2 * US_PER_S) /* a record that comes so long after the last frame is of that frame's second */
#define LATE_SECONDS 20             /* frames of so much later than the end of a segment: no record of it will come */

static void close_file(struct motion_writer *writer, struct motion_segment *segment)
{
	if (segment->fd >= 0)
		close(segment->fd);
	if (segment->folder >= 0)
		close(segment->folder);
	segment->fd = segment->folder = -1;
	archive_motion_settled(writer->archive, segment->file, segment->end);
}

void motion_writer_begin(struct motion_writer *writer, int folder, const struct segment_info *info, const char *file)
{
	struct motion_segment *segments = writer->segments;

	motion_writer_end(writer);
	if (writer->count == MOTION_SEGMENTS)
		close_file(writer, &segments[--writer->count]);
	memmove(segments + 1, segments, writer->count * sizeof(*segments));
	writer->count++;
	segments[0] = (struct motion_segment){
		.segment_no = info->segment_no,
		.first_wall_us = info->first_wall_us,
		.first_mono_us = info->first_mono_us,
		.folder = fcntl(folder, F_DUPFD_CLOEXEC, 0),
		.fd = -1,
	};
	memcpy(segments[0].file, file, sizeof(segments[0].file));
}

void motion_writer_grew(struct motion_writer *writer, wall_t wall, mono_t mono)
{
	struct motion_segment *newest = &writer->segments[0];
	int64_t second = wall.us / US_PER_S;

	if (writer->count == 0)
		return;
	writer->newest_mono_us = mono.us;
	if (!newest->began) {
		/* The second may have begun in the segment before. */
		bool shared = writer->count > 1 && newest[1].began && newest[1].end_second == second + 1;
		newest->began = true;
		newest->first_second = newest->end_second = second + (shared ? 1 : 0);
	}
	if (second >= newest->end_second)
		newest->end_second = second + 1;
}

void motion_writer_end(struct motion_writer *writer)
{
	if (writer->count)
		writer->segments[0].ended = true;
}

enum motion_place motion_writer_place(const struct motion_writer *writer, int64_t second, mono_t came, size_t *segment)
{
	bool complete = writer->newest_mono_us >= came.us; /* all frames of that second are on the disk */
	bool last = writer->count && writer->segments[0].ended && came.us - writer->newest_mono_us <= LAST_US;

	/* If the clock was set back, several have it, and the newest one counts. */
	for (size_t i = 0; i < writer->count; i++) {
		const struct motion_segment *candidate = &writer->segments[i];

		if (second < candidate->first_second || second >= candidate->end_second ||
		    candidate->first_mono_us > came.us)
			continue;
		*segment = i;
		return complete || last ? MOTION_WRITE : MOTION_WAIT;
	}
	return complete ? MOTION_NOWHERE : MOTION_WAIT;
}

static bool create_file(struct motion_writer *writer, struct motion_segment *segment)
{
	struct motion_header header;
	char name[SEGMENT_FILE_BYTES];

	if (!motion_file_name(segment->file, name, sizeof(name))) {
		errno = ENAMETOOLONG;
		return false;
	}
	int fd = openat(segment->folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return false;
	motion_header_init(&header, segment->segment_no);
	header.first_wall_us = segment->first_wall_us;
	motion_header_seal(&header);
	if (!write_at(fd, &header, sizeof(header), 0)) {
		int error = errno;
		close(fd);
		unlinkat(segment->folder, name, 0);
		errno = error;
		return false;
	}
	segment->fd = fd;
	segment->end = sizeof(header);
	if (!segment->ended)
		archive_motion_opened(writer->archive, fd);
	return true;
}

static bool append(struct motion_writer *writer, struct motion_segment *segment, const struct motion_record *record)
{
	struct motion_record sealed = *record;

	if (segment->fd < 0 && !create_file(writer, segment))
		return false;
	motion_record_seal(&sealed, segment->segment_no);
	if (!write_at(segment->fd, &sealed, sizeof(sealed), segment->end)) {
		int error = errno;
		if (ftruncate(segment->fd, (off_t)segment->end) < 0)
			log_debug("storage", "cannot cut the .motion file of %s: %s", segment->file, strerror(errno));
		errno = error;
		return false;
	}
	segment->end += sizeof(sealed);
	segment->newest_second = record->second;
	return true;
}

void motion_writer_put(struct motion_writer *writer, size_t segment, const struct motion_record *record)
{
	struct motion_segment *into = &writer->segments[segment];

	if (into->fd >= 0 && record->second < into->newest_second)
		return; /* the file is in the order of its seconds */
	bool good = append(writer, into, record);
	if (!good && !writer->failing)
		log_warn("storage", "cannot write what moved beside %s: %s. Recording continues.", into->file,
			 strerror(errno));
	else if (good && writer->failing)
		log_info("storage", "what moves is written again");
	writer->failing = !good;
}

void motion_writer_settle(struct motion_writer *writer, int64_t second)
{
	int64_t newest_end = writer->count && writer->segments[0].began ? writer->segments[0].end_second : INT64_MIN;
	size_t remaining = 0;

	for (size_t i = 0; i < writer->count; i++) {
		struct motion_segment *segment = &writer->segments[i];
		bool late = newest_end > segment->end_second + LATE_SECONDS;

		if (segment->ended && (!segment->began || second >= segment->end_second || late))
			close_file(writer, segment);
		else
			writer->segments[remaining++] = *segment;
	}
	writer->count = remaining;
}

void motion_writer_complete(struct motion_writer *writer)
{
	writer->newest_mono_us = INT64_MAX;
}

void motion_writer_close(struct motion_writer *writer)
{
	while (writer->count)
		close_file(writer, &writer->segments[--writer->count]);
}
