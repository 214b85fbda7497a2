/*
 * control_check.h - when to read the controls of an open camera, and what has become of them.
 *
 * Some cameras set controls back while they start, so the [controls] are checked a second after they were set, and set
 * again if necessary. After that the controls are read every 10 s, since cameras also change them by themselves.
 */
#ifndef RECORDERD_CAPTURE_CONTROL_CHECK_H
#define RECORDERD_CAPTURE_CONTROL_CHECK_H

#include <stdbool.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/* Zeroed: no camera is open. */
struct control_check {
	mono_t due;      /* {0}: never */
	unsigned checks; /* of the [controls] so far; 0: they have been checked */
	char *values;    /* of all controls when they were last read, as JSON; NULL: not yet. Owned */
};

/* The [controls] of `config` were just set. */
void control_check_start(struct control_check *check, const struct config *config);

/* Somebody has set a control by hand: it is not to be set back. */
void control_check_skip(struct control_check *check);

/* The camera was closed. Frees what it has. */
void control_check_stop(struct control_check *check);

bool control_check_is_due(const struct control_check *check);

enum control_check_outcome {
	CONTROLS_PENDING, /* nothing to report: they are checked again, or have not changed */
	CONTROLS_CHECKED, /* *why lists the [controls] that do not hold; empty: all hold */
	CONTROLS_CHANGED, /* the camera has changed one by itself */
};

/* Does what is due, with the camera at `path`, and schedules the next time. */
enum control_check_outcome control_check_run(struct control_check *check, const char *path, const struct config *config,
					     struct reason *why);

#endif
