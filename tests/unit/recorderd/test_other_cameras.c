/* test_other_cameras.c - other cameras of the machine, the size of the ring, and rates and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/capture/clock_map.h"
#include "recorderd/capture/frame_rate.h"
#include "recorderd/capture/other_cameras.h"
#include "recorderd/encoder/in_flight.h"
#include "recorderd/ring/ring_size.h"

static char name[32], folder[] = "/tmp/recorder-neighbours-XXXXXX";

static void write_ini(const char *file, const char *camera, const char *device)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	out = fopen(path, "w");
	assert_non_null(out);
	fprintf(out, "[camera]\nname = %s\ndevice = %s\n[record]\ndirectory = %s-r\n", camera, device, camera);
	assert_int_equal(fclose(out), 0);
}

static int remove_inis(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static int make_inis(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/recorder-neighbours-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static void devices_and_rings_of_other_cameras_are_found(void **state)
{
	static struct other_cameras others;
	static struct config config;

	(void)state;
	write_ini("a.ini", "a", "/dev/video0");
	write_ini("b.ini", "b", "/dev/video2");
	write_ini("c.ini", "c", "auto");
	write_ini("d.ini", "d", "4");
	write_ini(".hidden.ini", "e", "/dev/video6");
	write_ini("notes.txt", "f", "/dev/video8");
	write_ini("copy.ini", "a", "/dev/video9"); /* this camera again, in another file */
	write_ini("broken.ini", "Not A Name", "/dev/video10");
	snprintf(config.file, sizeof(config.file), "%s/a.ini", folder);
	snprintf(config.camera.name, sizeof(config.camera.name), "a");
	other_cameras_find(&config, &others);
	assert_int_equal(others.count, 3);
	bool two = false, four = false;
	size_t i;
	for (i = 0; others.device_list[i]; i++) {
		two |= strcmp(others.device_list[i], "/dev/video2") == 0;
		four |= strcmp(others.device_list[i], "/dev/video4") == 0;
	}
	assert_int_equal(i, 2);
	assert_true(two && four);
	for (i = 0; others.ring_list[i]; i++)
		assert_int_equal(strncmp(others.ring_list[i], "/recorder.", 10), 0);
	assert_int_equal(i, 3);
}

static void no_more_than_the_maximum_is_taken(void **state)
{
	static struct other_cameras others;
	static struct config config;
	char file[32], camera[32], device[32];

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(file, sizeof(file), "c%d.ini", i);
		snprintf(camera, sizeof(camera), "c%d", i);
		snprintf(device, sizeof(device), "/dev/video%d", i);
		write_ini(file, camera, device);
	}
	snprintf(config.file, sizeof(config.file), "%s/c0.ini", folder);
	snprintf(config.camera.name, sizeof(config.camera.name), "c0");
	other_cameras_find(&config, &others);
	assert_int_equal(others.count, OTHER_CAMERAS_MAX);
	assert_non_null(others.device_list[OTHER_CAMERAS_MAX - 1]);
	assert_null(others.device_list[OTHER_CAMERAS_MAX]);
}

static struct config camera_of(int width, int height, int fps, double minutes, int max_mb)
{
	return (struct config){.camera = {.width = width, .height = height, .fps = fps},
			       .memory = {.minutes = minutes, .max_mb = max_mb}};
}

static uint64_t quarter_of_ram(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 4;
}

static void an_explicit_size_is_taken_exactly(void **state)
{
	static struct config config;
	struct ring_request request;

	(void)state;
	config = camera_of(1280, 720, 60, 30, 123);
	ring_size_choose(&config, 1, &request);
	assert_true(request.exact);
	assert_int_equal(request.data_bytes, 123u << 20);
	assert_int_equal(request.keep_us, 30 * 60 * US_PER_S);
}

static void the_default_size_holds_the_minutes_within_a_quarter_of_ram(void **state)
{
	static struct config config;
	struct ring_request large, shared, small;

	(void)state;
	config = camera_of(8192, 8192, 240, 1440, 0);
	ring_size_choose(&config, 1, &large);
	ring_size_choose(&config, 4, &shared);
	assert_false(large.exact);
	assert_int_equal(large.data_bytes, quarter_of_ram());
	assert_int_equal(shared.data_bytes, quarter_of_ram() / 4);
	config = camera_of(64, 48, 1, 0.1, 0);
	ring_size_choose(&config, 1, &small);
	assert_int_equal(small.data_bytes, 16u << 20);
}

static void the_rate_is_that_of_the_last_frames_and_falls_while_none_arrives(void **state)
{
	struct frame_rate rate = {0};

	(void)state;
	assert_int_equal(frame_rate_milli(&rate, (mono_t){5}), 0);
	frame_rate_add(&rate, (mono_t){0});
	assert_int_equal(frame_rate_milli(&rate, (mono_t){5}), 0);
	for (int64_t i = 1; i < 1000; i++)
		frame_rate_add(&rate, (mono_t){i * 40000});
	assert_int_equal(frame_rate_milli(&rate, (mono_t){999 * 40000}), 25000);
	assert_int_equal(frame_rate_milli(&rate, (mono_t){999 * 40000 + 50000}), 25000);
	uint32_t soon = frame_rate_milli(&rate, (mono_t){999 * 40000 + US_PER_S});
	uint32_t later = frame_rate_milli(&rate, (mono_t){999 * 40000 + 100 * US_PER_S});
	assert_true(soon < 25000 && later < 2000 && later < soon);
	for (int64_t i = 0; i < 200; i++) /* half as fast from here on */
		frame_rate_add(&rate, (mono_t){(1000 + 2 * i) * 40000});
	assert_int_equal(frame_rate_milli(&rate, (mono_t){(1000 + 398) * 40000}), 12500);
}

