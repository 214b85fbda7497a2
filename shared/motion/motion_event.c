/* motion_event.c - makes events out of seconds with movement. */
#include "shared/motion/motion_event.h"

#include <string.h>

#define WORDS (MOTION_PLANE_BYTES / 8)

static_assert(MOTION_PLANE_BYTES % 8 == 0, "planes are compared eight bytes at a time");

static const char *const strengths[] = {"none", "faint", "clear", "strong"};

const char *motion_strength_text(enum motion_strength strength)
{
	return strengths[strength];
}

bool motion_strength_parse(const char *text, enum motion_strength *out)
{
	for (int strength = MOTION_FAINT; strength <= MOTION_STRONG; strength++) {
		if (strcmp(text, strengths[strength]) == 0) {
			*out = (enum motion_strength)strength;
			return true;
		}
	}
	return false;
}

static uint64_t word_of(const uint8_t *plane, unsigned number)
{
	uint64_t word;

	memcpy(&word, plane + 8 * number, sizeof(word));
	return word;
}

static void set_word(uint8_t *plane, unsigned number, uint64_t word)
{
	memcpy(plane + 8 * number, &word, sizeof(word));
}

void motion_mask_fill(struct motion_mask *mask)
{
	memset(mask, 0xff, sizeof(*mask));
}

enum motion_strength motion_cells_strongest(const struct motion_cells *cells, const struct motion_mask *mask)
{
	uint64_t faint = 0, clear = 0, strong = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t low = word_of(cells->low, i), high = word_of(cells->high, i), inside = word_of(mask->bits, i);
		faint |= low & inside;
		clear |= high & inside;
		strong |= low & high & inside;
	}
	return strong ? MOTION_STRONG : clear ? MOTION_CLEAR : faint ? MOTION_FAINT : MOTION_NONE;
}

void motion_cells_select(struct motion_cells *cells, const struct motion_mask *mask, enum motion_strength least)
{
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t low = word_of(cells->low, i), high = word_of(cells->high, i), kept = low | high;
		if (least == MOTION_CLEAR)
			kept = high;
		else if (least == MOTION_STRONG)
			kept = low & high;
		kept &= word_of(mask->bits, i);
		set_word(cells->low, i, low & kept);
		set_word(cells->high, i, high & kept);
	}
}

/* The strengths of all cells, added up. */
static unsigned strength_sum(const struct motion_cells *cells)
{
	int low = 0, high = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		low += __builtin_popcountll(word_of(cells->low, i));
		high += __builtin_popcountll(word_of(cells->high, i));
	}
	return (unsigned)(low + 2 * high);
}

void motion_event_rule_init(struct motion_event_rule *rule)
{
	motion_mask_fill(&rule->mask);
	rule->least = MOTION_FAINT;
	rule->join = MOTION_EVENT_JOIN_SECONDS;
}

void motion_event_finder_init(struct motion_event_finder *finder, const struct motion_event_rule *rule)
{
	*finder = (struct motion_event_finder){.rule = rule};
}

/* Takes the newest second into the event, now that no further record of it can come. */
static void take_second(struct motion_event_finder *finder)
{
	struct motion_event *event = &finder->event;
	enum motion_strength strongest = motion_cells_strongest(&finder->cells, &finder->rule->mask);
	unsigned sum = strength_sum(&finder->cells);
	bool first = event->moving_seconds == 0;

	if (first || finder->second < event->from_second)
		event->from_second = finder->second;
	if (first || finder->second + 1 > event->to_second)
		event->to_second = finder->second + 1;
	if (sum > finder->peak_sum || (sum == finder->peak_sum && finder->second < event->peak_second)) {
		finder->peak_sum = sum;
		event->peak_second = finder->second;
		event->peak_cells = motion_cells_count(&finder->cells);
	}
	if (strongest > event->strongest)
		event->strongest = strongest;
	event->moving_seconds++;
	motion_cells_join(&event->cells, &finder->cells);
}

static bool end_run(struct motion_event_finder *finder, struct motion_event *out)
{
	take_second(finder);
	*out = finder->event;
	finder->open = false;
	return out->strongest >= MOTION_CLEAR || out->moving_seconds >= MOTION_EVENT_FAINT_SECONDS;
}

bool motion_event_add(struct motion_event_finder *finder, const struct motion_record *record, struct motion_event *out)
{
	struct motion_cells cells = record->cells;
	int64_t apart = record->second - finder->second;
	bool ended = false;

	if (finder->open && (apart > finder->rule->join || -apart > finder->rule->join))
		ended = end_run(finder, out);
	motion_cells_select(&cells, &finder->rule->mask, finder->rule->least);
	if (motion_cells_strongest(&cells, &finder->rule->mask) == MOTION_NONE)
		return ended;
	if (finder->open && apart == 0) {
		motion_cells_join(&finder->cells, &cells);
		return ended;
	}
	if (finder->open)
		take_second(finder);
	else
		*finder = (struct motion_event_finder){.rule = finder->rule, .open = true};
	finder->second = record->second;
	finder->cells = cells;
	return ended;
}

bool motion_event_finish(struct motion_event_finder *finder, struct motion_event *out)
{
	return finder->open && end_run(finder, out);
}
