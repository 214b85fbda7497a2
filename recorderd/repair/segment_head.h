/*
 * segment_head.h - rebuilds the damaged beginning of a segment: everything before its fragments.
 *
 * The list of segments (shared/segment/catalogue.h) or the header of the segment's index says when it was recorded and
 * in which run. ftyp and moov are copied from another segment in the folder, the donor. They fit if the donor's H.264
 * parameters are also at the beginning of this segment's first key frame.
 */
#ifndef RECORDERD_REPAIR_SEGMENT_HEAD_H
#define RECORDERD_REPAIR_SEGMENT_HEAD_H

#include "shared/base/reason.h"

enum head_outcome {
	HEAD_REBUILT,
	HEAD_UNKNOWN, /* there are or may be whole fragments, but nobody knows when and how they were recorded */
	HEAD_EMPTY,   /* not one whole fragment, and no more bytes than a torn one has */
	HEAD_FOREIGN, /* an MP4 or another file that no recorder wrote */
	HEAD_FAILED,  /* the disk refused; *why says why */
};

/* `media`: the file, open for reading and writing. */
enum head_outcome segment_head_rebuild(int folder, const char *file, int media, struct reason *why);

#endif
