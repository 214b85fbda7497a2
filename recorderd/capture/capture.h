/*
 * capture.h - from a camera to the ring, and never giving up: opens, watches, closes and opens again; maps capture
 * times to wall time; tells one stretch of frames from the next.
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
	const struct source_others *others;          /* source_open() */
	uint32_t last_epoch;                         /* the newest that the ring holds; 0: none */
	void (*frame)(void *context);                /* a frame was put into the ring */
	void (*opened)(void *context, unsigned fps); /* a source was opened */
	void (*epoch_ended)(void *context);          /* none will come for now */
	/* What came of capture_set_control(): the value that the driver took, or why not */
	void (*adjusted)(void *context, uint32_t ticket, bool good, int64_t value, const struct reason *why);
	void *context;
};

/* Starts opening at once. Recording is on if the configuration says so. NULL without memory. `parts` outlive it. */
struct capture *capture_create(const struct capture_parts *parts);

/* No frame comes any more; the source is closed meanwhile, and none is opened. Waits for nothing. */
void capture_stop(struct capture *capture);

/*
 * capture_stop(), and waits so long until the source is closed. False where the thread that does it hangs in a driver:
 * then all stays, and must, what `parts` named, and it may be asked again. NULL is safe.
 */
bool capture_destroy(struct capture *capture, int64_t timeout_us);

/*
 * Sets a control of the camera that serves, on the opener's thread; parts.adjusted is told later, once the ring's list
 * of devices has the new value. False, with the reason, where no camera is open.
 */
bool capture_set_control(struct capture *capture, uint32_t ticket, const char *name, const char *value,
			 struct reason *why);

/* Has the [controls] of `config` count from now on, also for the camera that serves. They are copied. */
void capture_set_controls(struct capture *capture, const struct config *config);

/* Whether the frames that come from now on are to be recorded: those that are not bear RING_FRAME_RECORDING_OFF. */
void capture_set_recording(struct capture *capture, bool on);

/* False where the thread that opens cameras hangs in a driver: no camera will be opened again. */
bool capture_is_alive(const struct capture *capture);

/* Fills what is known of the camera. */
void capture_get_state(const struct capture *capture, struct recorder_state *out);

#endif
