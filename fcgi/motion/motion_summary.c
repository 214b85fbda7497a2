/* motion_summary.c - ten bytes per second of a day. */
#include "fcgi/motion/motion_summary.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/disk_pulse.h"
#include "shared/motion/motion_event.h"

#define RECORDS_PER_READ 512
#define SLOTS            8192u
#define SECONDS_MAX      (1u << 20) /* twelve days: 10 MiB */

/* The summary of one segment: of the seconds from its first to its last. */
struct summary {
	uint64_t segment_no;
	uint32_t entry_crc; /* of its list entry, which is another one if anything about it changes */
	int64_t first_second;
	uint32_t seconds;
	struct motion_second second[];
};

struct motion_summaries {
	struct summary *slots[SLOTS]; /* by segment number; consecutive ones do not collide */
	uint32_t seconds;             /* in all slots */
};

struct motion_summaries *motion_summaries_create(void)
{
	return calloc(1, sizeof(struct motion_summaries));
}

static void forget_all(struct motion_summaries *summaries)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		free(summaries->slots[i]);
		summaries->slots[i] = NULL;
	}
	summaries->seconds = 0;
}

void motion_summaries_free(struct motion_summaries *summaries)
{
	if (!summaries)
		return;
	forget_all(summaries);
	free(summaries);
}

/* There is no record of it. */
static bool is_empty(const struct motion_second *second)
{
	return !second->known && !second->flags;
}

static void join_records(struct motion_second *into, const struct motion_second *from)
{
	if (into->known && from->known)
		into->mean_luma = (uint8_t)((into->mean_luma + from->mean_luma) / 2);
	else if (from->known)
		into->mean_luma = from->mean_luma;
	into->known |= from->known;
	into->flags = motion_flags_join(into->flags, from->flags);
	if (from->strongest > into->strongest)
		into->strongest = from->strongest;
	/* How many cells moved in either of the two is not known any more: at least so many. */
	for (int i = 0; i < MOTION_STRONG; i++)
		if (from->cells[i] > into->cells[i])
			into->cells[i] = from->cells[i];
}

static void join(struct motion_second *into, const struct motion_second *from)
{
	if (is_empty(into))
		*into = *from;
	else if (!is_empty(from))
		join_records(into, from);
}

static struct motion_second second_of(const struct motion_record *record, const struct motion_mask *everywhere)
{
	struct motion_second second = {
		.known = motion_is_known(record->flags),
		.flags = record->flags,
		.strongest = (uint8_t)motion_cells_strongest(&record->cells, everywhere),
		.mean_luma = record->mean_luma,
	};

	for (int least = MOTION_FAINT; least <= (int)second.strongest; least++)
		second.cells[least - MOTION_FAINT] =
			(uint16_t)motion_cells_count_from(&record->cells, (enum motion_strength)least);
	return second;
}

static void read_records(const struct motion_reader *reader, const struct motion_list_entry *entry,
			 struct summary *summary)
{
	struct motion_record records[RECORDS_PER_READ];
	struct motion_mask everywhere;
	size_t got;

	motion_mask_fill(&everywhere);
	for (uint64_t number = 0; number < entry->records; number += got) {
		uint64_t left = entry->records - number;
		got = motion_reader_read(reader, number, left < RECORDS_PER_READ ? (size_t)left : RECORDS_PER_READ,
					 records);
		for (size_t i = 0; i < got; i++) {
			int64_t at = records[i].second - entry->first_second;
			struct motion_second second = second_of(&records[i], &everywhere);
			if (at >= 0 && at < summary->seconds)
				join(&summary->second[at], &second);
		}
		if (got == 0)
			return;
	}
}

/* Reads a source's file into a new summary. *out is NULL if there is no file. False with errno. */
static bool summary_read(int folder, const struct motion_list_entry *entry, struct summary **out)
{
	size_t seconds = (size_t)(entry->end_second - entry->first_second);
	char name[SEGMENT_FILE_BYTES + 8];
	struct motion_reader reader;

	*out = NULL;
	disk_pulse();
	if (!motion_file_name(entry->file, name, sizeof(name)))
		return true;
	enum motion_outcome outcome = motion_reader_open(folder, name, entry->segment_no, &reader);
	if (outcome != MOTION_OK)
		return outcome != MOTION_ERROR;
	struct summary *summary = calloc(1, sizeof(*summary) + seconds * sizeof(summary->second[0]));
	if (summary) {
		summary->segment_no = entry->segment_no;
		summary->entry_crc = entry->crc;
		summary->first_second = entry->first_second;
		summary->seconds = (uint32_t)seconds;
		read_records(&reader, entry, summary);
	}
	motion_reader_close(&reader);
	*out = summary;
	return summary != NULL;
}

static struct summary *find(const struct motion_summaries *summaries, const struct motion_list_entry *entry)
{
	struct summary *summary = summaries->slots[entry->segment_no % SLOTS];

	return summary && summary->segment_no == entry->segment_no && summary->entry_crc == entry->crc ? summary : NULL;
}

/* Takes the summary. */
static void remember(struct motion_summaries *summaries, struct summary *summary)
{
	struct summary **slot = &summaries->slots[summary->segment_no % SLOTS];

	if (*slot)
		summaries->seconds -= (*slot)->seconds;
	free(*slot);
	*slot = NULL;
	if (summary->seconds > SECONDS_MAX - summaries->seconds)
		forget_all(summaries);
	summaries->seconds += summary->seconds;
	*slot = summary;
}

static void copy(const struct summary *summary, int64_t day_second, struct motion_second *out)
{
	int64_t from = summary->first_second - day_second;

	for (uint32_t i = 0; i < summary->seconds; i++) {
		int64_t at = from + i;
		if (at >= 0 && at < MOTION_DAY_SECONDS)
			join(&out[at], &summary->second[i]);
	}
}

/* A .motion file has at most a record per second of a segment, which lasts a day and a little more. */
static bool is_sensible(const struct motion_list_entry *entry)
{
	return entry->end_second - entry->first_second <= (MOTION_SOURCE_LISTS - 1) * MOTION_DAY_SECONDS;
}

bool motion_summarise(struct motion_summaries *summaries, const struct motion_sources *sources, int64_t day,
		      struct motion_second out[MOTION_DAY_SECONDS])
{
	memset(out, 0, (size_t)MOTION_DAY_SECONDS * sizeof(*out));
	for (size_t i = 0; i < sources->count; i++) {
		const struct motion_source *source = &sources->items[i];
		bool may_remember = summaries && source->list;
		struct summary *summary = may_remember ? find(summaries, &source->entry) : NULL;
		bool found = summary != NULL;
		if (!is_sensible(&source->entry))
			continue;
		if (!found && !summary_read(sources->folder, &source->entry, &summary))
			return false;
		if (!summary)
			continue;
		copy(summary, day * MOTION_DAY_SECONDS, out);
		if (!found && may_remember)
			remember(summaries, summary);
		else if (!found)
			free(summary);
	}
	return true;
}
