/* test_source_external.c - what recorder-source hands over becomes frames, and nothing that it sends is believed. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/external/source_external.h"
#include "shared/source/source_socket.h"
#include "tests/unit/support/camera_jpegs.h"

static struct config config;
static struct source *source;
static struct reason why;
static int client;
static pthread_t thread;

static struct {
	unsigned frames, damaged;
	uint32_t lost;
	enum frame_damage damage;
	mono_t captured;
	uint16_t width, height;
} seen;

static void take_frame(void *context, const struct source_frame *frame)
{
	(void)context;
	seen.frames++;
	seen.captured = frame->captured;
	seen.width = frame->width;
	seen.height = frame->height;
}

static void take_lost(void *context, uint32_t frames)
{
	(void)context;
	seen.lost += frames;
}

static void take_damaged(void *context, enum frame_damage damage)
{
	(void)context;
	seen.damaged++;
	seen.damage = damage;
}

static const struct source_sink sink = {take_frame, take_lost, take_damaged, NULL};

static void *connect_client(void *context)
{
	(void)context;
	while ((client = helper_connect(&source_helper, config.camera.name, SOCK_STREAM)) < 0)
		usleep(1000);
	return NULL;
}

static int begin(void **state)
{
	(void)state;
	snprintf(config.camera.name, sizeof(config.camera.name), "external-%d", (int)getpid());
	snprintf(config.camera.device, sizeof(config.camera.device), "http://viewer@cam.lan:8080/video?key=secret");
	config.camera.width = 64;
	config.camera.height = 48;
	config.camera.fps = 30;
	return 0;
}

static int open_source(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	if (pthread_create(&thread, NULL, connect_client, NULL) != 0)
		return -1;
	enum source_open_outcome outcome = source_external_open(&config, &source, &why);
	pthread_join(thread, NULL);
	return outcome == SOURCE_OPENED ? 0 : -1;
}

static int close_source(void **state)
{
	(void)state;
	source_close(source);
	source = NULL;
	if (client >= 0)
		close(client);
	client = -1;
	return 0;
}

static void send_bytes(const void *data, size_t bytes)
{
	assert_int_equal(send(client, data, bytes, MSG_NOSIGNAL), bytes);
}

static void send_header(uint32_t kind, uint64_t number, int64_t arrived_us, size_t bytes)
{
	const struct source_header header = {SOURCE_MAGIC, kind, number, arrived_us, (uint32_t)bytes, 0};

	send_bytes(&header, sizeof(header));
}

static void send_hello(void)
{
	send_header(SOURCE_HELLO, SOURCE_VERSION, 0, 0);
}

static void send_picture(uint64_t number, int64_t arrived_us)
{
	uint8_t jpeg[4096];
	size_t bytes = camera_jpeg_make(64, 48, jpeg, sizeof(jpeg));

	send_header(SOURCE_PICTURE, number, arrived_us, bytes);
	send_bytes(jpeg, bytes);
}

static enum source_outcome read_source(void)
{
	why.text[0] = '\0';
	return source_read(source, &sink, &why);
}

static void without_recorder_source_nothing_is_found(void **state)
{
	(void)state;
	assert_int_equal(source_external_open(&config, &source, &why), SOURCE_NOT_FOUND);
	assert_null(source);
	assert_non_null(
		strstr(why.text, "which reads http://cam.lan:8080/video, is not there: start recorder-source@"));
}

static void it_is_described_without_secrets(void **state)
{
	const struct source_info *info = &source->info;

	(void)state;
	assert_string_equal(info->device, "http://cam.lan:8080/video");
	assert_string_equal(info->model, "cam.lan:8080");
	assert_int_equal(info->kind, SOURCE_CAMERA);
	assert_true(info->is_external);
}

static void pictures_become_frames_with_the_time_of_their_arrival(void **state)
{
	mono_t now = mono_now();

	(void)state;
	send_hello();
	send_picture(1, now.us - 20000);
	assert_int_equal(read_source(), SOURCE_OK);
	assert_int_equal(seen.frames, 1);
	assert_int_equal(seen.captured.us, now.us - 20000);
	assert_int_equal(seen.width, 64);
	assert_int_equal(seen.height, 48);
	assert_int_equal(read_source(), SOURCE_OK); /* nothing has come */
}

static void a_time_that_cannot_be_is_replaced(void **state)
{
	static const int64_t wrong[] = {INT64_MIN, -1, 0, INT64_MAX};

	(void)state;
	send_hello();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		mono_t before = mono_now();
		send_picture(i + 1, wrong[i]);
		assert_int_equal(read_source(), SOURCE_OK);
		assert_true(seen.captured.us >= before.us && seen.captured.us <= mono_now().us);
	}
}

static void missing_numbers_are_lost_pictures(void **state)
{
	(void)state;
	send_hello();
	send_picture(1, mono_now().us);
	send_picture(4, mono_now().us);
	send_picture(5, mono_now().us);
	assert_int_equal(read_source(), SOURCE_OK);
	assert_int_equal(seen.frames, 3);
	assert_int_equal(seen.lost, 2);
}

static void what_is_no_jpeg_is_damaged_and_the_next_one_counts(void **state)
{
	(void)state;
	send_hello();
	send_header(SOURCE_PICTURE, 1, mono_now().us, 5);
	send_bytes("hello", 5);
	send_picture(2, mono_now().us);
	assert_int_equal(read_source(), SOURCE_OK);
	assert_int_equal(seen.damaged, 1);
	assert_int_equal(seen.damage, DAMAGE_NOT_JPEG);
	assert_int_equal(seen.frames, 1);
}

