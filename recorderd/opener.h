/*
 * opener.h - the thread on which cameras are opened, closed and listed: calls that can take seconds. One order at a
 * time, in the order given; each result is fetched by the event loop when opener_fd() is readable.
 */
#ifndef RECORDERD_OPENER_H
#define RECORDERD_OPENER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/device.h"
#include "recorderd/source.h"

struct opener;

/* `excluded` as in source_open(). Both outlive the opener. */
struct opener *opener_create(const struct config *config, const char *const *excluded);

/* Closes what was ordered to be closed, and ends the thread. */
void opener_destroy(struct opener *opener);

int opener_fd(const struct opener *opener);

/* Orders: open a source; list the devices. Each is answered by one result. */
void opener_order_open(struct opener *opener);
void opener_order_list(struct opener *opener);

/* Takes the source and closes it before the next order. No result. */
void opener_order_close(struct opener *opener, struct source *source);

struct opener_result {
	bool opened_asked; /* an answer to opener_order_open; else the list */
	enum source_open_outcome outcome;
	struct source *source; /* SOURCE_OPENED: the caller's */
	struct reason why;

	struct device devices[DEVICES_MAX];
	size_t device_count;
	char *devices_json; /* the caller frees; may be NULL */
};

/* False where there is none (any more). */
bool opener_take_result(struct opener *opener, struct opener_result *out);

#endif
