/*
 * capture_internal.h - what the files of capture share: phases and events (capture.c), the opener's answers
 * (capture_results.c), and frames on their way into the ring (capture_frames.c). The latter two report events through
 * `happen`, and call nothing of capture.c.
 */
#ifndef RECORDERD_CAPTURE_CAPTURE_INTERNAL_H
#define RECORDERD_CAPTURE_CAPTURE_INTERNAL_H

#include "recorderd/capture/capture.h"
#include "recorderd/capture/clock_map.h"
#include "recorderd/capture/device_watch.h"
#include "recorderd/capture/device_worker.h"
#include "recorderd/capture/frame_rate.h"
#include "recorderd/source/source.h"

enum phase { PHASE_WAITING, PHASE_OPENING, PHASE_FIRST_FRAME, PHASE_STREAMING, PHASES };

enum event {
	EVENT_OPENED,
	EVENT_OPEN_FAILED, /* it could not be opened */
	EVENT_FRAME,
	EVENT_UNPLUGGED, /* unplugged */
	EVENT_FAILED,    /* an error that opening again may heal */
	EVENT_RESIZED,
	EVENT_DEADLINE,        /* the deadline */
	EVENT_DEVICES_CHANGED, /* something came or went in /dev */
	EVENT_PREFERRED_BACK,  /* the configured camera is back while a stand-in serves */
	EVENTS,
};

struct capture {
	struct capture_parts parts;
	enum phase phase;
	void (*happen)(struct capture *capture, enum event event); /* capture.c: by the table of phases */
	struct device_worker *opener;
	struct loop_watch opened, device;
	struct device_watch devices;
	struct loop_timer deadline, better;
	struct source *source;
	struct reason said; /* by the last attempt to open */
	int64_t retry_us, preferred_retry_us;
	mono_t opened_at;
	bool looking;     /* for it: the next list says whether it is back */
	bool on_fallback; /* not the camera that the configuration means */
	bool no_frames;   /* what was opened last gave no frame */
	bool stopping;
	bool recording;

	/* The stretch */
	struct clock_map clock;
	uint32_t epoch;
	enum gap_cause next_cause;
	bool stretch_open;
	uint16_t width, height;
	mono_t last_frame;

	struct frame_rate rate;
	struct recorder_state status;
	mono_t damage_log_due;
	bool refusal_logged;
};

/* capture_results.c: for the loop, when device_worker_fd() is readable. */
void capture_results_ready(void *context, uint32_t events);

/* capture_frames.c: where a source delivers to. */
struct source_sink capture_sink(struct capture *capture);

#endif
