/* test_archive_follow.c - the recordings' path leads to another folder while the recorder runs: what becomes of the one
 * that was left, what is known of the new one at once, and whether the next run has the same (folder_memory.h). */
#include "recorderd/archive/archive_internal.h"
#include "tests/unit/support/archive_cases.h"

static void shell(const char *command)
{
	struct buffer out = output_of("cd '%s' && %s", folder, command);

	buffer_finish(&out);
}

static void enter(void)
{
	int fd = archive_folder(archive, &why);

	if (fd < 0)
		fail_msg("%s", why.text);
	close(fd);
}

static void read_list_of(const char *name)
{
	char kept[PATH_MAX];

	memcpy(kept, config.record.directory, sizeof kept);
	path_of(name, config.record.directory);
	read_list();
	memcpy(config.record.directory, kept, sizeof kept);
}

static void a_folder_that_is_left_is_finished_and_let_go(void **state)
{
	int fd;

	(void)state;
	open_archive();
	begin_segment(&fd);
	close(fd);
	assert_false(archive_moved(archive));
	shell("mv recordings left && mkdir recordings");
	assert_true(archive_moved(archive));
	archive_segment_closed(archive);
	enter();
	assert_false(archive_moved(archive));
	assert_int_equal(summary_now().segments, 0);
	assert_non_null(strstr(summary_now().folder_note, "1 segment,"));
	shell("for n in $(seq 600); do flock -n left/.lock true && break; sleep 0.1; done");
	read_list_of("left");
	ASSERT_LISTED(9);
	assert_int_equal(listed[0].state, CATALOGUE_COMPLETE);
	assert_int_equal(listed[0].frames, SMALL);
	shell("rm -r left");
}

static void what_the_new_folder_lists_is_listed_at_once(void **state)
{
	(void)state;
	put_at(20, MEDIA_WALL_US - 2 * HOUR_US);
	put_at(21, MEDIA_WALL_US - HOUR_US);
	open_archive();
	archive_close(archive);
	shell("mv recordings older && mkdir recordings");
	open_archive();
	shell("mv recordings left && mv older recordings");
	enter();
	assert_true(archive_write_lists(archive, false, &why));
	read_list();
	ASSERT_LISTED(20, 21);
	assert_int_equal(archive_started(archive).last_wall_us, listed[1].end_wall_us);
	assert_int_equal(archive_started(archive).folder_no, 1);
	close_and_list();
	ASSERT_LISTED(20, 21);
	shell("rm -r left");
}

static void a_deleted_folder_is_no_folder_with_segments_elsewhere(void **state)
{
	int fd;

	(void)state;
	open_archive();
	begin_segment(&fd);
	close(fd);
	archive_segment_closed(archive);
	shell("rm -r recordings");
	enter();
	assert_string_equal(summary_now().folder_note, "");
}

static void a_folder_that_another_recorder_has_is_not_recorded_into(void **state)
{
	(void)state;
	open_archive();
	shell("mv recordings left && mkdir recordings");
	struct config same = config;
	struct archive *other = archive_open(&same, &why);
	assert_non_null(other);
	assert_int_equal(archive_folder(archive, &why), -1);
	assert_non_null(strstr(why.text, "another recorder"));
	archive_close(other);
	enter();
	shell("rm -r left");
}

static void wait_until_there(const char *name)
{
	for (int tries = 0; tries < 6000 && !is_there(name); tries++)
		usleep(10000);
	assert_true(is_there(name));
}

/* So much that the keeper has another round to do, which it waits for by the kernel's clock. */
static void let_time_pass(void)
{
	pthread_mutex_lock(&archive->lock);
	atomic_fetch_add(&mono_ahead_us, 6 * US_PER_S);
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	usleep(10000);
}

static void a_list_that_somebody_removes_is_made_anew(void **state)
{
	const char *const names[] = {CATALOGUE_FILE, CATALOGUE_JSON};

	(void)state;
	put_at(20, MEDIA_WALL_US);
	open_archive();
	wait_until_there(CATALOGUE_JSON); /* the last one to be written */
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(unlink(recording(names[i])), 0);
		for (int tries = 0; tries < 6000 && !is_there(names[i]); tries++)
			let_time_pass();
		assert_true(is_there(names[i]));
	}
	close_and_list();
	ASSERT_LISTED(20);
	atomic_store(&mono_ahead_us, 0);
}

