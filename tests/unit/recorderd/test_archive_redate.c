/* test_archive_redate.c - footage of a clock that was wrong at boot gets its true time once the clock is right. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/archive/archive_internal.h"
#include "tests/unit/support/archive_cases.h"

#define WRONG_US     (90 * US_PER_S) /* in 1970 */
#define OLD_US       (MEDIA_WALL_US - 100 * HOUR_US)
#define TOLERANCE_US (20 * US_PER_MS) /* between two readings of the clocks */
#define WRONG_FILE   "recording_19700101_000130.mp4"

#define RUN(...)                                                                                                       \
	do {                                                                                                           \
		struct buffer output = output_of(__VA_ARGS__);                                                         \
		buffer_free(&output);                                                                                  \
	} while (0)

static void this_boot(uint8_t out[16])
{
	clock_boot_id(out);
}

static void other_boot(uint8_t out[16])
{
	memset(out, 7, 16);
}

/*
 * A segment of so many seconds ago by the monotonic clock, with the given time, flags and cause of the gap before it.
 * Returns its true time.
 */
static int64_t put_after(enum gap_cause cause, uint64_t segment_no, void (*boot)(uint8_t out[16]), int64_t wall_us,
			 int64_t ago_s, uint16_t flags, char name[SEGMENT_FILE_BYTES])
{
	struct segment_info info = {
		.segment_no = segment_no,
		.run_no = segment_no,
		.first_wall_us = wall_us,
		.first_mono_us = mono_now().us - ago_s * US_PER_S,
		.last_wall_us = OLD_US,
		.gap_cause = cause,
		.flags = flags,
	};

	boot(info.boot_id);
	put_segment(&info, name);
	return info.first_mono_us + clock_offset_us();
}

static int64_t put(uint64_t segment_no, void (*boot)(uint8_t out[16]), int64_t wall_us, int64_t ago_s, uint16_t flags,
		   char name[SEGMENT_FILE_BYTES])
{
	return put_after(GAP_NONE, segment_no, boot, wall_us, ago_s, flags, name);
}

