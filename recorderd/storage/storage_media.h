/* storage_media.h - what the encoder made, on its way through the queue of storage.h into segments. */
#ifndef RECORDERD_STORAGE_STORAGE_MEDIA_H
#define RECORDERD_STORAGE_STORAGE_MEDIA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shared/base/clock.h"
#include "shared/media/mp4_box.h"
#include "shared/ring/state.h"
#include "shared/segment/segment.h"

enum media_kind {
	MEDIA_RUN,   /* a run begins: data is its ftyp + moov */
	MEDIA_FRAME, /* data is moof + mdat */
	MEDIA_END,   /* the run has ended */
};

struct media_run {
	enum gap_cause gap_cause; /* why the run began */
	enum frame_source source;
	struct mp4_init track; /* without .entry */
};

struct media_frame {
	wall_t wall;
	mono_t mono;
	struct mp4_fragment fragment;
	uint32_t moof_bytes;
};

struct media {
	STAILQ_ENTRY(media) next;
	enum media_kind kind;
	struct media_run run;
	struct media_frame frame;
	size_t bytes;
	uint8_t data[];
};

#endif
