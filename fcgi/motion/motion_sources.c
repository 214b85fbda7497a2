/* motion_sources.c - finds the .motion files of a day. */
#include "fcgi/motion/motion_sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/motion/motion_scan.h"
#include "shared/base/clock.h"
#include "shared/base/disk_pulse.h"

#define ENTRIES_PER_READ 64

bool motion_sources_open(struct motion_sources *sources, int folder, int64_t from_second, int64_t to_second)
{
	*sources = (struct motion_sources){.folder = folder, .from_second = from_second, .to_second = to_second};
	for (int i = 0; i < MOTION_SOURCE_LISTS; i++)
		sources->lists[i] = (struct motion_day_list){.day = -1, .list.fd = -1};
	enum catalogue_outcome outcome = catalogue_open(folder, &sources->catalogue);
	sources->has_catalogue = outcome == CATALOGUE_OK;
	return outcome == CATALOGUE_OK || outcome == CATALOGUE_MISSING;
}

static void list_unload(struct motion_day_list *list)
{
	motion_list_close(&list->list);
	free(list->entries);
	*list = (struct motion_day_list){.day = -1, .list.fd = -1};
}

void motion_sources_close(struct motion_sources *sources)
{
	int kept = errno;

	if (sources->has_catalogue)
		catalogue_close(&sources->catalogue);
	for (int i = 0; i < MOTION_SOURCE_LISTS; i++)
		list_unload(&sources->lists[i]);
	free(sources->items);
	sources->items = NULL;
	errno = kept;
}

/* Drops what is not valid: those segments are read as if no list had them. */
static void drop_invalid(struct motion_day_list *list)
{
	size_t valid = 0;

	for (size_t i = 0; i < list->count; i++)
		if (motion_list_entry_valid(&list->list.header, &list->entries[i]))
			list->entries[valid++] = list->entries[i];
	list->count = valid;
}

static bool list_load(struct motion_day_list *list, int folder, int64_t day)
{
	char name[MOTION_LIST_FILE_BYTES];

	list_unload(list);
	disk_pulse();
	motion_list_name(day * MOTION_DAY_SECONDS, name);
	switch (motion_list_open(folder, name, &list->list)) {
	case MOTION_ERROR:
		return false;
	case MOTION_OK:
		list->entries = malloc(((size_t)list->list.header.entries + 1) * sizeof(*list->entries));
		if (!list->entries)
			return false;
		list->count = motion_list_read(&list->list, 0, list->list.header.entries, list->entries);
		drop_invalid(list);
		break;
	case MOTION_INVALID:
	case MOTION_MISSING:
		break;
	}
	list->day = day;
	return true;
}

/* The slot of a day, so that a walk in either direction keeps the lists that it still needs. */
static struct motion_day_list *slot_of(struct motion_sources *sources, int64_t day)
{
	return &sources->lists[day % MOTION_SOURCE_LISTS];
}

static bool lists_load(struct motion_sources *sources, int64_t day)
{
	for (int64_t one = day > MOTION_SOURCE_LISTS - 1 ? day - (MOTION_SOURCE_LISTS - 1) : 0; one <= day; one++)
		if (slot_of(sources, one)->day != one && !list_load(slot_of(sources, one), sources->folder, one))
			return false;
	return true;
}

static bool add(struct motion_sources *sources, const struct motion_source *source)
{
	if (sources->count == sources->capacity) {
		size_t capacity = sources->capacity ? 2 * sources->capacity : 256;
		struct motion_source *items = realloc(sources->items, capacity * sizeof(*items));
		if (!items)
			return false;
		sources->items = items;
		sources->capacity = capacity;
	}
	sources->items[sources->count++] = *source;
	return true;
}

static bool is_of_day(const struct motion_list_entry *entry, int64_t day)
{
	return entry->records > 0 && entry->first_second < (day + 1) * MOTION_DAY_SECONDS &&
	       entry->end_second > day * MOTION_DAY_SECONDS;
}

static bool add_listed(struct motion_sources *sources, int64_t day)
{
	for (int n = 0; n < MOTION_SOURCE_LISTS; n++) {
		const struct motion_day_list *list = &sources->lists[n];
		for (size_t i = 0; i < list->count; i++) {
			const struct motion_list_entry *entry = &list->entries[i];
			bool gapless = (int64_t)entry->records == entry->end_second - entry->first_second;
			const struct motion_source source = {*entry, &list->list, gapless};
			if (is_of_day(entry, day) && !add(sources, &source))
				return false;
		}
	}
	return true;
}

