/* test_archive_follow.c - the path leads to another folder while the recorder runs, or since its last run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/archive/archive_internal.h"
#include "tests/unit/support/archive_cases.h"

static void shell(const char *command)
{
	struct buffer out = output_of("cd '%s' && %s", media_folder, command);

	buffer_free(&out);
}

static void enter(void)
{
	int fd = archive_follow_folder(archive_case.archive, &archive_case.why);

	if (fd < 0)
		fail_msg("%s", archive_case.why.text);
	close(fd);
}

static void read_list_of(const char *name)
{
	char kept[PATH_MAX];

	memcpy(kept, archive_case.config.record.directory, sizeof(kept));
	path_of(name, archive_case.config.record.directory);
	read_list();
	memcpy(archive_case.config.record.directory, kept, sizeof(kept));
}

/* Until the former folder is not used any more. */
static void wait_for_left(void)
{
	shell("for n in $(seq 600); do flock -n left/.lock true && break; sleep 0.1; done");
}

static void remove_left(void)
{
	wait_for_left();
	shell("rm -r left");
}

static void a_former_folder_is_finished_and_unlocked(void **state)
{
	int fd;

	(void)state;
	archive_case_open();
	begin_segment(&fd);
	close(fd);
	assert_false(archive_folder_moved(archive_case.archive));
	shell("mv recordings left && mkdir recordings");
	assert_true(archive_folder_moved(archive_case.archive));
	archive_segment_closed(archive_case.archive);
	enter();
	assert_false(archive_folder_moved(archive_case.archive));
	assert_int_equal(summary_now().segments, 0);
	assert_non_null(strstr(summary_now().folder_note, "1 segment in"));
	wait_for_left();
	read_list_of("left");
	ASSERT_LISTED(9);
	assert_int_equal(archive_case.listed[0].state, CATALOGUE_COMPLETE);
	assert_int_equal(archive_case.listed[0].frames, SMALL);
	remove_left();
}

static void the_list_of_the_new_folder_is_used_at_once(void **state)
{
	(void)state;
	put_segment_at(20, MEDIA_WALL_US - 2 * HOUR_US);
	put_segment_at(21, MEDIA_WALL_US - HOUR_US);
	archive_case_open();
	archive_close(archive_case.archive);
	shell("mv recordings older && mkdir recordings");
	archive_case_open();
	shell("mv recordings left && mv older recordings");
	enter();
	assert_true(archive_write_lists(archive_case.archive, false, &archive_case.why));
	read_list();
	ASSERT_LISTED(20, 21);
	assert_int_equal(archive_get_resume_point(archive_case.archive).last_wall_us,
			 archive_case.listed[1].end_wall_us);
	assert_int_equal(archive_get_resume_point(archive_case.archive).folder_no, 1);
	close_and_list();
	ASSERT_LISTED(20, 21);
	remove_left();
}

static void a_deleted_folder_causes_no_warning_about_its_segments(void **state)
{
	int fd;

	(void)state;
	archive_case_open();
	begin_segment(&fd);
	close(fd);
	archive_segment_closed(archive_case.archive);
	shell("rm -r recordings");
	enter();
	assert_string_equal(summary_now().folder_note, "");
}

static void a_folder_locked_by_another_recorder_is_not_used(void **state)
{
	(void)state;
	archive_case_open();
	shell("mv recordings left && mkdir recordings");
	struct config same = archive_case.config;
	struct archive *other = archive_open(&same, &archive_case.why);
	assert_non_null(other);
	assert_int_equal(archive_follow_folder(archive_case.archive, &archive_case.why), -1);
	assert_non_null(strstr(archive_case.why.text, "another recorder"));
	archive_close(other);
	enter();
	remove_left();
}

static void wait_until_there(const char *name)
{
	for (int tries = 0; tries < 6000 && !recording_exists(name); tries++)
		usleep(10000);
	assert_true(recording_exists(name));
}

/* Moves the clock far enough that the keeper does another round; it sleeps by the kernel's clock. */
static void let_time_pass(void)
{
	pthread_mutex_lock(&archive_case.archive->lock);
	atomic_fetch_add(&fake_clock.mono_ahead_us, 6 * US_PER_S);
	pthread_cond_broadcast(&archive_case.archive->changed);
	pthread_mutex_unlock(&archive_case.archive->lock);
	usleep(10000);
}

static void a_removed_list_is_written_again(void **state)
{
	const char *const names[] = {CATALOGUE_FILE, CATALOGUE_JSON};

	(void)state;
	put_segment_at(20, MEDIA_WALL_US);
	archive_case_open();
	wait_until_there(CATALOGUE_JSON); /* it is written last */
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(unlink(recording_path(names[i])), 0);
		for (int tries = 0; tries < 6000 && !recording_exists(names[i]); tries++)
			let_time_pass();
		assert_true(recording_exists(names[i]));
	}
	close_and_list();
	ASSERT_LISTED(20);
	atomic_store(&fake_clock.mono_ahead_us, 0);
}

