/*
 * encoder_internal.h - shared by the files of the encoder: supervision (encoder.c), the child's input
 * (encoder_input.c), its output (encoder_output.c), frames that do not come back (encoder_pictures.c), what storage gets
 * (encoder_store.c), the child's end (encoder_child.c), and which encoder FFmpeg uses (encoder_choice.c). Each file calls only those that follow it in
 * this list.
 */
#ifndef RECORDERD_ENCODER_ENCODER_INTERNAL_H
#define RECORDERD_ENCODER_ENCODER_INTERNAL_H

#include "recorderd/encoder/encoder.h"
#include "recorderd/encoder/in_flight.h"
#include "recorderd/encoder/ring_feed.h"
#include "recorderd/ffmpeg/ffmpeg_errors.h"
#include "recorderd/ffmpeg/fragment_parser.h"
#include "recorderd/probe/encoder_trial.h"
#include "shared/base/backoff.h"
#include "shared/event/subprocess.h"

#define ENCODER_DELAY_FRAMES_MAX  60 /* no encoder holds back more frames than this */
#define ENCODER_FRAME_CRASHES_MAX 3  /* a frame on which the child died so often is skipped */

enum encoder_state {
	ENCODER_OFF,      /* recording is off or over, and everything before that is recorded */
	ENCODER_IDLE,     /* between runs: waits for a frame */
	ENCODER_RUNNING,  /* the child takes frames */
	ENCODER_DRAINING, /* its input is being closed: it gives the last frames and exits */
	ENCODER_BACKOFF,  /* waits before it starts the next child */
};

/* With record.encoder = auto, the encoder changes between runs; otherwise it is that one. */
struct encoder_choice {
	bool automatic;
	const char *of_run;          /* of the present run, or of the last one */
	const char *next;            /* of the next run */
	struct encoder_trial *trial; /* of the hardware encoders; NULL: none is under way */
	mono_t trial_at;             /* not before that */
	struct backoff backoff;      /* from one trial to the next */
	bool logged;                 /* that no hardware encoder works */
};

/* Shown live, but not passed to storage, whose queue was full. */
struct unstored_frames {
	uint64_t from;        /* the seq of the first of them; 0: none */
	uint32_t epoch;       /* of that frame */
	enum gap_cause cause; /* of the gap before it */
};

struct encoder {
	struct encoder_parts parts;
	enum encoder_state state;
	struct subprocess child;
	struct sandbox *sandbox; /* of each child; owned */
	struct encoder_choice choice;
	struct loop_watch in, out, err;
	struct loop_timer tick;
	struct ring_feed feed;
	struct fragment_parser parser;
	struct in_flight in_flight;
	unsigned fps;       /* of the camera, nominal */
	const char *preset; /* of the next run */
	bool recording;
	bool stamps;              /* record.stamp, unless FFmpeg cannot draw it */
	enum gap_cause off_cause; /* why it was switched off last */

	/* The present run */
	struct ring_meta first; /* of its first frame */
	uint64_t first_seq;     /* of its first frame */
	enum gap_cause cause;   /* of the gap before it, or before what is left of it */
	bool fed_first;         /* its first frame was fed, at least in part */
	bool has_given_frame;   /* a frame has come back */
	bool announced;         /* storage was told of the run */
	bool ends_at_gap;       /* the frame that is being passed on is the last one before a gap */
	bool output_closed;     /* the child has closed its output; its exit is awaited */
	bool undecodable_run;   /* the child was ended because it gave no frames */
	uint32_t last_duration_us;
	int64_t last_second;         /* of the wall clock, of the last frame that came back */
	unsigned missing_key_frames; /* seconds in a row that did not begin with a key frame */
	uint64_t end_after;          /* the seq of its last frame; UINT64_MAX: open */

	bool gives_live; /* its last fragment was new enough to be shown live */
	struct unstored_frames unstored;

	/* The next run */
	enum gap_cause next_cause; /* of the gap before it; GAP_NONE: as its frame says */
	uint32_t last_epoch;       /* a run in the same epoch continues the last one; 0: none does */
	bool lost_end;             /* but the last frames of the last run were lost */
	uint64_t restart_seq;      /* the run is to be restarted with this frame; 0: no */
	unsigned run_restarts;     /* since a frame was recorded */
	bool positioned;           /* feed.next is known: the archive has said where recording continues */
	bool had_run;              /* there was a run before */

