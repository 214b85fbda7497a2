/* motion_scan.c - reads a whole .motion file. */
#include "fcgi/motion/motion_scan.h"

#include <stdio.h>

#include "shared/base/disk_pulse.h"

#define RECORDS_PER_READ 256

static void take(const struct motion_record *record, struct motion_list_entry *entry, bool *gapless)
{
	if (entry->records > 0 && record->second != entry->end_second)
		*gapless = false;
	if (entry->records == 0 || record->second < entry->first_second)
		entry->first_second = record->second;
	if (entry->records == 0 || record->second >= entry->end_second)
		entry->end_second = record->second + 1;
	entry->records++;
	entry->flags |= record->flags;
	motion_cells_join(&entry->cells, &record->cells);
}

static void read_records(const struct motion_reader *reader, struct motion_list_entry *entry, bool *gapless)
{
	struct motion_record records[RECORDS_PER_READ];
	size_t got;

	do {
		got = motion_reader_read(reader, entry->records, RECORDS_PER_READ, records);
		for (size_t i = 0; i < got; i++)
			take(&records[i], entry, gapless);
	} while (got == RECORDS_PER_READ);
}

bool motion_scan(int folder, const char *segment_file, uint64_t segment_no, struct motion_list_entry *out,
		 bool *gapless)
{
	char name[SEGMENT_FILE_BYTES + 8];
	struct motion_reader reader;

	*out = (struct motion_list_entry){.segment_no = segment_no};
	*gapless = true;
	snprintf(out->file, sizeof(out->file), "%s", segment_file);
	disk_pulse();
	if (!motion_file_name(segment_file, name, sizeof(name)))
		return true;
	switch (motion_reader_open(folder, name, segment_no, &reader)) {
	case MOTION_ERROR:
		return false;
	case MOTION_INVALID:
	case MOTION_MISSING:
		return true;
	case MOTION_OK:
		break;
	}
	read_records(&reader, out, gapless);
	motion_reader_close(&reader);
	return true;
}