static int compare_numbers(const void *key, const void *item)
{
	uint64_t wanted = *(const uint64_t *)key, number = ((const struct motion_list_entry *)item)->segment_no;

	return (wanted > number) - (wanted < number);
}

static bool is_listed(const struct motion_sources *sources, const struct catalogue_entry *segment)
{
	for (int i = 0; i < MOTION_SOURCE_LISTS; i++) {
		const struct motion_day_list *list = &sources->lists[i];
		const struct motion_list_entry *entry =
			list->count == 0 ? NULL
					 : bsearch(&segment->segment_no, list->entries, list->count,
						   sizeof(*list->entries), compare_numbers);
		if (entry && strncmp(entry->file, segment->file, sizeof(entry->file)) == 0)
			return true;
	}
	return false;
}

/* Does a segment have frames of [from, to)? The open one has no end. */
static bool overlaps(const struct catalogue_entry *segment, int64_t from_second, int64_t to_second)
{
	return segment->start_wall_us < to_second * US_PER_S &&
	       (segment->state == CATALOGUE_RECORDING || segment->end_wall_us > from_second * US_PER_S);
}

static bool add_unlisted(struct motion_sources *sources, int64_t day, const struct catalogue_entry *segment)
{
	int64_t day_second = day * MOTION_DAY_SECONDS;
	struct motion_source source = {.list = NULL};

	if (!overlaps(segment, day_second, day_second + MOTION_DAY_SECONDS) || is_listed(sources, segment))
		return true;
	sources->unlisted |= overlaps(segment, sources->from_second, sources->to_second);
	if (!motion_scan(sources->folder, segment->file, segment->segment_no, &source.entry, &source.gapless))
		return false;
	return !is_of_day(&source.entry, day) || add(sources, &source);
}

/* Adds the segments of the catalogue that no list has. */
static bool add_rest(struct motion_sources *sources, int64_t day)
{
	const int64_t day_us = MOTION_DAY_SECONDS * US_PER_S;
	struct catalogue_entry entries[ENTRIES_PER_READ];
	uint64_t first, end;

	if (!sources->has_catalogue)
		return true;
	if (!catalogue_range(&sources->catalogue, day * day_us, (day + 1) * day_us, &first, &end))
		goto damaged;
	for (uint64_t number = first; number < end;) {
		uint64_t left = end - number;
		size_t count = left < ENTRIES_PER_READ ? (size_t)left : ENTRIES_PER_READ;
		if (catalogue_read(&sources->catalogue, number, count, entries) != count)
			goto damaged;
		for (size_t i = 0; i < count; i++)
			if (!add_unlisted(sources, day, &entries[i]))
				return false;
		number += count;
	}
	return true;

damaged:
	errno = EBADMSG;
	return false;
}

static int compare_seconds(const void *a, const void *b)
{
	int64_t one = ((const struct motion_source *)a)->entry.first_second;
	int64_t other = ((const struct motion_source *)b)->entry.first_second;

	return (one > other) - (one < other);
}

bool motion_sources_load(struct motion_sources *sources, int64_t day)
{
	sources->count = 0;
	if (!lists_load(sources, day) || !add_listed(sources, day) || !add_rest(sources, day))
		return false;
	if (sources->count > 1)
		qsort(sources->items, sources->count, sizeof(*sources->items), compare_seconds);
	return true;
}

bool motion_sources_settled(const struct motion_sources *sources)
{
	const struct catalogue *catalogue = &sources->catalogue;
	struct catalogue_entry last;

	if (!sources->has_catalogue || catalogue->entries == 0 || sources->unlisted ||
	    catalogue_read(catalogue, catalogue->entries - 1, 1, &last) != 1)
		return false;
	return last.start_wall_us / US_PER_S >= sources->to_second &&
	       (catalogue->unsettled_from_us == 0 || catalogue->unsettled_from_us / US_PER_S >= sources->to_second);
}

bool motion_source_complete(const struct motion_source *source)
{
	return source->gapless && motion_is_known(source->entry.flags);
}
