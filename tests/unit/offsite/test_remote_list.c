/* test_remote_list.c - segments of several archives in one list, day lists, and pieces that are joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offsite/remote/day_list.h"
#include "offsite/remote/piece_join.h"
#include "offsite/remote/segment_list.h"
#include "shared/base/crc32c.h"
#include "tests/unit/support/media_cases.h"

#define OLD   "ffeeddccbbaa99887766554433221100"
#define NEW   "00112233445566778899aabbccddeeff"
#define S(n)  ((int64_t)(n)*1000000)
#define DAY_S 86400

static struct remote_segment segment(const char *archive, uint64_t number, int64_t start_s, const char *file)
{
	struct remote_segment made = {
		.entry = {.segment_no = number,
			  .run_no = 1,
			  .start_wall_us = S(start_s),
			  .end_wall_us = S(start_s + 600),
			  .state = CATALOGUE_COMPLETE},
		.object_start_us = S(start_s),
	};

	snprintf(made.archive, sizeof(made.archive), "%s", archive);
	snprintf(made.entry.file, sizeof(made.entry.file), "%s", file);
	return made;
}

static void archives_are_joined_in_the_order_of_time(void **state)
{
	/* The new disk's recorder began to count again; its clock was set back once. */
	struct remote_segment segments[] = {
		segment(NEW, 3, 9000, "recording_19700101_023000.mp4"),
		segment(NEW, 1, 8000, "recording_19700101_021320.mp4"),
		segment(NEW, 2, 7500, "recording_19700101_020500.mp4"),
		segment(OLD, 2, 2000, "recording_19700101_003320.mp4"),
		segment(OLD, 1, 1000, "recording_19700101_001640.mp4"),
	};

	(void)state;
	segment_list_finish(segments, 5);
	const uint64_t numbers[] = {1, 2, 1, 2, 3};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(segments[i].entry.segment_no, numbers[i]);
		assert_string_equal(segments[i].archive, i < 2 ? OLD : NEW);
		assert_int_equal(segments[i].entry.run_no, i < 2 ? 1 : (UINT64_C(1) << 48) + 1);
		assert_true(catalogue_entry_valid(&segments[i].entry));
		assert_true(segments[i].entry.flags & SEGMENT_PARTIAL);
		assert_true(i == 0 || segments[i].entry.max_end_wall_us >= segments[i - 1].entry.max_end_wall_us);
		assert_true(i == 0 || segments[i].entry.min_start_wall_us >= segments[i - 1].entry.min_start_wall_us);
	}
	assert_int_equal(segments[2].entry.min_start_wall_us, S(7500));
}

static void two_archives_with_one_file_name_get_two(void **state)
{
	const char *file = "recording_19700101_001640.mp4";
	struct remote_segment segments[] = {segment(NEW, 1, 1001, file), segment(OLD, 1, 1000, file)};

	(void)state;
	segment_list_finish(segments, 2);
	assert_string_equal(segments[0].archive, OLD);
	assert_string_equal(segments[0].entry.file, file);
	assert_true(segment_file_valid(segments[1].entry.file));
	assert_string_not_equal(segments[1].entry.file, file);
	char first[SEGMENT_FILE_BYTES];
	memcpy(first, segments[1].entry.file, sizeof(first));

	/* The name is the same the next time. */
	struct remote_segment again[] = {segment(OLD, 1, 1000, file), segment(NEW, 1, 1001, file)};
	segment_list_finish(again, 2);
	assert_string_equal(again[1].entry.file, first);
}

/* A list of one day with one entry, sealed. */
static void make_day(struct ship_list_header *header, struct ship_list_entry *entry)
{
	ship_list_header_make(header, SHIP_LIST_DAY_MAGIC, OLD, "door", NULL);
	header->entries = 1;
	header->day_us = S(DAY_S);
	ship_list_header_seal(header);
	*entry = (struct ship_list_entry){.segment = segment(OLD, 7, DAY_S + 5, "recording_19700102_000005.mp4").entry,
					  .object_start_us = S(DAY_S + 5),
					  .media_bytes = 1000,
					  .index_bytes = 64};
	entry->segment.crc = crc32c(0, &entry->segment, offsetof(struct catalogue_entry, crc));
	ship_list_entry_seal(entry);
}

