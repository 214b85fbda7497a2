/*
 * test_motion_query.c - what is found in the records of an archive is what was put there, whatever the lists say.
 *
 * An archive of two days is made at random: segments with and without records, gaps, a clock that is set back, seconds
 * in which the detector learns. Next to it stands the truth, second by second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fcgi/motion/motion_query.h"
#include "fcgi/motion/motion_sources.h"
#include "fcgi/motion/motion_summary.h"
#include "fcgi/motion/motion_walk.h"
#include "recorderd/archive/catalogue_writer.h"

#define DAY       86400
#define FIRST_DAY INT64_C(20500)
#define BEGIN     (FIRST_DAY * DAY + 70000)
#define SECONDS   60000
#define END       (BEGIN + SECONDS)
#define SEGMENTS  200
#define BLOCKS    4000

struct truth {
	bool present;
	int segments; /* that have a record of this second */
	struct motion_record record;
};

static struct archive {
	char path[64];
	int folder;
	struct truth truth[SECONDS];
	struct catalogue_entry segments[SEGMENTS];
	size_t count;
} archive;

static uint64_t random_state;

static uint64_t chance(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static void file_write(const char *name, const void *data, size_t bytes)
{
	int fd = openat(archive.folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	close(fd);
}

static void record_make(int64_t second, struct motion_record *record)
{
	*record = (struct motion_record){.second = second, .mean_luma = (uint8_t)chance(256), .frames = 5};
	if (chance(40) == 0)
		record->flags = chance(2) ? MOTION_LEARNING : MOTION_GLOBAL;
	else if (chance(200) == 0)
		record->flags = MOTION_BLURRED;
	for (uint64_t i = !motion_is_known(record->flags) || chance(8) ? 0 : 1 + chance(6); i > 0; i--)
		motion_cells_raise(&record->cells, (int)chance(MOTION_COLUMNS), (int)chance(MOTION_ROWS),
				   (enum motion_strength)(1 + chance(3)));
}

static void truth_add(const struct motion_record *record)
{
	struct truth *truth = &archive.truth[record->second - BEGIN];

	if (truth->present)
		motion_record_join(&truth->record, record);
	else
		truth->record = *record;
	truth->present = true;
	truth->segments++;
}

static struct {
	struct motion_list_entry entries[SEGMENTS];
	struct motion_list_block blocks[BLOCKS];
	uint32_t entry_count, block_count;
} lists[3];

/* Makes the records of a segment, its file and its entry in the list. Segments before `learned` never learn. */
static void segment_make(int64_t first, int64_t end, bool listed)
{
	static struct motion_record file[4000];
	struct catalogue_entry *segment = &archive.segments[archive.count++];
	char name[SEGMENT_FILE_BYTES + 8];
	bool quiet = chance(4) == 0;
	size_t count = 1;

	*segment = (struct catalogue_entry){
		.segment_no = archive.count,
		.start_wall_us = first * US_PER_S,
		.end_wall_us = end * US_PER_S,
		.state = CATALOGUE_COMPLETE,
	};
	segment_file_name(first * US_PER_S, (unsigned)archive.count, segment->file);
	motion_header_init((struct motion_header *)&file[0], segment->segment_no);
	for (int64_t second = first; second < end; second++) {
		record_make(second, &file[count]);
		if (quiet)
			file[count].flags = 0;
		if (!quiet && chance(30) == 0)
			continue;
		truth_add(&file[count]);
		motion_record_seal(&file[count++], segment->segment_no);
	}
	assert_true(motion_file_name(segment->file, name, sizeof(name)));
	file_write(name, file, count * sizeof(file[0]));
	if (!listed)
		return;
	int64_t day = (count > 1 ? file[1].second : first) / DAY - FIRST_DAY;
	struct motion_list_entry *entry = &lists[day].entries[lists[day].entry_count++];
	*entry = (struct motion_list_entry){
		.segment_no = segment->segment_no,
		.first_second = count > 1 ? file[1].second : first,
		.end_second = count > 1 ? file[count - 1].second + 1 : first,
		.records = (uint32_t)(count - 1),
		.first_block = lists[day].block_count,
		.footage = 1,
	};
	memcpy(entry->file, segment->file, sizeof(entry->file));
	for (size_t i = 1; i < count; i++) {
		struct motion_list_block *block = &lists[day].blocks[lists[day].block_count];
		int64_t second = file[i].second / MOTION_BLOCK_SECONDS * MOTION_BLOCK_SECONDS;
		if (lists[day].block_count > entry->first_block && block[-1].second == second) {
			block--;
		} else {
			assert_true(++lists[day].block_count < BLOCKS);
			*block = (struct motion_list_block){.second = second,
							    .segment_no = (uint32_t)segment->segment_no};
		}
		entry->flags |= file[i].flags;
		motion_cells_join(&entry->cells, &file[i].cells);
		motion_cells_join(&block->cells, &file[i].cells);
		motion_list_block_seal(block);
	}
	entry->blocks = lists[day].block_count - entry->first_block;
	motion_list_entry_seal(entry);
}

static void lists_write(void)
{
	static uint8_t file[256 * (SEGMENTS + 1) + 160 * BLOCKS];
	char name[MOTION_LIST_FILE_BYTES];

	for (int day = 0; day < 3; day++) {
		struct motion_list_header header = {.entries = lists[day].entry_count,
						    .blocks = lists[day].block_count};
		size_t entries = lists[day].entry_count * sizeof(lists[day].entries[0]);
		size_t blocks = lists[day].block_count * sizeof(lists[day].blocks[0]);
		header.first_second = header.end_second = BEGIN;
		motion_list_header_seal(&header);
		memcpy(file, &header, sizeof(header));
		memcpy(file + sizeof(header), lists[day].entries, entries);
		memcpy(file + sizeof(header) + entries, lists[day].blocks, blocks);
		motion_list_name((FIRST_DAY + day) * DAY, name);
		file_write(name, file, sizeof(header) + entries + blocks);
	}
}

static int archive_make(void **state)
{
	struct reason why;
	int64_t at = BEGIN;

	(void)state;
	archive = (struct archive){.path = "/tmp/motion-query.XXXXXX"};
	memset(lists, 0, sizeof(lists));
	assert_non_null(mkdtemp(archive.path));
	archive.folder = open(archive.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	random_state = 88172645463325252u;
	while (archive.count < SEGMENTS - 1) {
		int64_t end = at + 1 + (int64_t)chance(900);
		if (end > END)
			break;
		segment_make(at, end, true);
		at = end + (chance(5) == 0 ? (int64_t)chance(300) : 0);
		/* The clock is set back: the next segments overlap these. */
		if (chance(20) == 0 && at - 1000 > BEGIN)
			at -= 1000;
	}
	segment_make(at < END - 50 ? at : END - 50, END, false);
	lists_write();
	assert_true(catalogue_write(archive.folder, 1, archive.segments, archive.count, false, &why));
	return 0;
}

static int archive_remove(void **state)
{
	char command[128];

	(void)state;
	close(archive.folder);
	snprintf(command, sizeof(command), "rm -r %s", archive.path);
	return system(command);
}

/* The spans of all seconds of the range for which `is` holds. */
static void expect_spans(const struct motion_spans *spans, const struct motion_question *question,
			 bool (*is)(const struct truth *truth, const struct motion_question *question))
{
	size_t next = 0;

	for (int64_t second = question->from_second; second < question->to_second; second++) {
		bool outside = second < BEGIN || second >= END;
		bool wanted = !outside && is(&archive.truth[second - BEGIN], question);
		while (next < spans->count && spans->items[next].to_second <= second)
			next++;
		bool found = next < spans->count && spans->items[next].from_second <= second;
		if (found != wanted)
			fail_msg("second %ld of the archive: %d", (long)(second - BEGIN), found);
	}
	for (size_t i = 0; i < spans->count; i++) {
		assert_true(spans->items[i].from_second < spans->items[i].to_second);
		assert_true(i == 0 || spans->items[i].from_second > spans->items[i - 1].to_second);
	}
}

static bool is_moving(const struct truth *truth, const struct motion_question *question)
{
	return truth->present && motion_cells_strongest(&truth->record.cells, &question->mask) >= question->least;
}

static bool is_known(const struct truth *truth, const struct motion_question *question)
{
	(void)question;
	return truth->present && motion_is_known(truth->record.flags);
}

static struct motion_question random_question(void)
{
	struct motion_question question = {.least = (enum motion_strength)(1 + chance(3))};
	int cells = chance(2) ? MOTION_CELLS : 1 + (int)chance(40);

	question.from_second = BEGIN - 500 + (int64_t)chance(SECONDS);
	question.to_second = question.from_second + 1 + (int64_t)chance(chance(2) ? 200 : SECONDS);
	for (int i = 0; i < cells; i++) {
		int cell = cells == MOTION_CELLS ? i : (int)chance(MOTION_CELLS);
		question.mask.bits[cell / 8] |= (uint8_t)(1u << cell % 8);
	}
	return question;
}

static void expect_answers(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct motion_question question = random_question();
		struct motion_found found;
		assert_true(motion_query(archive.folder, &question, &found));
		expect_spans(&found.moving, &question, is_moving);
		motion_found_free(&found);
	}
}

static void what_moves_is_found(void **state)
{
	(void)state;
	expect_answers(300);
}

static void seconds_without_a_record_are_unknown(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct motion_question question = random_question();
		struct motion_found found;
		int64_t known = 0, records = 0;
		assert_true(motion_query(archive.folder, &question, &found));
		for (size_t k = 0; k < found.covered.count; k++)
			for (int64_t at = found.covered.items[k].from_second; at < found.covered.items[k].to_second;
			     at++, known++)
				assert_true(at >= BEGIN && at < END && archive.truth[at - BEGIN].present);
		for (int64_t at = question.from_second; at < question.to_second; at++)
			records += at >= BEGIN && at < END && is_known(&archive.truth[at - BEGIN], &question);
		assert_int_equal(known, records);
		motion_found_free(&found);
	}
}

struct seen {
	int64_t last;
	size_t count;
	bool backwards;
};

static bool see(const struct motion_record *record, void *context)
{
	struct seen *seen = context;
	const struct truth *truth = &archive.truth[record->second - BEGIN];

	assert_true(seen->count == 0 || (seen->backwards ? record->second < seen->last : record->second > seen->last));
	assert_true(truth->present);
	assert_memory_equal(&record->cells, &truth->record.cells, sizeof(record->cells));
	assert_int_equal(record->flags, truth->record.flags);
	seen->last = record->second;
	seen->count++;
	return true;
}

static void seconds_come_in_order_in_both_directions(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct motion_question question = random_question();
		struct seen seen[2] = {{.backwards = false}, {.backwards = true}};
		struct motion_spans covered[2] = {{0}};
		const struct motion_need need = {.all = true};
		for (int direction = 0; direction < 2; direction++) {
			struct motion_walk walk = {
				.folder = archive.folder,
				.from_second = question.from_second,
				.to_second = question.to_second,
				.backwards = seen[direction].backwards,
				.need = &need,
				.on_second = see,
				.context = &seen[direction],
				.covered = &covered[direction],
			};
			assert_true(motion_walk_run(&walk));
		}
		assert_int_equal(seen[0].count, seen[1].count);
		assert_int_equal(covered[0].count, covered[1].count);
		if (covered[0].count > 0)
			assert_memory_equal(covered[0].items, covered[1].items,
					    covered[0].count * sizeof(covered[0].items[0]));
		motion_spans_free(&covered[0]);
		motion_spans_free(&covered[1]);
	}
}