static void a_picture_may_come_in_pieces(void **state)
{
	uint8_t jpeg[4096];
	size_t bytes = camera_jpeg_make(64, 48, jpeg, sizeof(jpeg));

	(void)state;
	send_hello();
	send_header(SOURCE_PICTURE, 1, mono_now().us, bytes);
	for (size_t i = 0; i < bytes; i++) {
		assert_int_equal(seen.frames, 0);
		send_bytes(jpeg + i, 1);
		assert_int_equal(read_source(), SOURCE_OK);
	}
	assert_int_equal(seen.frames, 1);
}

static void the_end_of_the_source_is_told_with_its_reason(void **state)
{
	(void)state;
	send_hello();
	send_header(SOURCE_ENDED, 0, 0, 14);
	send_bytes("exit status\n 3", 14);
	assert_int_equal(read_source(), SOURCE_GONE);
	assert_string_equal(why.text, "http://cam.lan:8080/video has ended: exit status? 3");
}

static void half_a_picture_and_the_end_of_recorder_source_are_an_unplugged_camera(void **state)
{
	(void)state;
	send_hello();
	send_header(SOURCE_PICTURE, 1, mono_now().us, 1000);
	send_bytes("\xff\xd8\xff", 3);
	assert_int_equal(read_source(), SOURCE_OK);
	close(client);
	client = -1;
	assert_int_equal(read_source(), SOURCE_GONE);
	assert_non_null(strstr(why.text, "has ended in the middle of a picture"));
	assert_int_equal(seen.frames, 0);
}

static void is_refused(const struct source_header *header, bool greeted)
{
	open_source(NULL);
	if (greeted)
		send_hello();
	send_bytes(header, sizeof(*header));
	assert_int_equal(read_source(), SOURCE_FAILED);
	assert_non_null(strstr(why.text, "has sent what is no packet"));
	assert_int_equal(seen.frames, 0);
	close_source(NULL);
}

static void what_is_no_packet_ends_the_connection(void **state)
{
	static const struct source_header after_hello[] = {
		{SOURCE_MAGIC + 1, SOURCE_PICTURE, 1, 0, 10, 0},
		{SOURCE_MAGIC, SOURCE_PACKETS, 1, 0, 10, 0},
		{SOURCE_MAGIC, SOURCE_HELLO, SOURCE_VERSION, 0, 0, 0},
		{SOURCE_MAGIC, SOURCE_PICTURE, 1, 0, SOURCE_PICTURE_MAX + 1, 0},
		{SOURCE_MAGIC, SOURCE_PICTURE, 1, 0, 0, 0},
		{SOURCE_MAGIC, SOURCE_PICTURE, 0, 0, 10, 0},
		{SOURCE_MAGIC, SOURCE_PICTURE, 1, 0, 10, 1},
		{SOURCE_MAGIC, SOURCE_ENDED, 0, 0, SOURCE_TEXT_MAX + 1, 0},
	};
	static const struct source_header instead_of_hello[] = {
		{SOURCE_MAGIC, SOURCE_PICTURE, 1, 0, 10, 0},
		{SOURCE_MAGIC, SOURCE_ENDED, 0, 0, 0, 0},
		{SOURCE_MAGIC, SOURCE_HELLO, SOURCE_VERSION + 1, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(after_hello) / sizeof(after_hello[0]); i++)
		is_refused(&after_hello[i], true);
	for (size_t i = 0; i < sizeof(instead_of_hello) / sizeof(instead_of_hello[0]); i++)
		is_refused(&instead_of_hello[i], false);
}

static void a_flood_ends_the_connection(void **state)
{
	enum source_outcome outcome = SOURCE_OK;

	(void)state;
	send_hello();
	for (unsigned i = 1; outcome == SOURCE_OK && i <= 100 * EXTERNAL_FPS_MAX; i++) {
		send_header(SOURCE_PICTURE, i, mono_now().us, 1);
		send_bytes("x", 1);
		outcome = read_source();
	}
	assert_int_equal(outcome, SOURCE_FAILED);
	assert_non_null(strstr(why.text, "sends more than 1000 pictures per second"));
}

static void there_is_one_connection(void **state)
{
	(void)state;
	assert_int_equal(helper_connect(&source_helper, config.camera.name, SOCK_STREAM), -1);
}

#define on_source(test) cmocka_unit_test_setup_teardown(test, open_source, close_source)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_recorder_source_nothing_is_found),
		on_source(it_is_described_without_secrets),
		on_source(pictures_become_frames_with_the_time_of_their_arrival),
		on_source(a_time_that_cannot_be_is_replaced),
		on_source(missing_numbers_are_lost_pictures),
		on_source(what_is_no_jpeg_is_damaged_and_the_next_one_counts),
		on_source(a_picture_may_come_in_pieces),
		on_source(the_end_of_the_source_is_told_with_its_reason),
		on_source(half_a_picture_and_the_end_of_recorder_source_are_an_unplugged_camera),
		cmocka_unit_test(what_is_no_packet_ends_the_connection),
		on_source(a_flood_ends_the_connection),
		on_source(there_is_one_connection),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
