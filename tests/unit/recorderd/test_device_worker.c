/* test_device_worker.c - jobs of the thread that opens cameras: done in order, each with its own result. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/capture/device_worker.h"
#include "tests/unit/fakes/fake_camera.h"

#define LIMIT_MS 60000 /* far more than anything here needs */

static const struct config config = {.camera.device = "/dev/video0"};
static struct device_worker *worker;
static struct device_worker_result result;

static int set_up(void **state)
{
	(void)state;
	fake.camera_is_there = true;
	fake.opens = fake.closes = 0;
	worker = device_worker_create(&config, NULL);
	return worker ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	assert_true(device_worker_destroy(worker, LIMIT_MS * US_PER_MS));
	assert_int_equal(fake.opens, fake.closes);
	return 0;
}

/* Takes the next result, and frees its source and its list. */
static enum device_worker_result_kind take(void)
{
	struct pollfd ready = {.fd = device_worker_fd(worker), .events = POLLIN};

	while (!device_worker_take_result(worker, &result))
		assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
	device_worker_close(worker, result.source);
	free(result.devices_json);
	return result.kind;
}

static void jobs_are_done_in_order(void **state)
{
	(void)state;
	device_worker_list(worker);
	device_worker_set_control(worker, 7, "gain", "1");
	device_worker_open(worker, 0);
	assert_int_equal(take(), JOB_LISTED);
	assert_int_equal(result.device_count, 1);
	assert_int_equal(take(), JOB_CONTROL_SET);
	assert_int_equal(result.ticket, 7);
	assert_int_equal(take(), JOB_OPENED);
	assert_int_equal(result.outcome, SOURCE_OPENED);
}

static void destroying_waits_at_most_the_timeout_for_a_driver_that_hangs(void **state)
{
	(void)state;
	fake.opening_hangs = true;
	device_worker_open(worker, 0);
	for (int i = 0; i < LIMIT_MS && !device_worker_busy_since(worker).us; i++)
		poll(NULL, 0, 1);
	device_worker_open(worker, 0); /* this one is never done */
	assert_false(device_worker_destroy(worker, US_PER_S / 5));
	fake.opening_hangs = false; /* the thread that opened it closes it */
}

static void without_an_open_camera_a_control_is_not_set(void **state)
{
	(void)state;
	device_worker_open(worker, 0);
	assert_int_equal(take(), JOB_OPENED); /* and closed */
	device_worker_set_control(worker, 8, "gain", "1");
	assert_int_equal(take(), JOB_CONTROL_SET);
	assert_false(result.control_set);
	assert_non_null(strstr(result.why.text, "no camera"));
	assert_null(result.devices_json);
}

static void new_controls_are_taken_and_the_devices_listed(void **state)
{
	struct config changed = {.control_count = 1, .controls = {{"gain", "1"}}};

	(void)state;
	device_worker_set_controls(worker, &changed);
	assert_int_equal(take(), JOB_LISTED);
	assert_int_equal(result.device_count, 1);
}

static void a_worker_without_a_job_is_not_busy(void **state)
{
	(void)state;
	device_worker_list(worker);
	assert_int_equal(take(), JOB_LISTED);
	for (int i = 0; i < LIMIT_MS && device_worker_busy_since(worker).us; i++)
		poll(NULL, 0, 1);
	assert_int_equal(device_worker_busy_since(worker).us, 0);
}

static void results_that_nobody_takes_are_freed(void **state)
{
	(void)state;
	device_worker_open(worker, 0);
	device_worker_list(worker);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(jobs_are_done_in_order),
		CASE(destroying_waits_at_most_the_timeout_for_a_driver_that_hangs),
		CASE(without_an_open_camera_a_control_is_not_set),
		CASE(new_controls_are_taken_and_the_devices_listed),
		CASE(a_worker_without_a_job_is_not_busy),
		CASE(results_that_nobody_takes_are_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