static void summaries_say_the_same(void **state)
{
	static struct motion_second seconds[MOTION_DAY_SECONDS];
	struct motion_summaries *summaries = motion_summaries_create();
	struct motion_sources sources;
	struct motion_mask everywhere;

	(void)state;
	motion_mask_fill(&everywhere);
	assert_true(motion_sources_open(&sources, archive.folder, BEGIN, END));
	for (int round = 0; round < 2; round++) {
		for (int64_t day = FIRST_DAY; day < FIRST_DAY + 2; day++) {
			assert_true(motion_sources_load(&sources, day));
			assert_true(motion_summarise(summaries, &sources, day, seconds));
			for (int64_t i = 0; i < MOTION_DAY_SECONDS; i++) {
				int64_t at = day * DAY + i - BEGIN;
				if (at < 0 || at >= SECONDS || !archive.truth[at].present) {
					assert_int_equal(seconds[i].known + seconds[i].flags + seconds[i].strongest, 0);
					continue;
				}
				const struct motion_record *record = &archive.truth[at].record;
				assert_int_equal(seconds[i].flags, record->flags);
				assert_int_equal(seconds[i].strongest,
						 motion_cells_strongest(&record->cells, &everywhere));
				assert_int_equal(seconds[i].known, motion_is_known(record->flags));
			}
		}
	}
	motion_sources_close(&sources);
	motion_summaries_free(summaries);
}