/* catalogue_header.unsettled_from_us; -1: there is no list. */
static int64_t unsettled_from_us(void)
{
	struct catalogue list;
	int fd = open(archive_case.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	enum catalogue_outcome outcome = catalogue_open(fd, &list);
	int64_t from_us = outcome == CATALOGUE_OK ? list.unsettled_from_us : -1;
	assert_true(outcome == CATALOGUE_OK || outcome == CATALOGUE_MISSING);
	catalogue_close(&list);
	close(fd);
	return from_us;
}

static void open_and_list(void)
{
	archive_case_open();
	close_and_list();
}

/* Opens the archive and closes it once no time in it may change any more. */
static void open_and_settle(void)
{
	archive_case_open();
	for (int i = 0; unsettled_from_us() != 0; i++) {
		assert_true(i < 60000);
		usleep(1000);
	}
	close_and_list();
}

/* Fails unless the segment is the `at`-th one listed, began about then, and agrees in all its files. */
static void assert_redated(size_t at, int64_t wall_us)
{
	const struct catalogue_entry *entry = &archive_case.listed[at];
	char name[SEGMENT_FILE_BYTES], index_file[SEGMENT_FILE_BYTES];
	struct segment_layout layout;
	struct index_reader index;
	struct index_record records[SMALL];

	assert_true(entry->start_wall_us >= wall_us - TOLERANCE_US && entry->start_wall_us <= wall_us + TOLERANCE_US);
	segment_file_name(entry->start_wall_us, 1, name);
	assert_int_equal(strncmp(entry->file, name, strlen("recording_20260101_000000")), 0);
	assert_int_equal(entry->flags, SEGMENT_CLOCK_SYNCHRONISED);
	assert_int_equal(entry->end_wall_us - entry->start_wall_us, media_time_us(SMALL));

	int fd = open(recording_path(entry->file), O_RDONLY | O_CLOEXEC);
	assert_int_equal(segment_read_layout(fd, &layout), SEGMENT_OK);
	assert_int_equal(layout.form, SEGMENT_COMPLETE);
	assert_int_equal(layout.info.first_wall_us, entry->start_wall_us);
	assert_int_equal(layout.info.flags, SEGMENT_CLOCK_SYNCHRONISED);
	segment_layout_free(&layout);
	close(fd);

	index_name(entry->file, index_file, sizeof(index_file));
	int folder = open(archive_case.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(index_reader_open(folder, index_file, entry->segment_no, &index), INDEX_OK);
	assert_int_equal(index.first_wall_us, entry->start_wall_us);
	assert_int_equal(index_reader_read(&index, 0, SMALL, records), SMALL);
	for (size_t i = 0; i < SMALL; i++)
		assert_int_equal(records[i].wall_us, entry->start_wall_us + media_time_us(i));
	index_reader_close(&index);
	close(folder);
}

static void a_wrong_time_is_corrected_once_the_clock_is_synchronised(void **state)
{
	char name[SEGMENT_FILE_BYTES];
	struct decoded frames[MEDIA_FRAMES * 2];

	(void)state;
	int64_t true_us = put(1, this_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	open_and_list();
	assert_string_equal(archive_case.listed[0].file, WRONG_FILE);
	assert_int_equal(unsettled_from_us(), OLD_US);

	fake_ntp.is_synchronised = true;
	open_and_settle();
	ASSERT_LISTED(1);
	assert_redated(0, true_us);
	assert_int_equal(unsettled_from_us(), 0);
	assert_false(recording_exists(WRONG_FILE));
	assert_false(recording_exists("recording_19700101_000130.idx"));
	assert_int_equal(decode(recording_path(archive_case.listed[0].file), frames), SMALL);

	/* Once: a clock that is set later moves nothing. */
	int64_t start_us = archive_case.listed[0].start_wall_us;
	fake_clock.wall_ahead_us += HOUR_US;
	open_and_settle();
	assert_int_equal(archive_case.listed[0].start_wall_us, start_us);
	fake_clock.wall_ahead_us -= HOUR_US;
}

static void segments_keep_their_order_and_distance(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	fake_ntp.is_synchronised = true;
	put(1, other_boot, OLD_US, 99999, 0, name);
	int64_t second_us = put(2, this_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	int64_t third_us = put(3, this_boot, WRONG_US + 60 * US_PER_S, 240, SEGMENT_CLOCK_DOUBTFUL, name);
	put(4, this_boot, wall_now().us - 100 * US_PER_S, 100, SEGMENT_CLOCK_SYNCHRONISED, name);
	open_and_settle();
	ASSERT_LISTED(1, 2, 3, 4);
	assert_int_equal(archive_case.listed[0].start_wall_us, OLD_US);
	assert_redated(1, second_us);
	assert_redated(2, third_us);
	assert_int_equal(unsettled_from_us(), 0);
}

static void a_name_that_is_taken_gets_a_number(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	fake_ntp.is_synchronised = true;
	int64_t wall_us = wall_now().us;
	for (int64_t second = -1; second <= 1; second++) /* the true time is in one of these */
		put(10 + (uint64_t)(second + 1), other_boot, wall_us + (second - 300) * US_PER_S, 99999, 0, name);
	int64_t true_us = put(1, this_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	open_and_settle();
	assert_int_equal(archive_case.listed_count, 4);
	for (size_t i = 0; i < 4; i++)
		if (archive_case.listed[i].segment_no == 1) {
			assert_non_null(strstr(archive_case.listed[i].file, "_2.mp4"));
			assert_redated(i, true_us);
		}
}

/* After each step but the last one, the segment still counts as doubtful, and all steps are done again. */
static void an_interrupted_correction_is_repeated(void **state)
{
	char name[SEGMENT_FILE_BYTES], target[SEGMENT_FILE_BYTES];

	(void)state;
	for (int step = 0; step < 2; step++) {
		RUN("rm -f %s/*", archive_case.config.record.directory);
		fake_ntp.is_synchronised = false;
		int64_t true_us = put(1, this_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
		open_and_list();
		segment_file_name(true_us, 1, target);
		RUN("cd %s && mv %s %s", archive_case.config.record.directory, WRONG_FILE, target);
		if (step == 1) /* and the index */
			RUN("cd %s && mv %.*s.idx %.*s.idx", archive_case.config.record.directory,
			    (int)strlen(WRONG_FILE) - 4, WRONG_FILE, (int)strlen(target) - 4, target);
		fake_ntp.is_synchronised = true;
		open_and_settle();
		ASSERT_LISTED(1);
		assert_redated(0, true_us);
		assert_false(recording_exists("recording_19700101_000130.idx"));
	}
}

/* A full disk, say: the files have their new names already. */
static void a_segment_that_cannot_be_corrected_stays_listed_and_holds_up_no_other(void **state)
{
	char name[SEGMENT_FILE_BYTES], names[3][SEGMENT_FILE_BYTES];

	(void)state;
	fake_ntp.is_synchronised = true;
	int64_t first_us = put(1, this_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	int64_t second_us = put(2, this_boot, WRONG_US + 60 * US_PER_S, 240, SEGMENT_CLOCK_DOUBTFUL, name);
	for (int i = 0; i < 3; i++) { /* the true time is in one of these seconds */
		segment_file_name(first_us + (i - 1) * US_PER_S, 1, names[i]);
		RUN("mkdir %s/%.*s.idx.tmp", archive_case.config.record.directory, (int)strlen(names[i]) - 4, names[i]);
	}
	struct archive *archive = archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive);
	assert_true(archive_opening_wait(archive) && archive_recover(archive, &archive_case.why));
	archive_redate(archive);
	assert_int_equal(archive->count, 2);
	assert_false(recording_exists(WRONG_FILE));
	assert_true(recording_exists(archive->segments[0].entry.file));
	archive_redate(archive);
	assert_int_equal(archive->segments[0].entry.start_wall_us, WRONG_US);
	assert_true(archive->segments[1].entry.start_wall_us >= second_us - TOLERANCE_US);
	archive_close(archive);
	archive_case.archive = NULL;

	RUN("rmdir %s/*.idx.tmp", archive_case.config.record.directory);
	open_and_settle();
	ASSERT_LISTED(1, 2);
	assert_redated(0, first_us);
	assert_redated(1, second_us);
}

static void another_boot_is_corrected_by_what_it_recorded_once_its_clock_was_right(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	put(1, other_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	put(2, other_boot, MEDIA_WALL_US, 100, SEGMENT_CLOCK_SYNCHRONISED, name);
	open_and_settle();
	ASSERT_LISTED(1, 2);
	assert_redated(0, MEDIA_WALL_US - 200 * US_PER_S);
}

static void another_boot_that_never_knew_the_time_stays_as_it_is_and_is_settled(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	fake_ntp.is_synchronised = true;
	put(1, other_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	open_and_settle();
	ASSERT_LISTED(1);
	assert_string_equal(archive_case.listed[0].file, WRONG_FILE);
	assert_int_equal(archive_case.listed[0].start_wall_us, WRONG_US);
	assert_int_equal(unsettled_from_us(), 0);
}

static void time_in_suspend_makes_a_correction_impossible(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	fake_ntp.is_synchronised = true;
	fake_clock.suspended_us = HOUR_US;
	put(1, this_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	open_and_settle();
	assert_string_equal(archive_case.listed[0].file, WRONG_FILE);
	assert_int_equal(unsettled_from_us(), 0);
	fake_clock.suspended_us = 0;

	/* The next boot, which has not been suspended, does not know better. */
	open_and_settle();
	assert_string_equal(archive_case.listed[0].file, WRONG_FILE);
	assert_int_equal(archive_case.listed[0].flags, 0);
}

static void time_in_suspend_of_another_boot_makes_a_correction_impossible(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	put(1, other_boot, WRONG_US, 300, SEGMENT_CLOCK_DOUBTFUL, name);
	put_after(GAP_SUSPENDED, 2, other_boot, WRONG_US + HOUR_US, 200, SEGMENT_CLOCK_DOUBTFUL, name);
	put(3, other_boot, MEDIA_WALL_US, 100, SEGMENT_CLOCK_SYNCHRONISED, name);
	open_and_settle();
	ASSERT_LISTED(1, 2, 3);
	assert_string_equal(archive_case.listed[0].file, WRONG_FILE);
	assert_redated(1, MEDIA_WALL_US - 100 * US_PER_S);
}

static uint16_t flags_of(int64_t wall_us)
{
	return archive_clock_flags(archive_case.archive, (wall_t){wall_us}, mono_now());
}

static void only_a_clock_that_seems_wrong_is_doubted(void **state)
{
	(void)state;
	archive_case_open();
	struct archive *archive = archive_case.archive;
	archive->clock_is_saved = false;
	assert_int_equal(flags_of(MEDIA_WALL_US), 0);
	assert_int_equal(flags_of(WRONG_US), SEGMENT_CLOCK_DOUBTFUL);
	atomic_store(&archive->newest_wall_us, MEDIA_WALL_US);
	assert_int_equal(flags_of(MEDIA_WALL_US), 0);
	assert_int_equal(flags_of(MEDIA_WALL_US - 1), SEGMENT_CLOCK_DOUBTFUL);
	archive->clock_is_saved = true;
	assert_int_equal(flags_of(MEDIA_WALL_US), SEGMENT_CLOCK_DOUBTFUL);

	/* Once synchronised it is trusted, whatever somebody sets it to later. */
	fake_ntp.is_synchronised = true;
	assert_int_equal(flags_of(wall_now().us), SEGMENT_CLOCK_SYNCHRONISED);
	fake_ntp.is_synchronised = false;
	assert_int_equal(flags_of(WRONG_US), SEGMENT_CLOCK_SYNCHRONISED);
}

/* It was captured before that, and the encoder has held it back. */
static void a_frame_of_before_the_synchronisation_has_a_doubtful_time(void **state)
{
	(void)state;
	archive_case_open();
	archive_case.archive->clock_is_saved = false;
	fake_ntp.is_synchronised = true;
	assert_int_equal(flags_of(WRONG_US), SEGMENT_CLOCK_DOUBTFUL);
	assert_int_equal(flags_of(wall_now().us), SEGMENT_CLOCK_SYNCHRONISED);
}

static void a_clock_of_unknown_state_counts_as_unsynchronised(void **state)
{
	(void)state;
	fake_ntp.is_synchronised = true;
	assert_true(archive_clock_is_synchronised());
	fake_ntp.is_denied = true;
	assert_false(archive_clock_is_synchronised());
	fake_ntp.is_denied = false;
}

static void a_saved_clock_counts_without_a_real_time_clock(void **state)
{
	(void)state;
	RUN("rm -rf %s/root; mkdir -p %s/root/etc %s/root/sys/class/rtc/rtc1", media_folder, media_folder,
	    media_folder);
	char path[PATH_BYTES];
	int root = open(path_of("root", path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_false(archive_clock_is_saved(root));
	RUN("touch %s/root/etc/fake-hwclock.data", media_folder);
	assert_true(archive_clock_is_saved(root));
	RUN("echo 0 > %s/root/sys/class/rtc/rtc1/hctosys", media_folder);
	assert_true(archive_clock_is_saved(root));
	RUN("echo 1 > %s/root/sys/class/rtc/rtc1/hctosys", media_folder);
	assert_false(archive_clock_is_saved(root));
	close(root);
}

/* Setup of a case. The machine has run for days. */
static int begin(void **state)
{
	fake_clock.mono_ahead_us = 100 * HOUR_US;
	fake_clock.suspended_us = 0;
	fake_ntp.is_denied = false;
	return archive_case_begin(state);
}

#define REDATE_CASE(name) cmocka_unit_test_setup_teardown(name, begin, archive_case_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REDATE_CASE(a_wrong_time_is_corrected_once_the_clock_is_synchronised),
		REDATE_CASE(segments_keep_their_order_and_distance),
		REDATE_CASE(a_name_that_is_taken_gets_a_number),
		REDATE_CASE(an_interrupted_correction_is_repeated),
		REDATE_CASE(another_boot_is_corrected_by_what_it_recorded_once_its_clock_was_right),
		REDATE_CASE(another_boot_that_never_knew_the_time_stays_as_it_is_and_is_settled),
		REDATE_CASE(time_in_suspend_makes_a_correction_impossible),
		REDATE_CASE(a_segment_that_cannot_be_corrected_stays_listed_and_holds_up_no_other),
		REDATE_CASE(time_in_suspend_of_another_boot_makes_a_correction_impossible),
		REDATE_CASE(a_frame_of_before_the_synchronisation_has_a_doubtful_time),
		REDATE_CASE(only_a_clock_that_seems_wrong_is_doubted),
		REDATE_CASE(a_clock_of_unknown_state_counts_as_unsynchronised),
		REDATE_CASE(a_saved_clock_counts_without_a_real_time_clock),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
