/*
 * encoder_internal.h - what the files of the encoder share: supervision (encoder.c), what goes into the child
 * (encoder_input.c), what comes out of it (encoder_output.c).
 */
#ifndef RECORDERD_ENCODER_INTERNAL_H
#define RECORDERD_ENCODER_INTERNAL_H

#include "recorderd/child.h"
#include "recorderd/encoder.h"
#include "recorderd/feed.h"
#include "recorderd/fragment_stream.h"
#include "recorderd/in_flight.h"

#define BACKOFF_FIRST_US (US_PER_S / 4)

enum encoder_state {
	ENCODER_OFF,      /* recording is off or over, and what came before is recorded */
	ENCODER_IDLE,     /* no run: waits for a frame */
	ENCODER_RUNNING,  /* the child takes frames */
	ENCODER_DRAINING, /* its input is closed: it gives the rest and ends */
	ENCODER_BACKOFF,  /* waits to start the next child */
};

struct encoder {
	struct encoder_parts parts;
	enum encoder_state state;
	struct child child;
	struct loop_watch in, out, err;
	struct loop_timer tick;
	struct feed feed;
	struct fragment_stream stream;
	struct in_flight in_flight;
	unsigned fps;

	bool recording;

	/* The run */
	struct ring_meta first; /* of its first frame */
	enum gap_cause cause;   /* why it began */
	bool fed;               /* its first frame is on the way */
	bool announced;         /* storage knows of it */
	uint32_t last_duration_us;
	uint64_t end_after; /* it, or one after it, ends behind this seq; UINT64_MAX: open */

	/* The next run */
	enum gap_cause next_cause; /* GAP_NONE: as its stretch says */
	uint32_t last_stretch;     /* a run in this stretch continues the last one; 0: none does */
	bool found_start;
	bool began; /* there was a run */

	/* Supervision */
	mono_t progress_at, retry_at, drain_by;
	int64_t backoff_us;
	uint64_t died_on;
	unsigned deaths;
	struct encoder_status status;
	char error_line[200];
	void (*drained)(void *context);
	void *drained_context;
};

/* encoder.c: the child is gone before its time, or of no use; the next one begins with the first frame that did not
 * come back. */
void encoder_fail(struct encoder *encoder, const char *what);

/* encoder.c: lets go of the child and of what was on its way. */
void encoder_forget_child(struct encoder *encoder);

/* encoder_input.c: from ENCODER_OFF on with the next frame that comes. */
void encoder_leave_off(struct encoder *encoder);

/* encoder_output.c: watches what the child gives and says. */
bool encoder_watch_output(struct encoder *encoder);

/* encoder_output.c: tells storage that the run is over. */
void encoder_end_segment(struct encoder *encoder);

#endif