/* Zeros, as after a power cut, in the header of every list, or in many of its entries and blocks. */
static void lists_damage(bool header)
{
	static const uint8_t zeros[64];
	char name[MOTION_LIST_FILE_BYTES];

	for (int day = 0; day < 2; day++) {
		motion_list_name((FIRST_DAY + day) * DAY, name);
		int fd = openat(archive.folder, name, O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		off_t size = lseek(fd, 0, SEEK_END);
		for (off_t at = header ? 0 : 256; at < size - 64; at += header ? size : 64 + (off_t)chance(400))
			assert_int_equal(pwrite(fd, zeros, sizeof(zeros), at), sizeof(zeros));
		close(fd);
	}
}

static void lists_that_are_damaged_or_missing_change_nothing(void **state)
{
	struct motion_question settled = {.from_second = BEGIN, .to_second = BEGIN + 1000, .least = MOTION_FAINT};
	char name[MOTION_LIST_FILE_BYTES];
	struct motion_found found;

	(void)state;
	motion_mask_fill(&settled.mask);
	assert_true(motion_query(archive.folder, &settled, &found));
	assert_true(found.settled);
	motion_found_free(&found);
	lists_damage(false);
	expect_answers(60);
	lists_damage(true);
	expect_answers(30);
	for (int day = 0; day < 3; day++) {
		motion_list_name((FIRST_DAY + day) * DAY, name);
		assert_int_equal(unlinkat(archive.folder, name, 0), 0);
	}
	expect_answers(30);
	/* But recorderd may still have to write what it knows of these segments. */
	assert_true(motion_query(archive.folder, &settled, &found));
	assert_false(found.settled);
	motion_found_free(&found);
	lists_write();
	expect_answers(30);
}

/* Removes the .motion file of every third segment, and damages a record in the middle of every third one. */
static void files_lose(void)
{
	char name[SEGMENT_FILE_BYTES + 8];

	for (size_t i = 0; i < archive.count; i++) {
		assert_true(motion_file_name(archive.segments[i].file, name, sizeof(name)));
		if (i % 3 == 0)
			assert_int_equal(unlinkat(archive.folder, name, 0), 0);
		if (i % 3 != 1)
			continue;
		int fd = openat(archive.folder, name, O_RDWR | O_CLOEXEC);
		off_t middle = lseek(fd, 0, SEEK_END) / MOTION_RECORD_BYTES / 2 * MOTION_RECORD_BYTES;
		assert_int_equal(pwrite(fd, "damage", 6, middle), 6);
		close(fd);
	}
}

/* Whatever the lists still say, no second whose record is lost is one in which nothing moved. */
static void what_was_lost_is_unknown_and_not_still(void **state)
{
	struct motion_question lost = {.from_second = BEGIN, .to_second = BEGIN + 1000, .least = MOTION_FAINT};
	struct motion_found none;
	size_t known = 0;

	(void)state;
	files_lose();
	motion_mask_fill(&lost.mask);
	assert_true(motion_query(archive.folder, &lost, &none));
	assert_false(none.settled);
	motion_found_free(&none);
	for (int i = 0; i < 200; i++) {
		struct motion_question question = random_question();
		struct motion_found found;
		assert_true(motion_query(archive.folder, &question, &found));
		for (size_t k = 0, next = 0; k < found.covered.count; k++) {
			for (int64_t at = found.covered.items[k].from_second; at < found.covered.items[k].to_second;
			     at++, known++) {
				while (next < found.moving.count && found.moving.items[next].to_second <= at)
					next++;
				bool moving = next < found.moving.count && found.moving.items[next].from_second <= at;
				/* Two segments may have the second, of which one still has its record. */
				assert_true(moving || !is_moving(&archive.truth[at - BEGIN], &question) ||
					    archive.truth[at - BEGIN].segments > 1);
			}
		}
		motion_found_free(&found);
	}
	assert_true(known > SECONDS);
}

static void an_answer_is_settled_once_everything_is_listed(void **state)
{
	struct motion_question question = {.from_second = BEGIN, .least = MOTION_FAINT};
	const struct catalogue_entry *last = &archive.segments[archive.count - 1];
	struct motion_found found;

	(void)state;
	motion_mask_fill(&question.mask);
	question.to_second = last->start_wall_us / US_PER_S;
	assert_true(motion_query(archive.folder, &question, &found));
	assert_true(found.settled);
	motion_found_free(&found);
	question.to_second++;
	assert_true(motion_query(archive.folder, &question, &found));
	assert_false(found.settled);
	motion_found_free(&found);
}

/* A segment that no list has, with records of these seconds; the one of number `moving` has movement. */
static void unlisted_make(int folder, const int *seconds, size_t count, size_t moving)
{
	struct motion_record file[16];
	struct catalogue_entry segment = {.segment_no = 1,
					  .start_wall_us = BEGIN * US_PER_S,
					  .end_wall_us = (BEGIN + 10) * US_PER_S,
					  .state = CATALOGUE_COMPLETE};
	char name[SEGMENT_FILE_BYTES + 8];
	struct reason why;

	segment_file_name(segment.start_wall_us, 1, segment.file);
	motion_header_init((struct motion_header *)&file[0], 1);
	for (size_t i = 0; i < count; i++) {
		file[i + 1] = (struct motion_record){.second = BEGIN + seconds[i], .frames = 5};
		if (i == moving)
			motion_cells_raise(&file[i + 1].cells, 3, 4, MOTION_CLEAR);
		motion_record_seal(&file[i + 1], 1);
	}
	assert_true(motion_file_name(segment.file, name, sizeof(name)));
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, file, (count + 1) * sizeof(file[0])), (count + 1) * sizeof(file[0]));
	close(fd);
	assert_true(catalogue_write(folder, 1, &segment, 1, false, &why));
}