/* Has the keeper write the list, and waits until it could not. */
static void fail_to_list(void)
{
	bool failed = false;

	pthread_mutex_lock(&archive->lock);
	uint64_t before = archive->generation;
	archive->unlisted = true;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	for (int tries = 0; tries < 6000 && !failed; tries++) {
		usleep(10000);
		pthread_mutex_lock(&archive->lock);
		failed = archive->generation != before && archive->unlisted;
		pthread_mutex_unlock(&archive->lock);
	}
	assert_true(failed);
}

static void what_cannot_be_listed_in_a_deleted_folder_is_no_trouble_of_the_disk(void **state)
{
	(void)state;
	open_archive();
	wait_until_there(CATALOGUE_JSON);
	shell("rm -r recordings && mkdir recordings");
	fail_to_list();
	assert_string_equal(summary_now().trouble, "");
	enter();
	assert_string_equal(summary_now().trouble, "");
}

/* Nothing is made in the place of a disk that is missing, which / is taken for here: it is on no other file system. */
static void without_its_disk_it_waits_and_makes_nothing(void **state)
{
	(void)state;
	snprintf(config.record.require_mount, sizeof config.record.require_mount, "%s", folder);
	shell("rm -r recordings");
	archive = archive_open(&config, &why);
	assert_non_null(archive);
	assert_true(archive_start(archive, &why));
	for (int tries = 0; tries < 6000 && !summary_now().trouble[0]; tries++)
		usleep(10000);
	assert_non_null(strstr(summary_now().trouble, "no disk is mounted"));
	assert_int_equal(archive_folder(archive, &why), -1);
	archive_give_up_repair(archive);
	assert_false(archive_wait(archive).recovered);
	assert_int_not_equal(access(config.record.directory, F_OK), 0);
}

static const char *note_of_a_run(void)
{
	static struct archive_summary summary;

	archive = archive_open(&config, &why);
	assert_non_null(archive);
	assert_true(archive_start(archive, &why));
	assert_true(archive_wait(archive).recovered);
	summary = summary_now();
	archive_close(archive);
	archive = NULL;
	return summary.folder_note;
}

static void assert_runs(void)
{
	shell("rm -rf away recordings && mkdir recordings");
	assert_string_equal(note_of_a_run(), "");
	assert_string_equal(note_of_a_run(), "");
	shell("mv recordings away && mkdir recordings");
	assert_non_null(strstr(note_of_a_run(), "than in the last run"));
	assert_string_equal(note_of_a_run(), "");
	shell("rm -r recordings && mv away recordings");
	assert_non_null(strstr(note_of_a_run(), "than in the last run"));
	shell("cp -a recordings copy && rm -r recordings && mv copy recordings");
	assert_string_equal(note_of_a_run(), "");
}

static void another_folder_than_in_the_last_run_is_noted(void **state)
{
	char states[3 * PATH_MAX];

	(void)state;
	unsetenv("STATE_DIRECTORY");
	path_of("one.ini", config.file);
	assert_runs();
	shell("test -s .bench.folder && rm .bench.folder && mkdir state");
	snprintf(states, sizeof states, "%s:%s/state", config.record.directory, folder);
	setenv("STATE_DIRECTORY", states, 1);
	assert_runs();
	shell("test -s state/bench.folder && test ! -e .bench.folder && test ! -e recordings/bench.folder");
	shell("echo nonsense >state/bench.folder");
	assert_string_equal(note_of_a_run(), "");
	shell("rm -r state");
	assert_string_equal(note_of_a_run(), "");
	unsetenv("STATE_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_folder_that_is_left_is_finished_and_let_go),
		CASE(what_the_new_folder_lists_is_listed_at_once),
		CASE(a_deleted_folder_is_no_folder_with_segments_elsewhere),
		CASE(a_folder_that_another_recorder_has_is_not_recorded_into),
		CASE(a_list_that_somebody_removes_is_made_anew),
		CASE(what_cannot_be_listed_in_a_deleted_folder_is_no_trouble_of_the_disk),
		CASE(without_its_disk_it_waits_and_makes_nothing),
		CASE(another_folder_than_in_the_last_run_is_noted),
	};

	return cmocka_run_group_tests_name("archive_follow", tests, make_archive_streams, drop_streams);
}
