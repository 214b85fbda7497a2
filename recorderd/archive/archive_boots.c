/* archive_boots.c - the boots in which an archive was recorded. */
#include "recorderd/archive/archive_boots.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"

static bool is_known(const struct catalogue_entry *entry)
{
	static const uint8_t none[sizeof(entry->boot_id)];

	return memcmp(entry->boot_id, none, sizeof(none)) != 0 && clock_is_plausible(entry->first_mono_us);
}

static bool is_at(const struct archive_boots *boots, size_t place, const struct catalogue_entry *entry)
{
	return memcmp(boots->list[place].id, entry->boot_id, sizeof(entry->boot_id)) == 0;
}

static size_t add(struct archive_boots *boots, const struct catalogue_entry *entry)
{
	if (boots->count == boots->capacity) {
		size_t capacity = boots->capacity ? boots->capacity * 2 : 16;
		struct archive_boot *list = realloc(boots->list, capacity * sizeof(*list));
		if (!list)
			return ARCHIVE_BOOT_UNKNOWN;
		boots->list = list;
		boots->capacity = capacity;
	}
	boots->list[boots->count] = (struct archive_boot){.newest_mono_us = -1};
	memcpy(boots->list[boots->count].id, entry->boot_id, sizeof(entry->boot_id));
	return boots->last = boots->count++;
}

size_t archive_boots_find(struct archive_boots *boots, const struct catalogue_entry *entry)
{
	if (!is_known(entry))
		return ARCHIVE_BOOT_UNKNOWN;
	if (boots->count && is_at(boots, boots->last, entry))
		return boots->last;
	for (size_t i = boots->count; i-- > 0;)
		if (is_at(boots, i, entry))
			return boots->last = i;
	return add(boots, entry);
}

void archive_boots_free(struct archive_boots *boots)
{
	free(boots->list);
	*boots = (struct archive_boots){0};
}
