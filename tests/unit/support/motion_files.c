/* motion_files.c - .motion files and their lists in the folder of an archive. */
#include "tests/unit/support/motion_files.h"

#include <fcntl.h>
#include <unistd.h>

#define DAY_S 86400

struct motion_listed motion_listed;

int64_t ago(double hours)
{
	return wall_now().us - (int64_t)(hours * (double)HOUR_US);
}

const char *motion_path(const char *segment)
{
	char name[SEGMENT_FILE_BYTES];

	assert_true(motion_file_name(segment, name, sizeof(name)));
	return recording_path(name);
}

/* The name of the segment of that time. */
const char *file_at(int64_t wall_us)
{
	static char name[SEGMENT_FILE_BYTES];

	segment_file_name(wall_us, 1, name);
	return name;
}

bool motion_exists(int64_t wall_us)
{
	return access(motion_path(file_at(wall_us)), F_OK) == 0;
}

struct motion_record record_of(int64_t second, int column, enum motion_strength strength, uint64_t segment_no)
{
	struct motion_record record = {.second = second, .frames = 5};

	motion_cells_raise(&record.cells, column, 4, strength);
	record.moving_cells = (uint16_t)motion_cells_count(&record.cells);
	motion_record_seal(&record, segment_no);
	return record;
}

/* Appends the header of a .motion file. */
void add_header(struct buffer *out, uint64_t segment_no, int64_t wall_us)
{
	struct motion_header header;

	motion_header_init(&header, segment_no);
	header.first_wall_us = wall_us;
	motion_header_seal(&header);
	buffer_append(out, &header, sizeof(header));
}

void add_record(struct buffer *out, int64_t second, int column, enum motion_strength strength, uint64_t segment_no)
{
	struct motion_record record = record_of(second, column, strength, segment_no);

	buffer_append(out, &record, sizeof(record));
}

void write_motion(int64_t wall_us, struct buffer *bytes)
{
	file_write(motion_path(file_at(wall_us)), bytes->data, bytes->length);
	buffer_free(bytes);
}

/* A .motion file with records of the first two seconds. */
void put_motion(uint64_t segment_no, int64_t wall_us, enum motion_strength strength)
{
	struct buffer bytes = {0};

	add_header(&bytes, segment_no, wall_us);
	add_record(&bytes, wall_us / US_PER_S, 7, strength, segment_no);
	add_record(&bytes, wall_us / US_PER_S + 1, 8, strength, segment_no);
	write_motion(wall_us, &bytes);
}

void put_both(uint64_t segment_no, int64_t wall_us, enum motion_strength strength)
{
	put_segment_at(segment_no, wall_us);
	put_motion(segment_no, wall_us, strength);
}

/* One start and stop of the archive. */
void one_round(void)
{
	assert_true(archive_case_open().recovered);
	close_and_list();
}

const char *list_path(int64_t wall_us)
{
	char name[MOTION_LIST_FILE_BYTES];

	motion_list_name(wall_us / US_PER_S, name);
	return recording_path(name);
}

/* Reads the list of a day; returns how many entries it has, or -1 without one. Everything in it must be valid. */
int read_day(int64_t wall_us)
{
	struct motion_list reader;
	enum motion_outcome outcome = motion_list_open(AT_FDCWD, list_path(wall_us), &reader);

	if (outcome == MOTION_MISSING)
		return -1;
	assert_int_equal(outcome, MOTION_OK);
	motion_listed.header = reader.header;
	assert_true(motion_listed.header.entries <= ENTRIES_MAX && motion_listed.header.blocks <= BLOCKS_MAX);
	assert_int_equal(motion_list_read(&reader, 0, ENTRIES_MAX, motion_listed.entries),
			 motion_listed.header.entries);
	assert_int_equal(motion_list_read_blocks(&reader, 0, BLOCKS_MAX, motion_listed.blocks),
			 motion_listed.header.blocks);
	for (uint32_t i = 0; i < motion_listed.header.entries; i++) {
		const struct motion_list_entry *entry = &motion_listed.entries[i];
		assert_true(motion_list_entry_valid(&motion_listed.header, entry));
		for (uint32_t k = 0; k < entry->blocks; k++)
			assert_true(motion_list_block_valid(entry, &motion_listed.blocks[entry->first_block + k]));
	}
	motion_list_close(&reader);
	return (int)motion_listed.header.entries;
}

/* A time of yesterday (UTC), so that all segments of a case are in one motion_listed. */
int64_t yesterday(int64_t second)
{
	int64_t midnight = wall_now().us / US_PER_S / DAY_S * DAY_S;

	return (midnight - DAY_S + 43200 + second) * US_PER_S + 200000;
}