/* Makes the keeper write the list, and waits until it has failed. */
static void fail_to_list(void)
{
	bool failed = false;

	pthread_mutex_lock(&archive_case.archive->lock);
	uint64_t before = archive_case.archive->generation;
	archive_case.archive->lists_dirty = true;
	pthread_cond_broadcast(&archive_case.archive->changed);
	pthread_mutex_unlock(&archive_case.archive->lock);
	for (int tries = 0; tries < 6000 && !failed; tries++) {
		usleep(10000);
		pthread_mutex_lock(&archive_case.archive->lock);
		failed = archive_case.archive->generation != before && archive_case.archive->lists_dirty;
		pthread_mutex_unlock(&archive_case.archive->lock);
	}
	assert_true(failed);
}

static void failing_to_list_a_deleted_folder_is_no_disk_error(void **state)
{
	(void)state;
	archive_case_open();
	wait_until_there(CATALOGUE_JSON);
	shell("rm -r recordings && mkdir recordings");
	fail_to_list();
	assert_string_equal(summary_now().error, "");
	enter();
	assert_string_equal(summary_now().error, "");
}

/* Nothing is created in place of a missing disk. Here / stands for it, since it is on no other file system. */
static void without_its_disk_it_waits_and_creates_nothing(void **state)
{
	(void)state;
	snprintf(archive_case.config.record.require_mount, sizeof(archive_case.config.record.require_mount), "%s",
		 media_folder);
	shell("rm -r recordings");
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
	assert_true(archive_start(archive_case.archive, &archive_case.why));
	for (int tries = 0; tries < 6000 && !summary_now().error[0]; tries++)
		usleep(10000);
	assert_non_null(strstr(summary_now().error, "no disk is mounted"));
	assert_int_equal(archive_follow_folder(archive_case.archive, &archive_case.why), -1);
	archive_cancel_repair(archive_case.archive);
	assert_false(archive_wait_repaired(archive_case.archive).recovered);
	assert_int_not_equal(access(archive_case.config.record.directory, F_OK), 0);
}

static const char *note_of_a_run(void)
{
	static struct archive_summary summary;

	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
	assert_true(archive_start(archive_case.archive, &archive_case.why));
	assert_true(archive_wait_repaired(archive_case.archive).recovered);
	summary = summary_now();
	archive_close(archive_case.archive);
	archive_case.archive = NULL;
	return summary.folder_note;
}

static void assert_runs(void)
{
	shell("rm -rf away recordings && mkdir recordings");
	assert_string_equal(note_of_a_run(), "");
	assert_string_equal(note_of_a_run(), "");
	shell("mv recordings away && mkdir recordings");
	assert_non_null(strstr(note_of_a_run(), "not the folder of the last run"));
	assert_string_equal(note_of_a_run(), "");
	shell("rm -r recordings && mv away recordings");
	assert_non_null(strstr(note_of_a_run(), "not the folder of the last run"));
	shell("cp -a recordings copy && rm -r recordings && mv copy recordings");
	assert_string_equal(note_of_a_run(), "");
}

static void a_folder_other_than_the_last_run_s_causes_a_warning(void **state)
{
	char states[3 * PATH_MAX];

	(void)state;
	unsetenv("STATE_DIRECTORY");
	path_of("one.ini", archive_case.config.file);
	assert_runs();
	shell("test -s .front.folder && rm .front.folder && mkdir state");
	snprintf(states, sizeof(states), "%s:%s/state", archive_case.config.record.directory, media_folder);
	setenv("STATE_DIRECTORY", states, 1);
	assert_runs();
	shell("test -s state/front.folder && test ! -e .front.folder && test ! -e recordings/front.folder");
	shell("echo nonsense >state/front.folder");
	assert_string_equal(note_of_a_run(), "");
	shell("rm -r state");
	assert_string_equal(note_of_a_run(), "");
	unsetenv("STATE_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_former_folder_is_finished_and_unlocked),
		CASE(the_list_of_the_new_folder_is_used_at_once),
		CASE(a_deleted_folder_causes_no_warning_about_its_segments),
		CASE(a_folder_locked_by_another_recorder_is_not_used),
		CASE(a_removed_list_is_written_again),
		CASE(failing_to_list_a_deleted_folder_is_no_disk_error),
		CASE(without_its_disk_it_waits_and_creates_nothing),
		CASE(a_folder_other_than_the_last_run_s_causes_a_warning),
	};

	return cmocka_run_group_tests_name("archive_follow", tests, archive_case_streams, drop_streams);
}
