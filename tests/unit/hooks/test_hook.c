/* test_hook.c - for which notifications a hook is run, and that its program never runs twice at once. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks/hook_set.h"

#define MONDAY INT64_C(1779062400) /* 2026-05-18, 00:00 UTC */

static char folder[] = "/tmp/test-hook-XXXXXX";
static struct config config;
static struct hook_set set;

static const char *path(const char *name)
{
	static char paths[4][96];
	static unsigned next;
	char *out = paths[next++ % 4];

	snprintf(out, sizeof(paths[0]), "%s/%s", folder, name);
	return out;
}

static void make_program(const char *name, const char *text)
{
	FILE *file = fopen(path(name), "w");

	assert_non_null(file);
	fprintf(file, text, folder, folder, folder, folder);
	fclose(file);
	assert_int_equal(chmod(path(name), 0755), 0);
}

static void idle(void *context)
{
	loop_stop(context);
}

static int begin(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	tzset();
	log_set_level(LOG_ERROR);
	if (!mkdtemp(folder))
		return -1;
	/* Appends the event and what was skipped, once `go` is there. */
	make_program("program", "#!/bin/sh\nread -r line\necho \"$RECORDER_EVENT $RECORDER_SKIPPED\" >>%s/ran\n"
				"until [ -e %s/go ]; do sleep 0.01; done\n");
	make_program("keep", "#!/bin/sh\ncat >>%s/lines\n");
	return 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* A set of one hook, "door", without limits. */
static int open_set(void **state)
{
	(void)state;
	config = (struct config){.hook_count = 1};
	strcpy(config.camera.name, "front");
	config.hooks[0] = (struct config_hook){.limit_seconds = 60};
	strcpy(config.hooks[0].name, "door");
	strcpy(config.hooks[0].events, "all");
	snprintf(config.hooks[0].run, sizeof(config.hooks[0].run), "%s", path("program"));
	set = (struct hook_set){.loop = loop_create(), .idle = idle};
	set.context = set.loop;
	unlink(path("ran"));
	unlink(path("lines"));
	close(creat(path("go"), 0644));
	return set.loop ? 0 : -1;
}

static int close_set(void **state)
{
	(void)state;
	hook_set_close(&set);
	loop_destroy(set.loop);
	return 0;
}

static void configure(void)
{
	struct reason why;

	if (!hook_set_configure(&set, &config, &why))
		fail_msg("%s", why.text);
}

static void notify(enum notification_kind kind, int64_t second)
{
	hook_set_notify(&set, kind, (wall_t){(MONDAY + second) * US_PER_S}, "{}", 2);
}

/* Lets the programs end, one after the other. */
static void finish(void)
{
	close(creat(path("go"), 0644));
	if (!hook_set_is_idle(&set))
		loop_run(set.loop);
	assert_true(hook_set_is_idle(&set));
}

static void wrote(const char *name, const char *expected)
{
	char text[8192] = "";
	FILE *file = fopen(path(name), "r");

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	assert_string_equal(text, expected);
}

static void it_is_run_for_the_events_that_it_names(void **state)
{
	(void)state;
	strcpy(config.hooks[0].events, "camera-lost, camera-back");
	configure();
	notify(NOTIFY_MOTION_START, 0);
	notify(NOTIFY_CAMERA_LOST, 1);
	notify(NOTIFY_STARTED, 2);
	notify(NOTIFY_CAMERA_BACK, 3);
	finish();
	wrote("ran", "camera-lost 0\ncamera-back 0\n");
}

static void only_in_its_hours(void **state)
{
	(void)state;
	strcpy(config.hooks[0].hours, "mon 01:00-02:00");
	configure();
	notify(NOTIFY_STARTED, 3599);
	notify(NOTIFY_STOPPING, 3600);
	notify(NOTIFY_STARTED, 7200);
	finish();
	wrote("ran", "stopping 0\n");
}

static void events_of_a_kind_are_skipped_while_it_is_quiet(void **state)
{
	(void)state;
	config.hooks[0].quiet_seconds = 60;
	configure();
	notify(NOTIFY_MOTION_START, 0);
	notify(NOTIFY_MOTION_START, 1);
	notify(NOTIFY_CAMERA_LOST, 2); /* another kind */
	notify(NOTIFY_MOTION_START, 59);
	finish();
	notify(NOTIFY_MOTION_START, 60);
	finish();
	notify(NOTIFY_MOTION_START, -1000); /* the clock was set back */
	finish();
	wrote("ran", "motion-start 0\ncamera-lost 2\nmotion-start 0\nmotion-start 0\n");
}

static void one_runs_and_the_newest_wait(void **state)
{
	char expected[1024] = "started 0\n";

	(void)state;
	configure();
	unlink(path("go"));
	notify(NOTIFY_STARTED, 0);
	for (int i = 0; i < 5; i++)
		notify(NOTIFY_CAMERA_LOST, 1 + i); /* that four of them are skipped is told to the next one */
	for (int i = 0; i < HOOK_QUEUE - 1; i++)
		notify(NOTIFY_SEGMENT, 10 + i);
	finish();
	strcat(expected, "camera-lost 4\n");
	for (int i = 0; i < HOOK_QUEUE - 1; i++)
		strcat(expected, "segment 0\n");
	wrote("ran", expected);
}

static void a_hook_whose_program_cannot_be_run_runs_later(void **state)
{
	(void)state;
	configure();
	assert_int_equal(chmod(path("program"), 0777), 0);
	notify(NOTIFY_STARTED, 0);
	assert_true(hook_set_is_idle(&set));
	assert_int_equal(chmod(path("program"), 0755), 0);
	notify(NOTIFY_STOPPING, 0);
	finish();
	wrote("ran", "stopping 0\n");
}

static void hooks_do_not_wait_for_one_another(void **state)
{
	(void)state;
	config.hook_count = 2;
	config.hooks[1] = config.hooks[0];
	strcpy(config.hooks[1].name, "other");
	snprintf(config.hooks[1].run, sizeof(config.hooks[1].run), "%s", path("keep"));
	configure();
	unlink(path("go"));
	notify(NOTIFY_STARTED, 0);
	notify(NOTIFY_STOPPING, 1);
	while (!hook_is_idle(set.hooks[1]))
		loop_turn(set.loop);
	wrote("lines", "{}\n{}\n");
	assert_false(hook_is_idle(set.hooks[0]));
	finish();
}

static void changed_settings_apply_to_what_comes_next(void **state)
{
	(void)state;
	configure();
	unlink(path("go"));
	notify(NOTIFY_STARTED, 0);
	notify(NOTIFY_MOTION_START, 0); /* waits, and is not forgotten */
	strcpy(config.hooks[0].events, "stopping");
	configure();
	notify(NOTIFY_MOTION_START, 1);
	notify(NOTIFY_STOPPING, 2);
	finish();
	wrote("ran", "started 0\nmotion-start 0\nstopping 0\n");
}

static void a_removed_hook_ends_its_program_and_takes_nothing_more(void **state)
{
	(void)state;
	configure();
	unlink(path("go"));
	notify(NOTIFY_STARTED, 0);
	notify(NOTIFY_STOPPING, 0);
	config.hook_count = 0;
	configure();
	notify(NOTIFY_STARTED, 0);
	assert_false(hook_set_is_idle(&set));
	finish();
	wrote("ran", "started 0\n");
}

static void wrong_settings_change_nothing(void **state)
{
	struct reason why;

	(void)state;
	configure();
	strcpy(config.hooks[0].events, "sunrise");
	assert_false(hook_set_configure(&set, &config, &why));
	assert_non_null(strstr(why.text, "sunrise"));
	notify(NOTIFY_STARTED, 0);
	finish();
	wrote("ran", "started 0\n");
}

/* A second in which one cell of the left upper corner, or of the right lower one, moves. */
static void add_second(int64_t second, bool left, enum motion_strength strength)
{
	struct motion_record record = {.second = MONDAY + second, .frames = 5};

	if (strength != MOTION_NONE)
		motion_cells_raise(&record.cells, left ? 0 : MOTION_COLUMNS - 1, left ? 0 : MOTION_ROWS - 1, strength);
	motion_record_seal(&record, 0);
	hook_set_add_motion(&set, &record);
}

static void a_hook_with_an_area_finds_its_own_events(void **state)
{
	char text[8192] = "";

	(void)state;
	strcpy(config.hooks[0].area, "0,0,0.5,0.5");
	config.hooks[0].strength = STRENGTH_CLEAR;
	snprintf(config.hooks[0].run, sizeof(config.hooks[0].run), "%s", path("keep"));
	configure();
	assert_true(hook_set_needs_motion(&set));
	notify(NOTIFY_MOTION_START, 0); /* the recorder's own events do not count */
	add_second(0, false, MOTION_STRONG);
	add_second(1, true, MOTION_FAINT);
	assert_true(hook_set_is_idle(&set));
	add_second(2, true, MOTION_CLEAR);
	assert_false(hook_set_is_idle(&set));
	for (int second = 3; second < 10; second++)
		add_second(second, false, MOTION_STRONG);
	notify(NOTIFY_MOTION_END, 0);
	notify(NOTIFY_CAMERA_LOST, 5); /* other events do */
	finish();

	FILE *file = fopen(path("lines"), "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	const char *start = strstr(text, "\"motion-start\""), *over = strstr(text, "\"motion-end\"");
	assert_non_null(start);
	assert_non_null(over);
	assert_non_null(strstr(start, "\"from\":1779062402"));
	assert_non_null(strstr(over, "\"to\":1779062403"));
	assert_non_null(strstr(over, "{}\n"));
	assert_null(strstr(over + 1, "\"motion-end\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_run_for_the_events_that_it_names, open_set, close_set),
		cmocka_unit_test_setup_teardown(only_in_its_hours, open_set, close_set),
		cmocka_unit_test_setup_teardown(events_of_a_kind_are_skipped_while_it_is_quiet, open_set, close_set),
		cmocka_unit_test_setup_teardown(one_runs_and_the_newest_wait, open_set, close_set),
		cmocka_unit_test_setup_teardown(a_hook_whose_program_cannot_be_run_runs_later, open_set, close_set),
		cmocka_unit_test_setup_teardown(hooks_do_not_wait_for_one_another, open_set, close_set),
		cmocka_unit_test_setup_teardown(changed_settings_apply_to_what_comes_next, open_set, close_set),
		cmocka_unit_test_setup_teardown(a_removed_hook_ends_its_program_and_takes_nothing_more, open_set,
						close_set),
		cmocka_unit_test_setup_teardown(wrong_settings_change_nothing, open_set, close_set),
		cmocka_unit_test_setup_teardown(a_hook_with_an_area_finds_its_own_events, open_set, close_set),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
