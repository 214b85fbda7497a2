/*
 * motion_live.h - finds motion events while their seconds are still coming, by the rule of motion_event.h.
 *
 * An event starts as soon as it is certain that the rule will call it one: at its first clear second, or at its fourth
 * faint one. It ends `join` seconds after its last moving second, or after its newest record if no records come for
 * MOTION_LIVE_SILENT_US. Its first and last second, its strength and its cells are those that the rule finds later in
 * the same records.
 */
#ifndef SHARED_MOTION_MOTION_LIVE_H
#define SHARED_MOTION_MOTION_LIVE_H

#include <stdbool.h>

#include "shared/base/clock.h"
#include "shared/motion/motion_event.h"

/* recorder-motion starts again, and sends its first record, within this time. */
#define MOTION_LIVE_SILENT_US (30 * US_PER_S)

struct motion_live {
	struct motion_event_finder finder;
	bool certain;          /* the run of seconds under way is an event, and its start was told */
	int64_t newest_second; /* that has a record */
	mono_t newest_at;      /* when that record came */
};

struct motion_live_news {
	bool ended, started; /* if both: one event ended, and then another started */
	bool silent;         /* `end` is over because no records came: what moved since newest_second is not known */
	int64_t newest_second;
	struct motion_event end;
	struct motion_event start; /* so far */
};

/* The rule is not copied. */
void motion_live_init(struct motion_live *live, const struct motion_event_rule *rule);

/* Adds a record that came now. Returns true if there is news. */
bool motion_live_add(struct motion_live *live, const struct motion_record *record, mono_t now,
		     struct motion_live_news *news);

/* Call it about once per second, also while no records come. Returns true if there is news. */
bool motion_live_tick(struct motion_live *live, mono_t now, struct motion_live_news *news);

/* There are no more records: ends the event that is under way, as `silent`. Returns true if there was one. */
bool motion_live_finish(struct motion_live *live, struct motion_live_news *news);

/* Returns true if a certain event is under way; *out is what is known of it. */
bool motion_live_is_under_way(const struct motion_live *live, struct motion_event *out);

#endif
