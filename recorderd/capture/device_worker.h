/*
 * device_worker.h - the thread on which cameras are opened, closed, listed and adjusted: calls that can take seconds.
 * One order at a time, in the order given; each result is fetched by the event loop when device_worker_fd() is readable.
 */
#ifndef RECORDERD_CAPTURE_DEVICE_WORKER_H
#define RECORDERD_CAPTURE_DEVICE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/capture/source_select.h"
#include "recorderd/v4l2/device.h"

struct device_worker;

/* `others` as in source_open(); they outlive the opener. `config` is copied. */
struct device_worker *device_worker_create(const struct config *config, const struct source_others *others);

/* The thread closes what is open, also what it is just opening, and ends; no result comes any more. Waits for nothing.
 */
void device_worker_stop(struct device_worker *opener);

/*
 * device_worker_stop(), and waits so long for the thread to end. False where it hangs in a driver: then all stays that it
 * uses, and it may be asked again. NULL is safe.
 */
bool device_worker_destroy(struct device_worker *opener, int64_t timeout_us);

int device_worker_fd(const struct device_worker *opener);

/* Orders: open a source; list the devices. Each is answered by one result. */
void device_worker_open(struct device_worker *opener);
void device_worker_list(struct device_worker *opener);

/*
 * Orders: set a control (v4l2_controls.h) of the camera that serves then, and list the devices, so that the list has
 * the new value. One result, which bears the ticket. The texts are copied.
 */
void device_worker_set_control(struct device_worker *opener, uint32_t ticket, const char *name, const char *value);

/*
 * Orders: the [controls] of `config` count from now on, and are set in the camera that serves then; and list the
 * devices. One result, JOB_LISTED. They are copied.
 */
void device_worker_set_controls(struct device_worker *opener, const struct config *config);

/* Since when the thread is busy with one order; {0} where it is not. An order that hangs in a driver never ends. */
mono_t device_worker_busy_since(struct device_worker *opener);

/* Takes the source and closes it before the next order. No result. */
void device_worker_close(struct device_worker *opener, struct source *source);

enum device_worker_result_kind { JOB_LISTED, JOB_OPENED, JOB_CONTROL_SET };

struct device_worker_result {
	enum device_worker_result_kind answer;

	/* JOB_OPENED: to device_worker_open */
	enum source_open_outcome outcome;
	struct source *source; /* SOURCE_OPENED: the caller's */
	struct reason why;     /* also where a control was not set */

	/* JOB_CONTROL_SET */
	uint32_t ticket;
	bool adjusted;
	int64_t value; /* as the driver took it */

	/* JOB_LISTED, and JOB_CONTROL_SET where it was */
	struct device devices[DEVICES_MAX];
	size_t device_count;
	char *devices_json; /* the caller frees; may be NULL */
};

/* False where there is none (any more). */
bool device_worker_take_result(struct device_worker *opener, struct device_worker_result *out);

#endif
