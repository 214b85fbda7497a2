/* test_config_change.c - what changes when recorder.ini is read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/config/config.h"

static char file[] = "/tmp/test-config-change-XXXXXX";
static struct config running, fresh;
static struct config_changes changes;

static int begin(void **state)
{
	int fd = mkstemp(file);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
	(void)state;
	return unlink(file);
}

static void write_text(const char *text)
{
	FILE *to = fopen(file, "w");

	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	fclose(to);
}

/* The file had the first text and now has the second. */
static void change(const char *before, const char *after)
{
	struct reason why;

	write_text(before);
	assert_true(config_load(file, &running, &why));
	write_text(after);
	assert_true(config_reload(&running, &fresh, &why));
	config_apply(&running, &fresh, &changes);
}

static void nothing_changes_if_the_file_is_the_same(void **state)
{
	(void)state;
	change("[retention]\nhours = 5\n[controls]\nbrightness = 1\n",
	       "[controls]\nbrightness=1\n\n[retention]\nhours = 5.0");
	assert_string_equal(changes.applied, "");
	assert_string_equal(changes.needs_restart, "");
	assert_false(changes.controls);
}

static void what_can_change_is_applied_and_listed(void **state)
{
	(void)state;
	change("", "[retention]\nhours = 5\nmax_gb = 1.5\nmotion_hours = 96\n[motion]\nenabled = no\nfps = 2\ndays = "
		   "30\n[clips]\nmax_mb = 9\n[http]\nallow_control = "
		   "yes\nallow_origin = http://a.example\nframe_ancestors = *\n[log]\nlevel = debug\n");
	assert_string_equal(changes.applied,
			    "retention.hours, retention.max_gb, retention.motion_hours, motion.enabled, "
			    "motion.fps, motion.days, clips.max_mb, http.allow_control, "
			    "http.allow_origin, http.frame_ancestors, log.level");
	assert_string_equal(changes.needs_restart, "");
	assert_true(running.retention.hours == 5 && running.retention.max_gb == 1.5);
	assert_true(running.retention.motion_hours == 96 && running.motion.days == 30);
	assert_false(running.motion.enabled);
	assert_int_equal(running.motion.fps, 2);
	assert_int_equal(running.clips.max_mb, 9);
	assert_int_equal(running.http.allow_control, ALLOW_YES);
	assert_string_equal(running.http.allow_origin, "http://a.example");
	assert_string_equal(running.http.frame_ancestors, "*");
	assert_int_equal(running.log_level, LOG_DEBUG);
}

/* Every key that is live, as long as its section and name are. */
static void a_list_of_all_keys_that_can_change_is_whole(void **state)
{
	(void)state;
	change("", "[retention]\nhours = 5\nmax_gb = 1\nmin_free_gb = 1\nmotion_hours = 96\n"
		   "[motion]\nenabled = no\nfps = 2\ndays = 30\n[clips]\ncache = no\nmax_mb = 9\n"
		   "[http]\nmax_viewers = 1\nmax_event_clients = 1\nmax_downloads = 1\nmax_clip_minutes = "
		   "1\nmax_transcodes = 2\n"
		   "address_share = 1\nstall_seconds = 1\nproxies = ::1\nallow_control = yes\nhosts = *\n"
		   "allow_origin = *\n[controls]\nbrightness = 1\n[hook a]\nrun = /bin/true\n[mask]\na = "
		   "0,0,1,1\n[log]\nlevel = debug\n");
	assert_string_equal(changes.needs_restart, "");
	assert_non_null(strstr(changes.applied, ", log.level, controls, hooks, mask"));
	assert_true(changes.hooks);
	assert_int_equal(running.hook_count, 1);
}

static void what_needs_a_restart_is_listed_and_not_applied(void **state)
{
	(void)state;
	change("", "[camera]\nfps = 30\nname = other\n[record]\ndirectory = /elsewhere\n[retention]\nhours = 1\n");
	assert_string_equal(changes.needs_restart, "camera.name, camera.fps, record.directory");
	assert_string_equal(changes.applied, "retention.hours");
	assert_int_equal(running.camera.fps, 60);
	assert_string_equal(running.camera.name, "camera");
	assert_string_not_equal(running.record.directory, "/elsewhere");
}

static void a_removed_key_has_its_default_again(void **state)
{
	(void)state;
	change("[retention]\nhours = 5\n[controls]\nbrightness = 1\ngain = 2\n", "[controls]\nbrightness = 1\n");
	assert_true(running.retention.hours == 72);
	assert_string_equal(changes.applied, "retention.hours, controls");
	assert_true(changes.controls);
	assert_int_equal(running.control_count, 1);
}

static void a_list_of_too_many_keys_is_cut(void **state)
{
	(void)state;
	change("",
	       "[camera]\nname = x\ndevice = test\nfallback = none\nwidth = 64\nheight = 64\nfps = 5\nformat = mjpeg\n"
	       "[record]\nenabled = no\ndirectory = /a\nsegment_seconds = 10\nsync_seconds = 9\ncodec = mjpeg\nencoder "
	       "= "
	       "h264_nvenc\npreset = x\nquality = 1\n[memory]\nminutes = 1\nmax_mb = 5\n[clips]\ndirectory = /b\n");
	assert_memory_equal(changes.needs_restart, "camera.name, camera.device, ", 28);
	assert_true(strlen(changes.needs_restart) < sizeof(changes.needs_restart));
}

static void an_invalid_file_is_refused_and_changes_nothing(void **state)
{
	struct reason why;

	(void)state;
	write_text("[retention]\nhours = 5\n");
	assert_true(config_load(file, &running, &why));
	write_text("[retention]\nhours = many\n");
	assert_false(config_reload(&running, &fresh, &why));
	assert_non_null(strstr(why.text, "hours = many"));
	assert_true(running.retention.hours == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_if_the_file_is_the_same),
		cmocka_unit_test(what_can_change_is_applied_and_listed),
		cmocka_unit_test(a_list_of_all_keys_that_can_change_is_whole),
		cmocka_unit_test(what_needs_a_restart_is_listed_and_not_applied),
		cmocka_unit_test(a_removed_key_has_its_default_again),
		cmocka_unit_test(a_list_of_too_many_keys_is_cut),
		cmocka_unit_test(an_invalid_file_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("config_change", tests, begin, end);
}
