/* test_prometheus.c - histograms, Prometheus' text format, and the counters of live viewers in shared memory. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/api/prometheus.h"
#include "shared/ring/live_stats.h"

static struct config camera;
static char shm_name[96];

static int set_up(void **state)
{
	(void)state;
	snprintf(camera.camera.name, sizeof(camera.camera.name), "test-counters-%d", (int)getpid());
	snprintf(shm_name, sizeof(shm_name), "/recorder.%s.live", camera.camera.name);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	shm_unlink(shm_name);
	return 0;
}

static void a_duration_counts_in_the_lowest_bucket_that_fits(void **state)
{
	struct histogram histogram = {0};

	(void)state;
	histogram_add(&histogram, 500);
	histogram_add(&histogram, 501);
	histogram_add(&histogram, -3);
	histogram_add(&histogram, INT64_C(60000000));
	assert_int_equal(histogram.counts[0], 2);
	assert_int_equal(histogram.counts[1], 1);
	assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS], 1);
	assert_int_equal(histogram.sum_us, 60001001);
}

static void buckets_are_cumulative(void **state)
{
	struct histogram histogram = {0};
	struct buffer out = {0};

	(void)state;
	histogram_add(&histogram, 1500);
	histogram_add(&histogram, 20000);
	metric_begin(&out, "x_seconds", "histogram", "Help.");
	metric_histogram(&out, "x_seconds", "camera=\"a\"", &histogram);
	buffer_u8(&out, '\0');
	const char *text = (const char *)out.data;
	assert_ptr_equal(strstr(text, "# HELP x_seconds Help.\n# TYPE x_seconds histogram\n"), text);
	assert_non_null(strstr(text, "x_seconds_bucket{camera=\"a\",le=\"0.001\"} 0\n"));
	assert_non_null(strstr(text, "x_seconds_bucket{camera=\"a\",le=\"0.002\"} 1\n"));
	assert_non_null(strstr(text, "x_seconds_bucket{camera=\"a\",le=\"0.02\"} 2\n"));
	assert_non_null(strstr(text, "x_seconds_bucket{camera=\"a\",le=\"+Inf\"} 2\n"));
	assert_non_null(strstr(text, "x_seconds_sum{camera=\"a\"} 0.021500\nx_seconds_count{camera=\"a\"} 2\n"));
	buffer_free(&out);
}

static void counters_exist_while_a_program_has_them_open(void **state)
{
	struct live_stats_handle first = {0}, second = {0};
	struct live_stats counters;

	(void)state;
	assert_false(live_stats_read(&camera, &counters));
	assert_true(live_stats_open(&first, &camera));
	assert_true(live_stats_open(&second, &camera));
	first.own->viewers = 2;
	second.own->viewers = 3;
	atomic_fetch_add(&first.counters->frames, 7);
	atomic_fetch_add(&second.counters->frames, 1);
	assert_true(live_stats_read(&camera, &counters));
	assert_int_equal(live_stats_viewers(&counters), 5);
	assert_int_equal(counters.frames, 8);
	live_stats_close(&first);
	assert_true(live_stats_read(&camera, &counters));
	assert_int_equal(live_stats_viewers(&counters), 3);
	live_stats_close(&second);
	assert_false(live_stats_read(&camera, &counters));
}

static void a_killed_program_leaves_its_counters_but_no_viewers(void **state)
{
	struct live_stats_handle account = {0};
	struct live_stats counters;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		bool open = live_stats_open(&account, &camera);

		account.own->viewers = 4;
		atomic_fetch_add(&account.counters->frames, 9);
		_exit(open ? 0 : 1);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(live_stats_read(&camera, &counters));
	assert_int_equal(live_stats_viewers(&counters), 0);
	assert_true(live_stats_open(&account, &camera));
	assert_int_equal(account.counters->frames, 9);
	assert_int_equal(account.own->viewers, 0);
	live_stats_close(&account);
}

static void counters_of_another_version_are_replaced(void **state)
{
	struct live_stats_handle account = {0};
	struct live_stats counters;
	int fd = shm_open(shm_name, O_RDWR | O_CREAT, 0640);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_false(live_stats_read(&camera, &counters));
	assert_true(live_stats_open(&account, &camera));
	account.own->viewers = 1;
	assert_true(live_stats_read(&camera, &counters));
	assert_int_equal(live_stats_viewers(&counters), 1);
	live_stats_close(&account);
	close(fd);
}

/* The counters have another name then, which all programs of this user find. */
static void counters_that_others_may_write_to_are_not_used(void **state)
{
	struct live_stats_handle account = {0}, second = {0};
	struct live_stats counters;
	struct stat before, after;
	char path[PATH_MAX];

	(void)state;
	live_stats_path(&camera, path);
	char usual[PATH_MAX];
	strcpy(usual, path);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0 && fchmod(fd, 0666) == 0 && fstat(fd, &before) == 0);
	assert_true(live_stats_open(&account, &camera));
	assert_true(live_stats_open(&second, &camera));
	live_stats_path(&camera, path);
	assert_string_not_equal(path, usual);
	assert_int_equal(access(path, F_OK), 0);
	atomic_store(&account.own->viewers, 1);
	atomic_store(&second.own->viewers, 1);
	assert_true(live_stats_read(&camera, &counters));
	assert_int_equal(live_stats_viewers(&counters), 2);
	live_stats_close(&second);
	live_stats_close(&account);
	assert_false(live_stats_read(&camera, &counters));
	assert_int_equal(access(path, F_OK), -1);
	assert_true(fstat(fd, &after) == 0);
	assert_int_equal(after.st_size, 0);
	assert_int_equal(after.st_nlink, 1);
	assert_int_equal(after.st_mode, before.st_mode);
	close(fd);
	unlink(usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_counts_in_the_lowest_bucket_that_fits),
		cmocka_unit_test(buckets_are_cumulative),
		cmocka_unit_test_setup_teardown(counters_exist_while_a_program_has_them_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_program_leaves_its_counters_but_no_viewers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(counters_that_others_may_write_to_are_not_used, set_up, tear_down),
		cmocka_unit_test_setup_teardown(counters_of_another_version_are_replaced, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
