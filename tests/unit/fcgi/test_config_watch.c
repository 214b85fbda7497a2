/* The configuration read again when a recorder has read its own: fcgi/io/config_watch.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/io/config_watch.h"
#include "recorderd/ring/ring_writer.h"

static char path[64];
static struct config_set set;
static struct config_watch follow;
static struct ring_writer *ring;

static void write_config(const char *clip_minutes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "[camera]\nname = test-follow-%d\n[http]\nmax_clip_minutes = %s\n", (int)getpid(), clip_minutes);
	fclose(file);
}

static int begin(void **state)
{
	struct reason why;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test-follow-%d.ini", (int)getpid());
	write_config("1");
	follow = (struct config_watch){.path = path, .set = &set, .read = mono_now()};
	return config_set_load(path, &set, &why) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	ring_writer_close(ring);
	ring = NULL;
	config_set_free(&set);
	return unlink(path);
}

/* A recorder publishes that it read its configuration then. */
static void publish_reading(mono_t read)
{
	const struct recorder_state state = {.heartbeat_mono_us = mono_now().us, .config_mono_us = read.us};
	struct ring_request wish = {.data_bytes = 1 << 20, .index_entries = 16, .exact = true};
	uint64_t bytes, adopted;
	struct reason why;
	char name[64];

	config_ring_name(&set.cameras[0], name);
	wish.name = name;
	if (!ring)
		ring = ring_writer_open(&wish, &bytes, &adopted, &why);
	assert_non_null(ring);
	ring_writer_set_state(ring, &state);
}

static void it_is_due_when_a_recorder_read_its_own_later(void **state)
{
	(void)state;
	assert_false(config_watch_is_due(&follow)); /* no recorder */
	publish_reading((mono_t){follow.read.us - 1});
	assert_false(config_watch_is_due(&follow));
	publish_reading(mono_now());
	assert_true(config_watch_is_due(&follow));
	config_watch_reload(&follow);
	assert_false(config_watch_is_due(&follow));
}

static void what_changed_is_taken(void **state)
{
	(void)state;
	write_config("2");
	assert_true(config_watch_reload(&follow));
	assert_int_equal(set.cameras[0].http.max_clip_minutes, 2);
	assert_false(config_watch_reload(&follow));
}

static void a_broken_file_changes_nothing_and_is_not_tried_all_the_time(void **state)
{
	(void)state;
	write_config("many");
	publish_reading(mono_now());
	assert_true(config_watch_is_due(&follow));
	assert_false(config_watch_reload(&follow));
	assert_int_equal(set.cameras[0].http.max_clip_minutes, 1);
	assert_false(config_watch_is_due(&follow));
}

static void without_a_path_nothing_is_followed(void **state)
{
	(void)state;
	follow.path = NULL;
	publish_reading(mono_now());
	assert_false(config_watch_is_due(&follow));
	assert_false(config_watch_reload(&follow));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_is_due_when_a_recorder_read_its_own_later),
		CASE(what_changed_is_taken),
		CASE(a_broken_file_changes_nothing_and_is_not_tried_all_the_time),
		CASE(without_a_path_nothing_is_followed),
	};

	return cmocka_run_group_tests_name("config_watch", tests, NULL, NULL);
}
