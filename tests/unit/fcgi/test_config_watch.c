/* test_config_watch.c - the configuration is reloaded when a recorder has reloaded its own. */
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
static struct config_watch watch;
static struct ring_writer *ring;

static void write_config(const char *clip_minutes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "[camera]\nname = test-watch-%d\n[http]\nmax_clip_minutes = %s\n", (int)getpid(), clip_minutes);
	fclose(file);
}

static int begin(void **state)
{
	struct reason why;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test-watch-%d.ini", (int)getpid());
	write_config("1");
	watch = (struct config_watch){.path = path, .set = &set, .read = mono_now()};
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

/* A recorder publishes that it read its configuration at that time. */
static void publish_reading(mono_t read)
{
	const struct recorder_state state = {.heartbeat_mono_us = mono_now().us, .config_mono_us = read.us};
	struct ring_request request = {.data_bytes = 1 << 20, .index_entries = 16, .exact = true};
	uint64_t bytes, adopted;
	struct reason why;
	char name[64];

	config_ring_name(&set.cameras[0], name);
	request.name = name;
	if (!ring)
		ring = ring_writer_open(&request, &bytes, &adopted, &why);
	assert_non_null(ring);
	ring_writer_set_state(ring, &state);
}

static void it_is_due_when_a_recorder_has_reloaded_later(void **state)
{
	(void)state;
	assert_false(config_watch_is_due(&watch)); /* no recorder */
	publish_reading((mono_t){watch.read.us - 1});
	assert_false(config_watch_is_due(&watch));
	publish_reading(mono_now());
	assert_true(config_watch_is_due(&watch));
	config_watch_reload(&watch);
	assert_false(config_watch_is_due(&watch));
}

static void a_change_is_applied(void **state)
{
	(void)state;
	write_config("2");
	assert_true(config_watch_reload(&watch));
	assert_int_equal(set.cameras[0].http.max_clip_minutes, 2);
	assert_false(config_watch_reload(&watch));
}

static void an_invalid_file_changes_nothing_and_is_not_retried_at_once(void **state)
{
	(void)state;
	write_config("many");
	publish_reading(mono_now());
	assert_true(config_watch_is_due(&watch));
	assert_false(config_watch_reload(&watch));
	assert_int_equal(set.cameras[0].http.max_clip_minutes, 1);
	assert_false(config_watch_is_due(&watch));
}

static void without_a_path_nothing_is_reloaded(void **state)
{
	(void)state;
	watch.path = NULL;
	publish_reading(mono_now());
	assert_false(config_watch_is_due(&watch));
	assert_false(config_watch_reload(&watch));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_is_due_when_a_recorder_has_reloaded_later),
		CASE(a_change_is_applied),
		CASE(an_invalid_file_changes_nothing_and_is_not_retried_at_once),
		CASE(without_a_path_nothing_is_reloaded),
	};

	return cmocka_run_group_tests_name("config_watch", tests, NULL, NULL);
}
