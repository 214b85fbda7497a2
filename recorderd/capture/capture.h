/*
 * capture.h - takes frames from a camera into the ring, and never gives up.
 *
 * Opens the camera, watches it, closes it and opens it again; maps capture times to wall time; divides the frames into
 * epochs.
 */
#ifndef RECORDERD_CAPTURE_CAPTURE_H
#define RECORDERD_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/capture/source_select.h"
#include "recorderd/ring/ring_writer.h"
#include "shared/config/config.h"
#include "shared/event/loop.h"
#include "shared/ring/state.h"

struct capture;

struct capture_parts {
	struct loop *loop;
	const struct config *config;
	struct ring_writer *ring;
	const struct other_cameras *others;          /* as for source_open() */
	uint32_t last_epoch;                         /* the newest in the ring; 0: none */
	enum gap_cause first_cause;                  /* of the gap before the first frame; 0: GAP_RECORDER_DOWN */
	enum gap_cause off_cause;                    /* not 0: it is off at first, as with capture_set_off() */
	void (*frame)(void *context);                /* a frame was put into the ring */
	void (*opened)(void *context, unsigned fps); /* a source was opened */
	void (*epoch_ended)(void *context);          /* no frame is coming for now */
	/* The result of capture_set_control(): the value that the driver took, or why it did not. */
	void (*control_set)(void *context, uint32_t ticket, bool ok, int64_t value, const struct reason *why);
	void *context;
};

/*
 * Starts opening at once, unless it is off. Recording is on if the configuration says so. NULL without memory. What `parts` points to
 * must outlive the capture.
 */
struct capture *capture_create(const struct capture_parts *parts);

/* Delivers no more frames, has the source closed and opens no other. Does not wait. */
void capture_stop(struct capture *capture);

/*
 * capture_stop(), and waits at most `timeout_us` for the source to be closed. False if the thread that closes it hangs
 * in a driver: then everything stays, what `parts` points to must stay, and the call can be repeated. NULL is safe.
 */
bool capture_destroy(struct capture *capture, int64_t timeout_us);

/*
 * Sets a control of the open camera, on the device worker's thread. parts.control_set is called later, when the list of
 * devices in the ring has the new value. False and *why if no camera is open.
 */
bool capture_set_control(struct capture *capture, uint32_t ticket, const char *name, const char *value,
			 struct reason *why);

/* Uses the [controls] of `config` from now on, also for the camera that is open. They are copied. */
void capture_set_controls(struct capture *capture, const struct config *config);

/*
 * Closes the camera until it is switched on again, with CAMERA_OFF and a gap of that cause; GAP_NONE switches it on. A
 * driver that is busy opening it is waited for, on its thread: it is closed then.
 */
void capture_set_off(struct capture *capture, enum gap_cause cause);

/* Marks frames from now on with these RING_FRAME_ flags. */
void capture_set_flags(struct capture *capture, uint32_t flags);

/* False if the thread that opens cameras hangs in a driver: no camera will be opened again. */
bool capture_is_alive(const struct capture *capture);

/* Why the camera gives no frames: the cause of the gap so far. GAP_NONE while it does. */
enum gap_cause capture_gap_cause(const struct capture *capture);

/* Fills in what is known of the camera, and zeroes the rest. */
void capture_get_state(const struct capture *capture, struct recorder_state *out);

#endif