/* A recorder-motion that was started anew within a second repeats it, and lacks some before it or after it. */
static void a_repeated_second_does_not_stand_for_one_that_is_missing(void **state)
{
	static const int repeated[] = {0, 1, 1, 3}, late[] = {0, 2, 2, 3};
	struct motion_question question = {.from_second = BEGIN, .to_second = BEGIN + 10, .least = MOTION_FAINT};
	char path[] = "/tmp/motion-query.XXXXXX", command[64];
	struct motion_found found;

	(void)state;
	motion_mask_fill(&question.mask);
	assert_non_null(mkdtemp(path));
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	unlisted_make(folder, repeated, 4, 4);
	assert_true(motion_query(folder, &question, &found));
	assert_int_equal(found.covered.count, 2);
	assert_int_equal(found.covered.items[0].to_second, BEGIN + 2);
	assert_int_equal(found.covered.items[1].from_second, BEGIN + 3);
	motion_found_free(&found);

	for (size_t moving = 1; moving <= 2; moving++) {
		unlisted_make(folder, late, 4, moving);
		question.from_second = BEGIN + 2;
		question.to_second = BEGIN + 3;
		assert_true(motion_query(folder, &question, &found));
		assert_int_equal(found.moving.count, 1);
		motion_found_free(&found);
	}
	close(folder);
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(system(command), 0);
}

