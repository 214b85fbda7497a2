/* motion_day.c - reads, changes and writes the list of the .motion files of one day. */
#include "recorderd/lists/motion_day.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/lists/replacement.h"

int64_t motion_day_of(const struct motion_day_segment *segment, const struct motion_record *records, size_t count)
{
	return (count ? records[0].second : segment->second) / SECONDS_PER_DAY;
}

bool motion_day_of_name(const char *name, int64_t *day)
{
	struct tm utc = {.tm_mday = 0};

	if (!motion_list_name_valid(name) ||
	    sscanf(name, "motion_%4d%2d%2d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday) != 3)
		return false;
	utc.tm_year -= 1900;
	utc.tm_mon--;
	*day = timegm(&utc) / SECONDS_PER_DAY;
	return true;
}

/* Takes ownership of *entry's blocks. */
static bool append(struct motion_day *day, const struct motion_day_entry *entry)
{
	if (day->count == day->capacity) {
		size_t capacity = day->capacity ? day->capacity * 2 : 64;
		struct motion_day_entry *entries = realloc(day->entries, capacity * sizeof(*entries));
		if (!entries) {
			free(entry->blocks);
			return false;
		}
		day->entries = entries;
		day->capacity = capacity;
	}
	day->entries[day->count++] = *entry;
	return true;
}

/* The blocks of a valid entry; NULL if one of them is not valid, or without memory. */
static struct motion_list_block *load_blocks(const struct motion_list *list, const struct motion_list_entry *entry)
{
	struct motion_list_block *blocks = calloc((size_t)entry->blocks + 1, sizeof(*blocks));
	bool good = blocks && motion_list_read_blocks(list, entry->first_block, entry->blocks, blocks) == entry->blocks;

	for (uint32_t i = 0; good && i < entry->blocks; i++)
		good = motion_list_block_valid(entry, &blocks[i]);
	if (good)
		return blocks;
	free(blocks);
	return NULL;
}

bool motion_day_load(struct motion_day *out, int folder, int64_t day)
{
	char file[MOTION_LIST_FILE_BYTES];
	struct motion_list list;
	uint32_t next_block = 0;
	bool good = true;

	*out = (struct motion_day){.day = day};
	motion_list_name(day * SECONDS_PER_DAY, file);
	if (motion_list_open(folder, file, &list) != MOTION_OK)
		return true;
	for (uint32_t i = 0; good && i < list.header.entries; i++) {
		struct motion_day_entry loaded;

		if (motion_list_read(&list, i, 1, &loaded.entry) != 1 ||
		    !motion_list_entry_valid(&list.header, &loaded.entry) || loaded.entry.first_block < next_block)
			continue;
		next_block = loaded.entry.first_block + loaded.entry.blocks;
		loaded.blocks = load_blocks(&list, &loaded.entry);
		good = !loaded.blocks || append(out, &loaded);
	}
	motion_list_close(&list);
	return good;
}

static size_t count_blocks(const struct motion_record *records, size_t count)
{
	size_t blocks = 0;

	for (size_t i = 0; i < count; i++)
		blocks += i == 0 ||
			  records[i].second / MOTION_BLOCK_SECONDS != records[i - 1].second / MOTION_BLOCK_SECONDS;
	return blocks;
}

static void fill(struct motion_day_entry *into, const struct motion_record *records, size_t count)
{
	struct motion_list_entry *entry = &into->entry;
	struct motion_list_block *block = into->blocks;

	for (size_t i = 0; i < count; i++) {
		int64_t second = records[i].second - records[i].second % MOTION_BLOCK_SECONDS;
		if (i > 0 && block->second != second)
			block++;
		block->second = second;
		block->segment_no = (uint32_t)entry->segment_no;
		motion_cells_join(&block->cells, &records[i].cells);
		motion_cells_join(&entry->cells, &records[i].cells);
		entry->flags |= records[i].flags;
	}
}

static void remove_file(struct motion_day *day, const char *file)
{
	for (size_t i = day->count; i-- > 0;)
		if (strcmp(day->entries[i].entry.file, file) == 0)
			motion_day_remove(day, i);
}

bool motion_day_put(struct motion_day *day, const struct motion_day_segment *segment,
		    const struct motion_record *records, size_t count)
{
	size_t blocks = count_blocks(records, count);
	struct motion_day_entry new = {
		.entry =
			{
				.segment_no = segment->segment_no,
				.first_second = count ? records[0].second : segment->second,
				.end_second = count ? records[count - 1].second + 1 : segment->second,
				.records = (uint32_t)count,
				.blocks = (uint32_t)blocks,
				.footage = segment->footage,
			},
		.blocks = calloc(blocks + 1, sizeof(*new.blocks)),
	};

	if (!new.blocks)
		return false;
	snprintf(new.entry.file, sizeof(new.entry.file), "%s", segment->file);
	fill(&new, records, count);
	remove_file(day, segment->file);
	return append(day, &new);
}

void motion_day_remove(struct motion_day *day, size_t at)
{
	free(day->entries[at].blocks);
	day->count--;
	memmove(&day->entries[at], &day->entries[at + 1], (day->count - at) * sizeof(*day->entries));
}

static int by_number(const void *a, const void *b)
{
	const struct motion_list_entry *left = &((const struct motion_day_entry *)a)->entry;
	const struct motion_list_entry *right = &((const struct motion_day_entry *)b)->entry;

	if (left->segment_no != right->segment_no)
		return left->segment_no < right->segment_no ? -1 : 1;
	return strcmp(left->file, right->file);
}

static void seal(struct motion_day *day, struct motion_list_header *header)
{
	*header = (struct motion_list_header){.entries = (uint32_t)day->count};
	header->first_second = INT64_MAX;
	for (size_t i = 0; i < day->count; i++) {
		struct motion_list_entry *entry = &day->entries[i].entry;

		entry->first_block = header->blocks;
		header->blocks += entry->blocks;
		motion_list_entry_seal(entry);
		for (uint32_t k = 0; k < entry->blocks; k++)
			motion_list_block_seal(&day->entries[i].blocks[k]);
		if (entry->first_second < header->first_second)
			header->first_second = entry->first_second;
		if (entry->end_second > header->end_second)
			header->end_second = entry->end_second;
	}
	motion_list_header_seal(header);
}

bool motion_day_write(struct motion_day *day, int folder, struct reason *why)
{
	char file[MOTION_LIST_FILE_BYTES];
	struct motion_list_header header;
	struct replacement new;

	motion_list_name(day->day * SECONDS_PER_DAY, file);
	if (day->count == 0)
		return unlinkat(folder, file, 0) == 0 || errno == ENOENT || reason_errno(why, "cannot delete %s", file);
	qsort(day->entries, day->count, sizeof(*day->entries), by_number);
	seal(day, &header);
	if (!replacement_begin(&new, folder, file, true, why))
		return false;
	bool good = replacement_write(&new, &header, sizeof(header), why);
	for (size_t i = 0; good && i < day->count; i++)
		good = replacement_write(&new, &day->entries[i].entry, sizeof(day->entries[i].entry), why);
	for (size_t i = 0; good && i < day->count; i++)
		good = replacement_write(&new, day->entries[i].blocks,
					 day->entries[i].entry.blocks * sizeof(*day->entries[i].blocks), why);
	return replacement_end(&new, good, why);
}

void motion_day_free(struct motion_day *day)
{
	for (size_t i = 0; i < day->count; i++)
		free(day->entries[i].blocks);
	free(day->entries);
	*day = (struct motion_day){0};
}
