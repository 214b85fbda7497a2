/*
 * motion_event.h - what counts as an event: the rule that makes events out of seconds with movement.
 *
 * A second moves if at least one cell inside the mask has at least the strength that was asked for. Moving seconds form
 * one event as long as each is at most `join` seconds after the one before. A run of them is an event if one of its
 * seconds has a clear cell, or if MOTION_EVENT_FAINT_SECONDS of them move: leaves and noise move faintly, and not for
 * long. Seconds without a record neither move nor end an event; they count as time that passes.
 *
 * A second that is marked MOTION_LEARNING or MOTION_GLOBAL has no cells, so it neither moves nor ends an event either.
 *
 * Nothing here is stored. Events are computed when somebody asks, so another mask or another rule changes the past too.
 */
#ifndef SHARED_MOTION_MOTION_EVENT_H
#define SHARED_MOTION_MOTION_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/motion/motion_record.h"

#define MOTION_EVENT_JOIN_SECONDS  5
#define MOTION_EVENT_FAINT_SECONDS 4

/* "none", "faint", "clear" or "strong". */
const char *motion_strength_text(enum motion_strength strength);

/* Reads one of the last three. False if the text is none of them. */
bool motion_strength_parse(const char *text, enum motion_strength *out);

/* A set of cells, with the bits of a plane (motion_record.h). */
struct motion_mask {
	uint8_t bits[MOTION_PLANE_BYTES];
};

/* All cells. */
void motion_mask_fill(struct motion_mask *mask);

/* The largest strength of the cells inside the mask. */
enum motion_strength motion_cells_strongest(const struct motion_cells *cells, const struct motion_mask *mask);

/* Keeps the strength of cells that are inside the mask and have at least `least`; the others become MOTION_NONE. */
void motion_cells_select(struct motion_cells *cells, const struct motion_mask *mask, enum motion_strength least);

struct motion_event {
	int64_t from_second, to_second; /* from its first moving second to the end of its last one */
	int64_t peak_second;            /* the one with the largest sum of strengths, the earliest of equals */
	uint32_t peak_cells;            /* moving cells in that second */
	uint32_t moving_seconds;
	enum motion_strength strongest;
	struct motion_cells cells; /* of all its seconds, joined; only cells that counted */
};

/* What decides. Zeros are not valid: see motion_event_rule_init(). */
struct motion_event_rule {
	struct motion_mask mask;
	enum motion_strength least; /* MOTION_FAINT or more; cells below it do not count at all */
	int64_t join;               /* seconds, at least 1 */
};

/* The whole picture, MOTION_FAINT, MOTION_EVENT_JOIN_SECONDS. */
void motion_event_rule_init(struct motion_event_rule *rule);

struct motion_event_finder {
	const struct motion_event_rule *rule; /* not owned */
	bool open;                            /* a run of moving seconds is under way */
	uint32_t peak_sum;                    /* of strengths, in its peak */
	struct motion_event event;            /* of it, without its newest second */
	int64_t second;                       /* the newest one, whose records may still be joined */
	struct motion_cells cells;
};

void motion_event_finder_init(struct motion_event_finder *finder, const struct motion_event_rule *rule);

/*
 * Adds a second. Seconds come in order, ascending or descending, and some may be missing; two records of the same
 * second, one after the other, are joined. Returns true if an event ended before this second; it is then in *out.
 */
bool motion_event_add(struct motion_event_finder *finder, const struct motion_record *record, struct motion_event *out);

/* There are no more seconds. Returns true if an event was under way; it is then in *out. */
bool motion_event_finish(struct motion_event_finder *finder, struct motion_event *out);

#endif