/* The first segment that has all its records in one list, with movement, and overlaps no other one. */
static const struct motion_list_entry *whole_segment(void)
{
	for (uint32_t i = 1; i + 1 < lists[0].entry_count; i++) {
		const struct motion_list_entry *entry = &lists[0].entries[i];
		struct motion_mask everywhere;

		motion_mask_fill(&everywhere);
		bool whole = entry->records == entry->end_second - entry->first_second && entry->flags == 0;
		bool alone = entry[-1].end_second <= entry->first_second && entry[1].first_second >= entry->end_second;
		if (whole && alone && motion_cells_strongest(&entry->cells, &everywhere) > MOTION_NONE)
			return entry;
	}
	fail();
	return NULL;
}

/* The list says that something moved, and the file that says when is gone. */
static void seconds_whose_file_is_lost_are_unknown(void **state)
{
	const struct motion_list_entry *entry = whole_segment();
	struct motion_question question = {
		.from_second = entry->first_second, .to_second = entry->end_second, .least = MOTION_FAINT};
	char name[SEGMENT_FILE_BYTES + 8];
	struct motion_found found;

	(void)state;
	motion_mask_fill(&question.mask);
	assert_true(motion_file_name(entry->file, name, sizeof(name)));
	assert_int_equal(renameat(archive.folder, name, archive.folder, "away"), 0);
	assert_true(motion_query(archive.folder, &question, &found));
	assert_int_equal(found.covered.count, 0);
	motion_found_free(&found);
	assert_int_equal(renameat(archive.folder, "away", archive.folder, name), 0);
	assert_true(motion_query(archive.folder, &question, &found));
	assert_int_equal(found.covered.count, 1);
	motion_found_free(&found);
}

