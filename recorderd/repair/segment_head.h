/*
 * segment_head.h - makes the damaged beginning of a segment anew: everything in front of its fragments. When and in
 * which run it was recorded is known of the list of segments (shared/segment/catalogue.h) or of the header of its
 * index; ftyp and moov are those of another segment in the folder, which fit where its H.264 parameters stand in the
 * first key frame, too.
 */
#ifndef RECORDERD_REPAIR_SEGMENT_HEAD_H
#define RECORDERD_REPAIR_SEGMENT_HEAD_H

#include "shared/base/reason.h"

enum head_outcome {
	HEAD_REBUILT,
	HEAD_UNKNOWN, /* there are whole fragments, or may be some: but not what they were recorded with, or when */
	HEAD_EMPTY,   /* not one whole fragment, and no more bytes than a torn one has */
	HEAD_FOREIGN, /* an MP4 or something else that no recorder made */
	HEAD_FAILED,  /* the disk refused: see why */
};

/* `media`: the file, open for reading and writing. */
enum head_outcome segment_head_rebuild(int folder, const char *file, int media, struct reason *why);

#endif
