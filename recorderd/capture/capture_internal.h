/*
 * capture_internal.h - what the files of capture share.
 *
 * Results of the device worker (capture_results.c) and frames on their way into the ring (capture_frames.c) report
 * events to the state machine (capture_phases.c) through `handle_event`. capture.c starts and stops all of it.
 */
#ifndef RECORDERD_CAPTURE_CAPTURE_INTERNAL_H
#define RECORDERD_CAPTURE_CAPTURE_INTERNAL_H

#include "recorderd/capture/bandwidth.h"
#include "recorderd/capture/capture.h"
#include "recorderd/capture/clock_map.h"
#include "recorderd/capture/device_watch.h"
#include "recorderd/capture/device_worker.h"
#include "recorderd/capture/frame_rate.h"
#include "recorderd/capture/frame_rewriter.h"
#include "recorderd/capture/frame_timeout.h"
#include "recorderd/source/damage_share.h"
#include "recorderd/source/source.h"
#include "shared/base/backoff.h"

#define RETRY_MIN_US           (US_PER_S / 5)
#define RETRY_MAX_US           (2 * US_PER_S)
#define PREFERRED_RETRY_MIN_US (2 * US_PER_S) /* between looks for the configured camera while a fallback is used */
#define PREFERRED_RETRY_MAX_US (60 * US_PER_S)

enum phase {
	PHASE_WAITING,     /* to open again */
	PHASE_OPENING,     /* the device worker is at it */
	PHASE_FIRST_FRAME, /* open, and no frame yet */
	PHASE_STREAMING,
	PHASE_OFF, /* nothing is open, and the device worker is not at it */
	PHASES,
};

enum event {
	EVENT_OPENED,
	EVENT_OPEN_FAILED,
	EVENT_FRAME,
	EVENT_UNPLUGGED,
	EVENT_FAILED, /* an error that opening again may cure */
	EVENT_RESIZED,
	EVENT_TORN,     /* most frames are torn, and another camera is on the USB bus */
	EVENT_BUS_FREE, /* that other camera is gone */
	EVENT_DEADLINE,
	EVENT_DEVICES_CHANGED, /* a video device has appeared in /dev or disappeared */
	EVENT_SWITCHED_OFF,
	EVENT_SWITCHED_ON,
	EVENT_PREFERRED_BACK, /* the configured camera can be opened while a fallback is used */
	EVENTS,
};

struct capture {
	struct capture_parts parts;
	enum phase phase;
	void (*handle_event)(struct capture *capture, enum event event); /* capture_phases.c */
	struct device_worker *worker;
	struct loop_watch worker_results, device;
	struct device_watch device_watch;
	struct loop_timer deadline, preferred_timer;
	struct source *source;
	struct frame_rewriter *rewriter; /* NULL: frames are kept as they come */
	struct loop_watch rewritten;     /* frames that come out of it */
	struct reason open_error;        /* of the last attempt to open */
	struct backoff retry, preferred_retry;
	mono_t opened_at;
	bool on_fallback; /* the open source is not the configured one */
	bool no_frames;   /* the last source that was opened gave no frame */
	bool torn;        /* report EVENT_TORN after this read */
	struct bandwidth bandwidth;
	struct frame_timeout frame_timeout;
	bool slow_logged;
	bool stopping;
	uint32_t flags;           /* of new frames */
	enum gap_cause off_cause; /* why it is to be closed; GAP_NONE: it is to be open */

	/* The epoch */
	struct clock_map clock;
	uint32_t epoch;
	enum gap_cause next_cause;
	bool epoch_open;
	uint16_t width, height;
	mono_t last_captured; /* capture time of the newest frame in the ring */

	struct frame_rate rate;
	struct damage_share damage;
	struct recorder_state state; /* what is published of the camera */
	mono_t damage_log_due;
	bool open_error_logged;
};

/* capture_phases.c: what an event means in this phase. */
void capture_handle_event(struct capture *capture, enum event event);

/* capture_phases.c: has the device worker open a source. */
void capture_start_opening(struct capture *capture);

/* capture_phases.c: nothing is open, and nothing will be opened. */
void capture_go_off(struct capture *capture);

/* capture_phases.c: closes the source, if there is one. `cause` is that of the gap which then begins. */
void capture_drop_source(struct capture *capture, enum gap_cause cause);

/* capture_phases.c: called by the timer while a fallback is used. */
void capture_check_preferred(void *context);

/* capture_results.c: says in which lower mode the open camera is, and why. */
void capture_note_bandwidth(struct capture *capture);

/* capture_results.c: called by the event loop when the device worker has results. */
void capture_results_ready(void *context, uint32_t events);

/* capture_frames.c: where a source delivers its frames. What has to be turned or masked goes through `rewriter` first. */
struct source_sink capture_sink(struct capture *capture);

/* capture_frames.c: called by the event loop when a frame has been rewritten. */
void capture_frame_rewritten(void *context, uint32_t events);

#endif