static void an_empty_folder_knows_nothing_and_a_damaged_one_is_an_error(void **state)
{
	struct motion_question question = {.from_second = BEGIN, .to_second = END, .least = MOTION_FAINT};
	char path[] = "/tmp/motion-query.XXXXXX", command[64];
	struct motion_found found;

	(void)state;
	motion_mask_fill(&question.mask);
	assert_non_null(mkdtemp(path));
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(motion_query(folder, &question, &found));
	assert_true(found.covered.count == 0 && found.moving.count == 0 && !found.settled);
	int fd = openat(folder, CATALOGUE_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "damaged", 7), 7);
	close(fd);
	assert_false(motion_query(folder, &question, &found));
	assert_int_equal(errno, EBADMSG);
	close(folder);
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_moves_is_found),
		cmocka_unit_test(seconds_without_a_record_are_unknown),
		cmocka_unit_test(seconds_come_in_order_in_both_directions),
		cmocka_unit_test(summaries_say_the_same),
		cmocka_unit_test(seconds_whose_file_is_lost_are_unknown),
		cmocka_unit_test(an_answer_is_settled_once_everything_is_listed),
		cmocka_unit_test(lists_that_are_damaged_or_missing_change_nothing),
		cmocka_unit_test(a_repeated_second_does_not_stand_for_one_that_is_missing),
		cmocka_unit_test(what_was_lost_is_unknown_and_not_still),
		cmocka_unit_test(an_empty_folder_knows_nothing_and_a_damaged_one_is_an_error),
	};

	return cmocka_run_group_tests(tests, archive_make, archive_remove);
}