static void two_frames_at_the_same_time_have_no_rate(void **state)
{
	struct frame_rate rate = {0};

	(void)state;
	frame_rate_add(&rate, (mono_t){7});
	frame_rate_add(&rate, (mono_t){7});
	assert_int_equal(frame_rate_milli(&rate, (mono_t){7}), 0);
}

static void a_mapping_ends_when_the_offset_moves_by_more_than_5_ms(void **state)
{
	struct clock_map map = {0};

	(void)state;
	assert_int_equal(clock_map_update(&map, 1000000, 0), CLOCK_UNCHANGED); /* the first offset is not a step */
	assert_int_equal(clock_map_update(&map, 1000000 + CLOCK_STEP_US, 0), CLOCK_UNCHANGED);
	assert_int_equal(clock_map_update(&map, 1000000 - CLOCK_STEP_US, 0), CLOCK_UNCHANGED);
	assert_int_equal(map.offset_us, 1000000); /* small changes do not move it, and so do not add up unnoticed */
	assert_int_equal(clock_map_update(&map, 1000000 + CLOCK_STEP_US + 1, 0), CLOCK_SET);
	assert_int_equal(map.offset_us, 1000000 + CLOCK_STEP_US + 1);
	assert_int_equal(clock_map_update(&map, 1000000 + CLOCK_STEP_US + 1, 0), CLOCK_UNCHANGED);
	assert_int_equal(clock_map_update(&map, -5, 0), CLOCK_SET);
}

static void a_mapping_ends_when_the_machine_was_suspended(void **state)
{
	struct clock_map map = {0};

	(void)state;
	clock_map_update(&map, 1000000, 3 * US_PER_S); /* it was suspended before, too */
	assert_int_equal(clock_map_update(&map, 1000000 + 60 * US_PER_S, 63 * US_PER_S), CLOCK_SUSPENDED);
	assert_int_equal(clock_map_update(&map, 1000000 + 60 * US_PER_S, 63 * US_PER_S), CLOCK_UNCHANGED);
	/* The clock was set while it was suspended, or after that. */
	assert_int_equal(clock_map_update(&map, 1000000 + 180 * US_PER_S, 123 * US_PER_S), CLOCK_SET);
	assert_int_equal(clock_map_update(&map, 1000000 + 120 * US_PER_S, 123 * US_PER_S), CLOCK_SET);
}

static void frames_in_flight_are_found_by_time_in_order(void **state)
{
	static struct in_flight queue;
	struct in_flight_frame frame;
	uint64_t skipped = 0, taken = 0;

	(void)state;
	for (uint64_t i = 0; i < 3 * IN_FLIGHT_MAX; i++) { /* wraps around */
		in_flight_push(&queue, &(struct in_flight_frame){.seq = i, .pts_us = (int64_t)i * 10});
		if (!in_flight_is_full(&queue))
			continue;
		assert_true(in_flight_take(&queue, (int64_t)taken * 10, &frame, &skipped));
		assert_int_equal(frame.seq, taken++);
	}
	assert_int_equal(skipped, 0);
	assert_false(in_flight_take(&queue, (int64_t)taken * 10 - 5, &frame, &skipped)); /* a time that no frame had */
	assert_int_equal(skipped, 0);
	assert_true(in_flight_take(&queue, (int64_t)taken * 10 + 30, &frame, &skipped));
	assert_int_equal(frame.seq, taken + 3);
	assert_int_equal(skipped, 3);
}

static void frames_in_flight_know_the_next_frame_and_what_is_in_the_pipe(void **state)
{
	static struct in_flight queue;
	struct in_flight_frame frame;
	uint64_t skipped = 0;

	(void)state;
	assert_int_equal(in_flight_read(&queue, 0), 0);
	for (uint64_t i = 0; i < 5; i++)
		in_flight_push(&queue, &(struct in_flight_frame){.seq = i, .pts_us = (int64_t)(i * i), .bytes = 100});
	assert_int_equal(in_flight_read(&queue, 0), 5);
	assert_int_equal(in_flight_read(&queue, 1), 4);
	assert_int_equal(in_flight_read(&queue, 100), 4);
	assert_int_equal(in_flight_read(&queue, 101), 3);
	assert_int_equal(in_flight_read(&queue, 500), 0);
	assert_int_equal(in_flight_read(&queue, 100000), 0);
	for (int64_t i = 0; i < 5; i++) {
		assert_true(in_flight_take(&queue, i * i, &frame, &skipped));
		assert_int_equal(frame.next_after_us, i < 4 ? 2 * i + 1 : 0);
	}
	assert_int_equal(skipped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(devices_and_rings_of_other_cameras_are_found, make_inis, remove_inis),
		cmocka_unit_test_setup_teardown(no_more_than_the_maximum_is_taken, make_inis, remove_inis),
		cmocka_unit_test(an_explicit_size_is_taken_exactly),
		cmocka_unit_test(the_default_size_holds_the_minutes_within_a_quarter_of_ram),
		cmocka_unit_test(the_rate_is_that_of_the_last_frames_and_falls_while_none_arrives),
		cmocka_unit_test(two_frames_at_the_same_time_have_no_rate),
		cmocka_unit_test(a_mapping_ends_when_the_offset_moves_by_more_than_5_ms),
		cmocka_unit_test(a_mapping_ends_when_the_machine_was_suspended),
		cmocka_unit_test(frames_in_flight_are_found_by_time_in_order),
		cmocka_unit_test(frames_in_flight_know_the_next_frame_and_what_is_in_the_pipe),
	};

	snprintf(name, sizeof(name), "test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
