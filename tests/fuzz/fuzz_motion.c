/*
 * fuzz_motion.c - a .motion file, and the list of a day.
 *
 * Reading never returns more than the file has room for, and the same whether it is done one by one or all at once.
 * After the repair a .motion file is whole, in order, and has what the repair returned; a second repair changes
 * nothing. The list that is made of it is valid, and so is any list that was read and written again. Input: the file,
 * which is read as either, unchanged and with corrected CRCs.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include "recorderd/lists/motion_day.h"
#include "recorderd/lists/segment_activity.h"
#include "recorderd/repair/motion_file.h"
#include "shared/base/log.h"
#include "shared/motion/motion_list.h"
#include "shared/motion/motion_record.h"

#define SEGMENT     "recording_20270115_080000.mp4"
#define MOTION      "recording_20270115_080000.motion"
#define SEGMENT_NO  41
#define DAY         INT64_C(20833) /* 2027-01-15 */
#define RECORDS_MAX 256u

static void check_reader(size_t size)
{
	struct motion_record records[RECORDS_MAX], one;
	struct motion_reader reader;

	if (motion_reader_open(scratch_folder(), MOTION, 0, &reader) == MOTION_OK) {
		uint64_t count = motion_reader_count(&reader);
		size_t good = motion_reader_read(&reader, 0, RECORDS_MAX, records);
		holds(count == size / MOTION_RECORD_BYTES - 1 && good <= count);
		for (size_t i = 0; i < good; i++) {
			holds(motion_record_valid(&records[i], reader.segment_no));
			holds(motion_reader_read(&reader, i, 1, &one) == 1 &&
			      memcmp(&one, &records[i], sizeof(one)) == 0);
		}
		holds(motion_reader_read(&reader, count, 1, &one) == 0);
	}
	motion_reader_close(&reader);
}

/* Every entry and block of the list is valid; its entries are of existing segment names. */
static uint32_t check_list(void)
{
	char file[MOTION_LIST_FILE_BYTES];
	struct motion_list list;
	struct motion_list_entry entry;
	struct motion_list_block block;
	uint32_t entries = 0;

	motion_list_name(DAY * SECONDS_PER_DAY, file);
	if (motion_list_open(scratch_folder(), file, &list) != MOTION_OK)
		return 0;
	for (; entries < list.header.entries; entries++) {
		holds(motion_list_read(&list, entries, 1, &entry) == 1);
		holds(motion_list_entry_valid(&list.header, &entry) && segment_file_valid(entry.file));
		for (uint32_t i = 0; i < entry.blocks; i++)
			holds(motion_list_read_blocks(&list, entry.first_block + i, 1, &block) == 1 &&
			      motion_list_block_valid(&entry, &block));
	}
	motion_list_close(&list);
	return entries;
}

static void write_list(struct motion_day *day)
{
	struct reason why;
	size_t count = day->count;

	holds(motion_day_write(day, scratch_folder(), &why));
	holds(check_list() == count);
}

static void list_records(const struct motion_record *records, size_t count)
{
	struct catalogue_entry segment = {.end_wall_us = 60 * US_PER_S};
	struct motion_day_segment listed = {.segment_no = SEGMENT_NO, .file = SEGMENT, .footage = true};
	struct motion_day day = {.day = DAY};

	holds(segment_activity_of_records(&segment, records, count) != ACTIVITY_FAINT);
	if (motion_day_put(&day, &listed, records, count)) {
		holds(day.count == 1 && day.entries[0].entry.records == count);
		write_list(&day);
	}
	motion_day_free(&day);
}

static void check_repair(uint64_t segment_no, int64_t first_second, int64_t end_second)
{
	struct motion_file_owner owner = {SEGMENT, segment_no, 0, first_second, end_second};
	struct buffer first = {0}, second = {0};
	enum motion_outcome outcome = motion_file_repair(scratch_folder(), &owner, &first);
	const struct motion_record *records = (const struct motion_record *)(const void *)first.data;
	size_t count = first.length / sizeof(*records);

	holds(outcome == MOTION_OK || outcome == MOTION_INVALID);
	for (size_t i = 0; i < count; i++)
		holds(i == 0 || records[i].second > records[i - 1].second);
	if (outcome == MOTION_OK) {
		struct motion_reader reader;
		holds(motion_reader_open(scratch_folder(), MOTION, segment_no, &reader) == MOTION_OK);
		holds(motion_reader_count(&reader) == count);
		motion_reader_close(&reader);
		holds(motion_file_repair(scratch_folder(), &owner, &second) == MOTION_OK);
		holds(second.length == first.length && (!count || memcmp(second.data, first.data, first.length) == 0));
		list_records(records, count);
	}
	buffer_free(&first);
	buffer_free(&second);
}

static void check_motion(const uint8_t *data, size_t size)
{
	struct reason why;

	scratch_write(MOTION, data, size);
	check_reader(size);
	check_repair(0, 0, CLOCK_MAX_US / US_PER_S);
	scratch_write(MOTION, data, size);
	check_repair(SEGMENT_NO, DAY * SECONDS_PER_DAY, (DAY + 1) * SECONDS_PER_DAY);
	scratch_write(MOTION, data, size);
	motion_file_redate(scratch_folder(), SEGMENT, SEGMENT_NO, 1, 3 * US_PER_S, &why);
	check_repair(0, 0, CLOCK_MAX_US / US_PER_S);
	scratch_remove(MOTION);
}

static void check_day(const uint8_t *data, size_t size)
{
	char file[MOTION_LIST_FILE_BYTES];
	struct motion_day day;

	motion_list_name(DAY * SECONDS_PER_DAY, file);
	scratch_write(file, data, size);
	if (motion_day_load(&day, scratch_folder(), DAY))
		write_list(&day);
	motion_day_free(&day);
	scratch_remove(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed = input_copy(data, size);

	log_set_level(LOG_ERROR);
	check_motion(data, size);
	check_day(data, size);
	seal_motion(sealed, size);
	check_motion(sealed, size);
	memcpy(sealed, data, size);
	seal_motion_list(sealed, size);
	check_day(sealed, size);
	free(sealed);
	return 0;
}
