/* motion_hour.c - reads the records of one hour. */
#include "fcgi/motion/motion_hour.h"

#include <errno.h>
#include <string.h>

#include "shared/base/disk_pulse.h"

#define BLOCKS_PER_READ 32

void motion_hour_begin(struct motion_hour *hour, int64_t hour_second, int64_t from_second, int64_t to_second)
{
	hour->from_second = hour_second;
	hour->from = from_second > hour_second ? (int)(from_second - hour_second) : 0;
	hour->to = to_second < hour_second + MOTION_HOUR_SECONDS ? (int)(to_second - hour_second) : MOTION_HOUR_SECONDS;
	memset(&hour->known, 0, sizeof(hour->known));
	memset(&hour->present, 0, sizeof(hour->present));
}

static bool is_needed(const struct motion_need *need, const struct motion_cells *cells, uint32_t flags)
{
	return need->all || (flags & need->flags) || motion_cells_strongest(cells, &need->mask) >= need->least;
}

static void take(struct motion_hour *hour, const struct motion_record *record, const struct motion_need *need)
{
	int64_t at = record->second - hour->from_second;

	if (at < hour->from || at >= hour->to)
		return;
	int second = (int)at;
	uint64_t bit = UINT64_C(1) << second % 64;
	if (motion_is_known(record->flags))
		hour->known.words[second / 64] |= bit;
	if (!need || !is_needed(need, &record->cells, record->flags))
		return;
	if (hour->present.words[second / 64] & bit)
		motion_record_join(&hour->records[second], record);
	else
		hour->records[second] = *record;
	hour->present.words[second / 64] |= bit;
}

/* The number of the first record of at least that second. Seconds do not decrease within a file. */
static uint64_t find_record(const struct motion_reader *reader, const struct motion_source *source, int64_t second)
{
	const struct motion_list_entry *entry = &source->entry;
	uint64_t low = 0, high = entry->records;
	struct motion_record record;

	if (second <= entry->first_second)
		return 0;
	if (source->gapless) /* as usual */
		return (uint64_t)(second - entry->first_second);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (motion_reader_read(reader, middle, 1, &record) == 1 && record.second < second)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Reads the records of seconds [from, to). */
static void read_seconds(struct motion_hour *hour, const struct motion_reader *reader,
			 const struct motion_source *source, int64_t from, int64_t to, const struct motion_need *need)
{
	uint64_t number = find_record(reader, source, from), end = source->entry.records;
	int64_t enough = source->gapless ? to - 1 : to; /* otherwise a second may have another record */

	while (number < end) {
		uint64_t left = end - number;
		if ((int64_t)left > to - from)
			left = (uint64_t)(to - from);
		size_t wanted = left < MOTION_RECORDS_PER_READ ? (size_t)left : MOTION_RECORDS_PER_READ;
		size_t got = motion_reader_read(reader, number, wanted, hour->read);
		for (size_t i = 0; i < got; i++)
			take(hour, &hour->read[i], need);
		if (got == 0 || got < wanted || hour->read[got - 1].second >= enough)
			return;
		number += got;
	}
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What of a source is in the hour: seconds [from, to). */
struct part {
	int64_t from, to;
};

static void set_known(struct motion_hour *hour, const struct part *part)
{
	if (part->from < part->to)
		second_bits_set(&hour->known, (int)(part->from - hour->from_second),
				(int)(part->to - hour->from_second));
}

/*
 * Reads the blocks in which something is needed; the seconds of the others are known by the list alone. Returns false
 * if a block cannot be relied on: then all of the part has to be read.
 */
static bool read_blocks(struct motion_hour *hour, const struct motion_reader *reader,
			const struct motion_source *source, const struct part *part, const struct motion_need *need)
{
	struct motion_list_block blocks[BLOCKS_PER_READ];
	const struct motion_list_entry *entry = &source->entry;
	int64_t covered_to = entry->first_second;

	for (uint32_t done = 0; done < entry->blocks;) {
		uint32_t left = entry->blocks - done;
		size_t count = left < BLOCKS_PER_READ ? left : BLOCKS_PER_READ;
		if (motion_list_read_blocks(source->list, entry->first_block + done, count, blocks) != count)
			return false;
		for (size_t i = 0; i < count; i++) {
			int64_t from = blocks[i].second, to = from + MOTION_BLOCK_SECONDS;
			if (!motion_list_block_valid(entry, &blocks[i]) || from > covered_to)
				return false;
			covered_to = to > covered_to ? to : covered_to;
			const struct part block = {larger(from, part->from), smaller(to, part->to)};
			if (!is_needed(need, &blocks[i].cells, 0))
				set_known(hour, &block);
			else if (block.from < block.to)
				read_seconds(hour, reader, source, block.from, block.to, need);
		}
		done += (uint32_t)count;
	}
	return covered_to >= entry->end_second;
}

static void read_part(struct motion_hour *hour, const struct motion_reader *reader, const struct motion_source *source,
		      const struct part *part, const struct motion_need *need)
{
	bool by_blocks =
		motion_source_complete(source) && source->list && !need->all && !(source->entry.flags & need->flags);

	if (!by_blocks || !read_blocks(hour, reader, source, part, need))
		read_seconds(hour, reader, source, part->from, part->to, need);
}

bool motion_hour_add(struct motion_hour *hour, int folder, const struct motion_source *source,
		     const struct motion_need *need)
{
	const struct motion_list_entry *entry = &source->entry;
	const struct part part = {larger(entry->first_second, hour->from_second + hour->from),
				  smaller(entry->end_second, hour->from_second + hour->to)};
	bool needed = need && is_needed(need, &entry->cells, entry->flags), complete = motion_source_complete(source);
	char name[SEGMENT_FILE_BYTES + 8];
	struct motion_reader reader;

	if (part.from >= part.to)
		return true;
	if (complete && !needed) {
		set_known(hour, &part);
		return true;
	}
	if (!motion_file_name(entry->file, name, sizeof(name)))
		return true;
	disk_pulse();
	switch (motion_reader_open(folder, name, entry->segment_no, &reader)) {
	case MOTION_ERROR:
		return false;
	case MOTION_INVALID:
	case MOTION_MISSING:
		hour->lost = true;
		return true;
	case MOTION_OK:
		break;
	}
	if (needed)
		read_part(hour, &reader, source, &part, need);
	else
		read_seconds(hour, &reader, source, part.from, part.to, NULL);
	motion_reader_close(&reader);
	return true;
}
