/* day_list.c - reads a day list from the store. */
#include "offsite/remote/day_list.h"

#include <stdlib.h>
#include <string.h>

#include "shared/segment/index.h"

#define MEDIA_BYTES_MAX  (UINT64_C(1) << 42)
#define INDEX_BYTES_MAX  (UINT64_C(1) << 31)
#define MOTION_BYTES_MAX (UINT64_C(1) << 28)

static bool header_matches(const struct ship_list_header *header, const struct object_name *name, size_t entries)
{
	return ship_list_header_valid(header, SHIP_LIST_DAY_MAGIC) && header->entries == entries &&
	       header->day_us == name->start_us && strcmp(header->archive, name->archive) == 0 &&
	       strcmp(header->camera, name->camera) == 0;
}

static bool entry_usable(const struct ship_list_entry *entry)
{
	return ship_list_entry_valid(entry) && entry->encryption == 0 && entry->media_bytes > 0 &&
	       entry->media_bytes <= MEDIA_BYTES_MAX && entry->index_bytes >= INDEX_RECORD_BYTES &&
	       entry->index_bytes <= INDEX_BYTES_MAX && entry->motion_bytes <= MOTION_BYTES_MAX;
}

bool day_list_parse(const void *data, size_t length, const struct object_name *name, struct ship_list_entry **out,
		    size_t *count)
{
	struct ship_list_header header;

	*out = NULL;
	*count = 0;
	if (length < sizeof(header) || length % SHIP_LIST_ENTRY_BYTES != 0)
		return false;
	memcpy(&header, data, sizeof(header));
	size_t entries = length / SHIP_LIST_ENTRY_BYTES - 1;
	if (!header_matches(&header, name, entries))
		return false;
	if (entries == 0)
		return true;
	struct ship_list_entry *copy = malloc(entries * sizeof(*copy));
	if (!copy)
		return false;
	memcpy(copy, (const char *)data + sizeof(header), entries * sizeof(*copy));
	for (size_t i = 0; i < entries; i++) {
		if (!entry_usable(&copy[i])) {
			free(copy);
			return false;
		}
	}
	*out = copy;
	*count = entries;
	return true;
}
