/*
 * device_worker.h - the thread that opens, closes, lists and adjusts cameras, since those calls can take seconds.
 *
 * It does one job at a time, in the order given. The event loop fetches each result when device_worker_fd() is
 * readable.
 *
 * While a camera is open, the thread also checks by itself, a second after they were set, that the [controls] hold, and
 * sets them again if they do not (JOB_CONTROLS_CHECKED tells the end of that); and every 10 s whether the camera has
 * changed a control (JOB_LISTED if it has).
 */
#ifndef RECORDERD_CAPTURE_DEVICE_WORKER_H
#define RECORDERD_CAPTURE_DEVICE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/capture/device_link.h"
#include "recorderd/capture/source_select.h"
#include "recorderd/v4l2/device.h"

struct device_worker;

/* `others` as for source_open(); they must outlive the worker. `config` is copied. NULL without memory or a thread. */
struct device_worker *device_worker_create(const struct config *config, const struct other_cameras *others);

/* The thread closes what is open, and what it is just opening, and ends. There are no more results. Does not wait. */
void device_worker_stop(struct device_worker *worker);

/*
 * device_worker_stop(), and waits at most `timeout_us` for the thread to end. False if it hangs in a driver: then
 * everything that it uses stays, and the call can be repeated. NULL is safe.
 */
bool device_worker_destroy(struct device_worker *worker, int64_t timeout_us);

int device_worker_fd(const struct device_worker *worker);

/* Queues a job: open a source, `steps_down` modes below the requested one (source_v4l2.h). One result, JOB_OPENED. */
void device_worker_open(struct device_worker *worker, unsigned steps_down);

/* Queues a job: list the devices. One result, JOB_LISTED. */
void device_worker_list(struct device_worker *worker);

/*
 * Queues a job: see whether the configured device could be opened (source_select.h). One result,
 * JOB_CONFIGURED_CHECKED.
 */
void device_worker_check_configured(struct device_worker *worker);

/*
 * Queues a job: set a control (v4l2_controls.h) of the camera that is open by then, and list the devices, so that the
 * list has the new value. One result, with that ticket. The texts are copied.
 */
void device_worker_set_control(struct device_worker *worker, uint32_t ticket, const char *name, const char *value);

/*
 * Queues a job: use the [controls] of `config` from now on, set them in the camera that is open by then, and list the
 * devices. One result, JOB_LISTED. The controls are copied.
 */
void device_worker_set_controls(struct device_worker *worker, const struct config *config);

/* Queues a job: close the source, which the worker then owns. No result. */
void device_worker_close(struct device_worker *worker, struct source *source);

/* When the thread began its current job; {0} if it has none. A job that hangs in a driver never ends. */
mono_t device_worker_busy_since(struct device_worker *worker);

enum device_worker_result_kind {
	JOB_LISTED,
	JOB_OPENED,
	JOB_CONTROL_SET,
	JOB_CONTROLS_CHECKED,
	JOB_CONFIGURED_CHECKED
};

struct device_worker_result {
	enum device_worker_result_kind kind;

	/* JOB_OPENED */
	enum source_open_outcome outcome;
	struct source *source; /* SOURCE_OPENED: the caller owns it */
	struct reason why;     /* also why a control was not set, and which [controls] do not hold */

	/* JOB_CONFIGURED_CHECKED */
	bool configured_is_free;

	/* JOB_CONTROL_SET */
	uint32_t ticket;
	bool control_set;
	int64_t value; /* as the driver took it */

	/* JOB_LISTED, JOB_CONTROLS_CHECKED, and JOB_CONTROL_SET if the control was set */
	struct device devices[DEVICES_MAX];
	size_t device_count;
	char *devices_json; /* the caller frees it; may be NULL */
	struct device_link_warnings warnings;
};

/* False if there is no result (yet). */
bool device_worker_take_result(struct device_worker *worker, struct device_worker_result *out);

#endif
