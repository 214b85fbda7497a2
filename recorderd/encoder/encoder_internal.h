/*
 * encoder_internal.h - what the files of the encoder share: supervision (encoder.c), what goes into the child
 * (encoder_input.c), what comes out of it (encoder_output.c), what should and does not (encoder_pictures.c), and the
 * child's end (encoder_child.c). Each calls those that stand behind it in this list, and none before it.
 */
#ifndef RECORDERD_ENCODER_ENCODER_INTERNAL_H
#define RECORDERD_ENCODER_ENCODER_INTERNAL_H

#include "recorderd/encoder/encoder.h"
#include "recorderd/encoder/fragment_parser.h"
#include "recorderd/encoder/in_flight.h"
#include "recorderd/encoder/ring_feed.h"
#include "shared/event/subprocess.h"

#define BACKOFF_FIRST_US          (US_PER_S / 4)
#define UNDECODABLE_FIRST_US      (5 * US_PER_S)
#define ENCODER_DELAY_FRAMES_MAX  60 /* given and not come back: more than any encoder keeps */
#define ENCODER_FRAME_CRASHES_MAX 3  /* on the same frame, after which that frame is left out */

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
	struct subprocess child;
	struct sandbox *sandbox; /* of each child; owned */
	struct loop_watch in, out, err;
	struct loop_timer tick;
	struct feed feed;
	struct fragment_parser stream;
	struct in_flight in_flight;
	unsigned fps;

	bool recording;

	/* The run */
	struct ring_meta first; /* of its first frame */
	enum gap_cause cause;   /* why it began */
	uint64_t first_seq;     /* of its first frame */
	bool fed;               /* that one is on the way */
	bool gave_any;          /* frames have come back */
	bool announced;         /* storage knows of it */
	bool ends_at_hole;      /* the frame that is being taken is the last before a hole */
	bool output_over;       /* the child has given all that it gives, and its end is waited for */
	bool undecodable_run;   /* it was ended since it gave nothing */
	uint32_t last_duration_us;
	uint64_t end_after; /* it, or one after it, ends behind this seq; UINT64_MAX: open */

	/* The next run */
	enum gap_cause next_cause; /* GAP_NONE: as its stretch says */
	uint32_t last_epoch;       /* a run in this stretch continues the last one; 0: none does */
	bool swallowed_last;       /* but not without a gap: the last frames of that one are lost */
	uint64_t again;            /* the run begins again with this seq; 0: no */
	unsigned run_restarts;     /* so often since frames were recorded */
	bool found_start;
	bool began; /* there was a run */

	/* Supervision */
	mono_t progress_at, retry_at, drain_by;
	mono_t gave_at; /* the last time that a frame came back, or nothing stood in its way */
	int64_t backoff_us, undecodable_wait_us;
	uint64_t died_on;
	unsigned deaths;
	struct encoder_status status;
	char error_line[200];
	void (*drained)(void *context);
	void *drained_context;
};

/* encoder_child.c: the child is gone before its time, or of no use; the next one begins with the first frame that did
 * not come back. */
void encoder_fail(struct encoder *encoder, const char *what);

/* encoder_child.c: lets go of the child and of what was on its way. */
void encoder_close_child(struct encoder *encoder);

/* encoder_child.c: tells storage that the run is over. */
void encoder_end_segment(struct encoder *encoder);

/* encoder_child.c: has the next round (encoder.c), which looks whether there is something to encode, begin at once:
 * after what the loop has to do now. */
void encoder_wake(struct encoder *encoder);

/* The disk is behind: nothing is read from the child until it has caught up. */
static inline bool encoder_is_blocked_by_disk(const struct encoder *encoder)
{
	return encoder->out.events == 0 && encoder->child.out >= 0;
}

/* encoder_input.c: from ENCODER_OFF on with the next frame that comes. */
void encoder_resume(struct encoder *encoder);

/* encoder_input.c: the run is over; the child gives what it still has, and ends. */
void encoder_close_input(struct encoder *encoder);

/* encoder_output.c: the child has ended, or is about to, after its input was closed. */
void encoder_finish_drain(struct encoder *encoder);

/* encoder_output.c: watches what the child gives and says. */
bool encoder_watch_output(struct encoder *encoder);

/* encoder_pictures.c: the first frame that came back is not the first that was given, so that nothing that comes after
 * it is of use. True: encoder_restart_run() is due. */
bool encoder_lost_first_frame(struct encoder *encoder, const struct in_flight_frame *frame);

/* encoder_pictures.c: begins the run again with the frame that came back first. */
void encoder_restart_run(struct encoder *encoder);

/*
 * encoder_pictures.c: how long a frame lasts that came back with that duration: not over a hole of frames that did not
 * come back. Where there is one, encoder_split_at_gap() ends the segment once the frame is with storage.
 */
uint32_t encoder_cut_at_gap(struct encoder *encoder, const struct in_flight_frame *frame, uint32_t duration_us);
void encoder_split_at_gap(struct encoder *encoder);

/* encoder_pictures.c: closes the input of a child that has read all of it. What one has not read that fails, it did not
 * fail over. */
void encoder_close_input_when_read(struct encoder *encoder);

/* encoder_pictures.c: true where the child takes frames, and for too long nothing came back. */
bool encoder_cannot_decode(struct encoder *encoder, int64_t now_us);

/*
 * encoder_pictures.c: how the child ended that has frames in flight and whose output is over. Where they are no
 * pictures they are counted as lost, none is in flight any more, and it has ended well.
 */
enum subprocess_exit encoder_classify_exit(struct encoder *encoder);

#endif
