/*
 * motion_writer.h - which segment a motion record belongs to, and the .motion files of the newest segments.
 *
 * A second belongs to the segment that holds its first frame. Its record comes from recorder-motion and its frames come
 * through the encoder, so either can be late: a record waits until a frame that was captured after the record came is
 * on the disk, and a segment that has ended still takes the record of its last second. A second of which no frame was
 * recorded has no record.
 *
 * The file is created with its first record. If it cannot be written, only records are lost. Format:
 * shared/motion/motion_record.h.
 */
#ifndef RECORDERD_STORAGE_MOTION_WRITER_H
#define RECORDERD_STORAGE_MOTION_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/archive/archive.h"
#include "shared/base/clock.h"
#include "shared/motion/motion_record.h"
#include "shared/segment/segment.h"

#define MOTION_SEGMENTS 4

struct motion_segment {
	uint64_t segment_no;
	int64_t first_wall_us;
	char file[SEGMENT_FILE_BYTES];
	bool began, ended;                /* has a frame; will get no more */
	int64_t first_second, end_second; /* [first_second, end_second) have their first frames in it */
	int64_t first_mono_us;            /* capture time of its first frame */
	int64_t newest_second;            /* of its records */
	int folder, fd;                   /* descriptors; fd is -1 until the file is created */
	uint64_t end;                     /* of the last whole record */
};

struct motion_writer {
	struct archive *archive;
	struct motion_segment segments[MOTION_SEGMENTS]; /* the newest first */
	size_t count;
	int64_t newest_mono_us; /* capture time of the newest frame on the disk */
	bool failing;           /* the last record could not be written */
};

/* A segment was created in `folder`, which is duplicated. */
void motion_writer_begin(struct motion_writer *writer, int folder, const struct segment_info *info, const char *file);

/* A frame of that time is on the disk, in the newest segment. */
void motion_writer_grew(struct motion_writer *writer, wall_t wall, mono_t mono);

/* The newest segment has ended. */
void motion_writer_end(struct motion_writer *writer);

enum motion_place { MOTION_WAIT, MOTION_WRITE, MOTION_NOWHERE };

/*
 * What is to be done with the record of a second that came at that time. For MOTION_WRITE, *segment gets the number of
 * its segment.
 */
enum motion_place motion_writer_place(const struct motion_writer *writer, int64_t second, mono_t came, size_t *segment);

/* Appends a record to the file of that segment. */
void motion_writer_put(struct motion_writer *writer, size_t segment, const struct motion_record *record);

/* Closes the files of ended segments whose last records have come, since one of `second` has come and none waits. */
void motion_writer_settle(struct motion_writer *writer, int64_t second);

/* No more frames will come. */
void motion_writer_complete(struct motion_writer *writer);

/* Closes all files. */
void motion_writer_close(struct motion_writer *writer);

#endif