	/* Supervision */
	mono_t progress_at;                 /* the child last took or gave something */
	mono_t output_at;                   /* a frame last came back, or could not because of us */
	mono_t retry_at, drain_deadline;    /* in ENCODER_BACKOFF and ENCODER_DRAINING */
	struct backoff backoff;             /* from one death to the next child */
	struct backoff undecodable_backoff; /* how long a child may give no frames */
	bool slow_logged;                   /* that this machine is too slow */
	bool key_frames_logged;             /* that the encoder places them as it likes */
	uint64_t crashed_on;                /* the child last died on this frame, */
	unsigned crashes;                   /* so many times in a row */
	struct encoder_status status;
	struct ffmpeg_errors errors; /* of the child */
	void (*drained)(void *context);
	void *drained_context;
};

/*
 * encoder_child.c: the child has died too early or is useless. Gets rid of it; the next one begins with the first frame
 * that did not come back.
 */
void encoder_fail(struct encoder *encoder, const char *what);

/*
 * encoder_choice.c: begins with the encoder in software if it is to choose, and opens the sandbox. Returns false if
 * memory runs out.
 */
bool encoder_choice_open(struct encoder *encoder);
void encoder_choice_close(struct encoder *encoder);

/* encoder_choice.c: to be called when a run begins. Returns false and sets *why if it cannot. */
bool encoder_choice_begin_run(struct encoder *encoder, struct reason *why);

/*
 * encoder_choice.c: tries the hardware encoders while the one in software records, now and then. If one works, the run
 * ends after the frame that is being fed, and the next one continues it with that encoder.
 */
void encoder_choice_update(struct encoder *encoder);

/* encoder_choice.c: the run failed. If that was a hardware encoder that had been chosen, the next run has none. */
void encoder_choice_note_failure(struct encoder *encoder);

/* encoder_child.c: reads what the child has written to stderr. */
void encoder_read_errors(struct encoder *encoder);

/* encoder_child.c: ends the child and drops everything that it was being given. */
void encoder_close_child(struct encoder *encoder);

/* encoder_child.c: tells storage that the run is over. */
void encoder_end_segment(struct encoder *encoder);

/*
 * encoder_store.c: passes the fragment of frame `seq` to storage and takes ownership of it. Nothing must be read from
 * the child while encoder_must_wait_for_disk().
 */
void encoder_store(struct encoder *encoder, struct media *media, uint64_t seq);
bool encoder_must_wait_for_disk(struct encoder *encoder);

/*
 * encoder_store.c: if frames were shown live and not stored, and storage has room again: ends the child, and has the
 * next run begin with the first of these frames.
 */
void encoder_store_the_rest(struct encoder *encoder);

/* encoder_child.c: has encoder.c look for work as soon as the loop has finished what it is doing. */
void encoder_wake(struct encoder *encoder);

/* Storage is full, and nothing is read from the child until it has room again. */
static inline bool encoder_is_blocked_by_disk(const struct encoder *encoder)
{
	return encoder->out.events == 0 && encoder->child.out >= 0;
}

/* encoder_input.c: leaves ENCODER_OFF, and records from the next frame on that comes. */
void encoder_resume(struct encoder *encoder);

/* encoder_input.c: ends the run; the child gives the last frames and exits. */
void encoder_close_input(struct encoder *encoder);

/* encoder_output.c: to be called when the output of a child whose input was closed has ended. */
void encoder_finish_drain(struct encoder *encoder);

/* encoder_output.c: begins to read the child's stdout and stderr. */
bool encoder_watch_output(struct encoder *encoder);

/*
 * encoder_pictures.c: true if `frame`, which came back first, is not the first one that was fed. The child's key frames
 * are then in the wrong places, and encoder_restart_run() must be called.
 */
bool encoder_lost_first_frame(struct encoder *encoder, const struct in_flight_frame *frame);

/* encoder_pictures.c: restarts the run with the frame that came back first. */
void encoder_restart_run(struct encoder *encoder);

/*
 * encoder_pictures.c: the duration to record for a frame that FFmpeg gave duration_us: not longer than until the next
 * frame that was fed, if enough frames did not come back to make a gap. encoder_split_at_gap() then ends the segment,
 * once the frame has been passed to storage.
 */
uint32_t encoder_cut_at_gap(struct encoder *encoder, const struct in_flight_frame *frame, uint32_t duration_us);
void encoder_split_at_gap(struct encoder *encoder);

/*
 * encoder_pictures.c: closes the child's input once it has read all of it, so that frames it never saw are not blamed.
 */
void encoder_close_input_when_read(struct encoder *encoder);

/* encoder_pictures.c: true if the child has been taking frames and giving none for too long. */
bool encoder_cannot_decode(struct encoder *encoder, int64_t now_us);

/*
 * encoder_pictures.c: how the child ended, whose output is closed while frames are in flight. If those cannot be
 * decoded they are counted as lost, none is left in flight, and the result is SUBPROCESS_SUCCEEDED.
 */
enum subprocess_exit encoder_classify_exit(struct encoder *encoder);

#endif