static bool reads(const struct ship_list_header *header, const struct ship_list_entry *entry, size_t bytes)
{
	struct object_name name = {.kind = OBJECT_DAY, .camera = "door", .archive = OLD, .start_us = S(DAY_S)};
	uint8_t file[2 * SHIP_LIST_ENTRY_BYTES];
	struct ship_list_entry *entries;
	size_t count;

	memcpy(file, header, sizeof(*header));
	memcpy(file + sizeof(*header), entry, sizeof(*entry));
	bool good = day_list_parse(file, bytes, &name, &entries, &count);
	if (good)
		assert_int_equal(entries[0].segment.segment_no, 7);
	free(entries);
	return good;
}

static void a_day_list_is_whole_and_of_its_day_or_is_refused(void **state)
{
	struct ship_list_header header;
	struct ship_list_entry entry;

	(void)state;
	make_day(&header, &entry);
	assert_true(reads(&header, &entry, 512));
	assert_false(reads(&header, &entry, 511));
	assert_false(reads(&header, &entry, 256));
	header.day_us = 0;
	ship_list_header_seal(&header);
	assert_false(reads(&header, &entry, 512));
	make_day(&header, &entry);
	snprintf(header.camera, sizeof(header.camera), "yard");
	ship_list_header_seal(&header);
	assert_false(reads(&header, &entry, 512));
	make_day(&header, &entry);
	entry.media_bytes = UINT64_MAX;
	ship_list_entry_seal(&entry);
	assert_false(reads(&header, &entry, 512));
	make_day(&header, &entry);
	entry.encryption = 1;
	ship_list_entry_seal(&entry);
	assert_false(reads(&header, &entry, 512));
	make_day(&header, &entry);
	entry.media_bytes++;
	assert_false(reads(&header, &entry, 512));
}

static struct object_name piece(uint64_t media_at, uint64_t media_bytes, uint64_t index_at, uint64_t index_bytes)
{
	return (struct object_name){.kind = OBJECT_PIECE,
				    .media_at = media_at,
				    .media_bytes = media_bytes,
				    .index_at = index_at,
				    .index_bytes = index_bytes};
}

static enum piece_outcome take(struct piece_join *join, struct object_name name, struct piece_part *media,
			       struct piece_part *index)
{
	enum piece_outcome outcome = piece_join_take(join, &name, media, index);

	if (outcome == PIECE_NEW) {
		join->media_end += media->bytes;
		join->index_end += index->bytes;
	}
	return outcome;
}

static void pieces_overlap_and_a_hole_ends_them(void **state)
{
	struct piece_join join = {0};
	struct piece_part media, index;

	(void)state;
	assert_int_equal(take(&join, piece(5, 10, 0, 32), &media, &index), PIECE_HOLE);
	assert_int_equal(take(&join, piece(0, 100, 0, 64), &media, &index), PIECE_NEW);
	assert_int_equal(media.bytes, 100);
	assert_int_equal(index.skip, 100);
	/* The answer was lost, so the next piece begins at the same place, and is longer. */
	assert_int_equal(take(&join, piece(0, 250, 0, 160), &media, &index), PIECE_NEW);
	assert_int_equal(media.skip, 100);
	assert_int_equal(media.at, 100);
	assert_int_equal(media.bytes, 150);
	assert_int_equal(index.skip, 250 + 64);
	assert_int_equal(index.at, 64);
	assert_int_equal(index.bytes, 96);
	assert_int_equal(take(&join, piece(100, 150, 64, 96), &media, &index), PIECE_OLD);
	assert_int_equal(take(&join, piece(300, 50, 160, 32), &media, &index), PIECE_HOLE);
	assert_int_equal(take(&join, piece(250, 50, 192, 32), &media, &index), PIECE_HOLE);
	assert_int_equal(take(&join, piece(250, 50, 160, 32), &media, &index), PIECE_NEW);
	assert_int_equal(take(&join, piece(300, 50, 192, 33), &media, &index), PIECE_BAD);
	assert_int_equal(take(&join, piece(300, UINT64_C(1) << 40, 192, 32), &media, &index), PIECE_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives_are_joined_in_the_order_of_time),
		cmocka_unit_test(two_archives_with_one_file_name_get_two),
		cmocka_unit_test(a_day_list_is_whole_and_of_its_day_or_is_refused),
		cmocka_unit_test(pieces_overlap_and_a_hole_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
