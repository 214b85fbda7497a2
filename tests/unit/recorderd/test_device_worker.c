/* test_device_worker.c - orders to the thread that opens cameras: carried out in turn, each with its own answer. */
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
static struct device_worker *opener;
static struct device_worker_result result;

static int set_up(void **state)
{
	(void)state;
	fake.camera_is_there = true;
	fake.opens = fake.closes = 0;
	opener = device_worker_create(&config, NULL);
	return opener ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	assert_true(device_worker_destroy(opener, LIMIT_MS * US_PER_MS));
	assert_int_equal(fake.opens, fake.closes);
	return 0;
}

/* The next answer; the source and the list are given back. */
static enum device_worker_result_kind take(void)
{
	struct pollfd ready = {.fd = device_worker_fd(opener), .events = POLLIN};

	while (!device_worker_take_result(opener, &result))
		assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
	device_worker_close(opener, result.source);
	free(result.devices_json);
	return result.answer;
}

static void orders_are_answered_in_turn(void **state)
{
	(void)state;
	device_worker_list(opener);
	device_worker_set_control(opener, 7, "gain", "1");
	device_worker_open(opener);
	assert_int_equal(take(), JOB_LISTED);
	assert_int_equal(result.device_count, 1);
	assert_int_equal(take(), JOB_CONTROL_SET);
	assert_int_equal(result.ticket, 7);
	assert_int_equal(take(), JOB_OPENED);
	assert_int_equal(result.outcome, SOURCE_OPENED);
}

static void one_that_hangs_in_a_driver_is_not_waited_for_longer_than_told(void **state)
{
	(void)state;
	fake.opening_hangs = true;
	device_worker_open(opener);
	for (int i = 0; i < LIMIT_MS && !device_worker_busy_since(opener).us; i++)
		poll(NULL, 0, 1);
	device_worker_open(opener); /* and this one is not carried out any more */
	assert_false(device_worker_destroy(opener, US_PER_S / 5));
	fake.opening_hangs = false; /* it is closed by the thread that opened it */
}

static void without_an_open_camera_a_control_is_not_set(void **state)
{
	(void)state;
	device_worker_open(opener);
	assert_int_equal(take(), JOB_OPENED); /* and closed */
	device_worker_set_control(opener, 8, "gain", "1");
	assert_int_equal(take(), JOB_CONTROL_SET);
	assert_false(result.adjusted);
	assert_non_null(strstr(result.why.text, "no camera"));
	assert_null(result.devices_json);
}

static void new_settings_are_taken_and_the_devices_listed(void **state)
{
	struct config fresh = {.control_count = 1, .controls = {{"gain", "1"}}};

	(void)state;
	device_worker_set_controls(opener, &fresh);
	assert_int_equal(take(), JOB_LISTED);
	assert_int_equal(result.device_count, 1);
}

static void who_has_no_order_is_not_busy(void **state)
{
	(void)state;
	device_worker_list(opener);
	assert_int_equal(take(), JOB_LISTED);
	for (int i = 0; i < LIMIT_MS && device_worker_busy_since(opener).us; i++)
		poll(NULL, 0, 1);
	assert_int_equal(device_worker_busy_since(opener).us, 0);
}

static void results_that_nobody_took_are_given_back_at_the_end(void **state)
{
	(void)state;
	device_worker_open(opener);
	device_worker_list(opener);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(orders_are_answered_in_turn),
		CASE(one_that_hangs_in_a_driver_is_not_waited_for_longer_than_told),
		CASE(without_an_open_camera_a_control_is_not_set),
		CASE(new_settings_are_taken_and_the_devices_listed),
		CASE(who_has_no_order_is_not_busy),
		CASE(results_that_nobody_took_are_given_back_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
