/*
 * device_worker.h - the thread on which cameras are opened, closed, listed and adjusted: calls that can take seconds.
 * One order at a time, in the order given; each result is fetched by the event loop when opener_fd() is readable.
 */
#ifndef RECORDERD_CAPTURE_DEVICE_WORKER_H
#define RECORDERD_CAPTURE_DEVICE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/capture/source_select.h"
#include "recorderd/v4l2/device.h"

struct opener;

/* `others` as in source_open(); they outlive the opener. `config` is copied. */
struct opener *opener_create(const struct config *config, const struct source_others *others);

/* The thread closes what is open, also what it is just opening, and ends; no result comes any more. Waits for nothing.
 */
void opener_stop(struct opener *opener);

/*
 * opener_stop(), and waits so long for the thread to end. False where it hangs in a driver: then all stays that it
 * uses, and it may be asked again. NULL is safe.
 */
bool opener_destroy(struct opener *opener, int64_t timeout_us);

int opener_fd(const struct opener *opener);

/* Orders: open a source; list the devices. Each is answered by one result. */
void opener_order_open(struct opener *opener);
void opener_order_list(struct opener *opener);

/*
 * Orders: set a control (v4l2_controls.h) of the camera that serves then, and list the devices, so that the list has
 * the new value. One result, which bears the ticket. The texts are copied.
 */
void opener_order_control(struct opener *opener, uint32_t ticket, const char *name, const char *value);

/*
 * Orders: the [controls] of `config` count from now on, and are set in the camera that serves then; and list the
 * devices. One result, OPENER_LISTED. They are copied.
 */
void opener_order_settings(struct opener *opener, const struct config *config);

/* Since when the thread is busy with one order; {0} where it is not. An order that hangs in a driver never ends. */
mono_t opener_busy_since(struct opener *opener);

/* Takes the source and closes it before the next order. No result. */
void opener_order_close(struct opener *opener, struct source *source);

enum opener_answer { OPENER_LISTED, OPENER_TRIED, OPENER_ADJUSTED };

struct opener_result {
	enum opener_answer answer;

	/* OPENER_TRIED: to opener_order_open */
	enum source_open_outcome outcome;
	struct source *source; /* SOURCE_OPENED: the caller's */
	struct reason why;     /* also where a control was not set */

	/* OPENER_ADJUSTED */
	uint32_t ticket;
	bool adjusted;
	int64_t value; /* as the driver took it */

	/* OPENER_LISTED, and OPENER_ADJUSTED where it was */
	struct device devices[DEVICES_MAX];
	size_t device_count;
	char *devices_json; /* the caller frees; may be NULL */
};

/* False where there is none (any more). */
bool opener_take_result(struct opener *opener, struct opener_result *out);

#endif
