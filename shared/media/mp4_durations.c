/* mp4_durations.c - the table stts of a moov. */
#include "shared/media/mp4_durations.h"

#include <stdlib.h>

#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"

#define TICKS_LONG UINT32_MAX

void mp4_durations_free(struct mp4_durations *durations)
{
	free(durations->runs);
	free(durations->longs);
	*durations = (struct mp4_durations){0};
}

static bool longs_add(struct mp4_durations *durations, uint64_t ticks)
{
	if (durations->long_count == durations->long_capacity) {
		size_t capacity = durations->long_capacity ? durations->long_capacity * 2 : 4;
		uint64_t *grown = reallocarray(durations->longs, capacity, sizeof(*grown));
		if (!grown)
			return false;
		durations->longs = grown;
		durations->long_capacity = capacity;
	}
	durations->longs[durations->long_count++] = ticks;
	return true;
}

static bool runs_grow(struct mp4_durations *durations)
{
	size_t capacity = durations->capacity ? durations->capacity * 2 : 1024;
	struct mp4_run *grown = reallocarray(durations->runs, capacity, sizeof(*grown));

	if (!grown)
		return false;
	durations->runs = grown;
	durations->capacity = capacity;
	return true;
}

/* Adds `count` samples of equal duration. */
static void run_add(struct mp4_durations *durations, uint64_t count, uint64_t ticks)
{
	struct mp4_run *last = durations->count > 0 ? &durations->runs[durations->count - 1] : NULL;
	bool is_long = ticks >= TICKS_LONG;

	if (ticks > durations->longest)
		durations->longest = ticks;
	if (last && !is_long && last->ticks == ticks) {
		last->count += (uint32_t)count;
		return;
	}
	if (durations->count == durations->capacity && !runs_grow(durations))
		durations->failed = true;
	for (uint64_t i = 0; is_long && i < count && !durations->failed; i++)
		durations->failed = !longs_add(durations, ticks);
	if (!durations->failed)
		durations->runs[durations->count++] =
			(struct mp4_run){(uint32_t)count, is_long ? TICKS_LONG : (uint32_t)ticks};
}

/* Adds the run that was being made. The last sample begins the next run, when it is shown. */
static void run_end(struct mp4_durations *durations)
{
	uint64_t ticks = durations->low + (durations->high - durations->low) / 2;

	if (durations->steps == 0)
		return;
	run_add(durations, durations->steps, ticks);
	durations->base += durations->steps * ticks;
	durations->steps = 0;
}

/* Makes the run one sample longer, with fewer durations to choose from. Returns false if none fits all of them. */
static bool run_narrow(struct mp4_durations *durations, uint64_t tick)
{
	uint64_t steps = durations->steps + 1, into = tick - durations->base;

	if (durations->low == durations->high || durations->steps == 0 || tick < durations->base)
		return false;
	uint64_t low = (into + steps - 1) / steps, high = (into + durations->late_max) / steps;
	low = low > durations->low ? low : durations->low;
	high = high < durations->high ? high : durations->high;
	if (low > high)
		return false;
	durations->low = low;
	durations->high = high;
	durations->steps = steps;
	return true;
}

void mp4_durations_add_slowly(struct mp4_durations *durations, uint64_t tick)
{
	if (durations->begun && !run_narrow(durations, tick)) {
		run_end(durations);
		durations->low = tick > durations->base ? tick - durations->base : 0;
		durations->high = tick + durations->late_max - durations->base;
		durations->steps = 1;
	}
	durations->last = durations->begun ? tick : 0;
	durations->begun = true;
}

uint64_t mp4_durations_end(struct mp4_durations *durations, uint64_t end)
{
	run_end(durations);
	if (end < durations->base)
		end = durations->base;
	run_add(durations, 1, end - durations->base);
	return end;
}

static void put_run(struct buffer *out, uint32_t count, uint32_t ticks)
{
	buffer_u32(out, count);
	buffer_u32(out, ticks);
}

/* In a coarser timescale the runs are others: equal durations differ by rounding. Returns how many there are. */
static uint32_t put_scaled(struct buffer *out, const struct mp4_durations *durations, uint32_t divisor)
{
	uint32_t runs = 0, length = 0, ticks = 0;
	uint64_t tick = 0;
	size_t longs = 0;

	for (size_t i = 0; i < durations->count; i++) {
		for (uint32_t left = durations->runs[i].count; left > 0; left--) {
			bool is_long = durations->runs[i].ticks == TICKS_LONG;
			uint64_t end = tick + (is_long ? durations->longs[longs++] : durations->runs[i].ticks);
			uint32_t next = (uint32_t)(mp4_ticks_scaled(end, divisor) - mp4_ticks_scaled(tick, divisor));
			if (length > 0 && next != ticks) {
				put_run(out, length, ticks);
				runs++;
				length = 0;
			}
			ticks = next;
			length++;
			tick = end;
		}
	}
	put_run(out, length, ticks);
	return runs + 1;
}

void mp4_put_stts(struct buffer *out, const struct mp4_durations *durations, uint32_t divisor)
{
	size_t stts = mp4_full_box_begin(out, MP4_TYPE('s', 't', 't', 's'), 0);
	size_t count_at = out->length;
	uint32_t runs = (uint32_t)durations->count;

	buffer_u32(out, 0);
	if (divisor == 1)
		for (size_t i = 0; i < durations->count; i++)
			put_run(out, durations->runs[i].count, durations->runs[i].ticks);
	else
		runs = put_scaled(out, durations, divisor);
	buffer_set_u32(out, count_at, runs);
	mp4_box_end(out, stts);
}
