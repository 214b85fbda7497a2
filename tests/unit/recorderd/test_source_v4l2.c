/* test_source_v4l2.c - what happens to the frames of an open camera, whatever its driver does. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/source/jpeg.h"
#include "recorderd/source/source_v4l2.h"
#include "shared/base/log.h"
#include "tests/unit/fakes/fake_video.h"
#include "tests/unit/support/camera_jpegs.h"
#include "tests/unit/support/received_frames.h"

#define MONOTONIC V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC

static uint8_t jpeg[FAKE_BYTES];
static size_t jpeg_bytes;

static struct source *open_camera(struct fake_node **node, enum config_format format, int width, int height)
{
	struct config config = {.camera = {.width = width, .height = height, .fps = 30, .format = format}};
	struct source *source;
	struct reason why;

	if (!fake_nodes[0].present)
		fake_camera(0);
	*node = &fake_nodes[0];
	assert_int_equal(source_v4l2_open(&config, "/dev/video0", 0, &source, &why), SOURCE_OPENED);
	return source;
}

static enum source_outcome read_once(struct source *source)
{
	struct reason why;

	return source_read(source, &receiving_sink, &why);
}

static enum source_outcome deliver_and_read(struct source *source, struct fake_node *node, struct fake_frame frame)
{
	assert_true(fake_deliver(node, &frame));
	return read_once(source);
}

static struct fake_frame valid_frame(uint32_t sequence)
{
	return (struct fake_frame){.data = jpeg,
				   .length = jpeg_bytes,
				   .flags = MONOTONIC,
				   .sequence = sequence,
				   .stamp_us = mono_now().us};
}

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	memset(&heard, 0, sizeof(heard));
	jpeg_bytes = camera_jpeg_make(640, 480, jpeg, sizeof(jpeg));
	assert_true(jpeg_bytes > 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void a_jpeg_reaches_the_sink_unchanged_with_one_dqbuf_and_one_qbuf(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	unsigned queues = node->queues;

	(void)state;
	assert_int_equal(deliver_and_read(source, node, valid_frame(0)), SOURCE_OK);
	assert_int_equal(heard.frames, 1);
	assert_int_equal(heard.length, jpeg_bytes);
	assert_memory_equal(heard.bytes, jpeg, jpeg_bytes);
	assert_int_equal(heard.width, 640);
	assert_int_equal(heard.height, 480);
	assert_int_equal(node->fetches, 1);
	assert_int_equal(node->queues - queues, 1);
	source_close(source);
}

static void padding_after_a_jpeg_is_removed(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	struct fake_frame frame = valid_frame(0);

	(void)state;
	memset(jpeg + jpeg_bytes, 0, 4096);
	frame.length += 4096;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.length, jpeg_bytes);
	source_close(source);
}

static void missing_huffman_tables_are_inserted_before_the_scan(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	struct fake_frame frame;
	struct jpeg_info info;

	(void)state;
	jpeg_bytes = camera_jpeg_strip_tables(jpeg, jpeg_bytes);
	assert_true(jpeg_inspect(jpeg, jpeg_bytes, &info));
	assert_int_equal(info.missing_tables, 3);
	frame = valid_frame(0);
	memset(jpeg + jpeg_bytes, 0, 512);
	frame.length += 512;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.parts, 4);
	assert_int_equal(heard.length, jpeg_bytes + 33 + 183); /* a grey picture needs two */
	assert_true(jpeg_inspect(heard.bytes, heard.length, &info) && info.missing_tables == 0);
	source_close(source);
}

static void a_frame_flagged_by_the_driver_is_damaged_and_requeued(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	struct fake_frame frame = valid_frame(0);
	unsigned queues = node->queues;

	(void)state;
	frame.flags |= V4L2_BUF_FLAG_ERROR;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.frames, 0);
	assert_int_equal(heard.damaged, 1);
	assert_int_equal(node->queues - queues, 1);
	source_close(source);
}

static void a_truncated_or_half_empty_jpeg_is_damaged(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	struct fake_frame frame = valid_frame(0);

	(void)state;
	frame.length /= 2;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	memset(jpeg + jpeg_bytes / 2, 0, jpeg_bytes - jpeg_bytes / 2);
	assert_int_equal(deliver_and_read(source, node, valid_frame(1)), SOURCE_OK);
	assert_int_equal(heard.frames, 0);
	assert_int_equal(heard.damaged, 2);
	source_close(source);
}

static void an_empty_frame_or_one_larger_than_its_buffer_is_damaged(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	struct fake_frame frame = valid_frame(0);

	(void)state;
	frame.bytesused = FAKE_BYTES + 1;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	frame.bytesused = UINT32_MAX;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	frame.empty = true;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.frames, 0);
	assert_int_equal(heard.damaged, 3);
	source_close(source);
}

static void gaps_in_the_sequence_are_lost_frames(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);

	(void)state;
	assert_int_equal(deliver_and_read(source, node, valid_frame(UINT32_MAX)), SOURCE_OK);
	assert_int_equal(deliver_and_read(source, node, valid_frame(0)), SOURCE_OK);
	assert_int_equal(heard.lost, 0);
	assert_int_equal(deliver_and_read(source, node, valid_frame(4)), SOURCE_OK);
	assert_int_equal(heard.lost, 3);
	assert_int_equal(heard.frames, 3);
	source_close(source);
}

static void time_stamps_come_from_the_driver_and_always_increase(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	struct fake_frame frame = valid_frame(0);
	int64_t stamp_us = frame.stamp_us;

	(void)state;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.captured.us, stamp_us);
	frame.stamp_us = stamp_us - 30000;
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.captured.us, stamp_us + 1);
	source_close(source);
}

static void the_first_picture_sets_the_size_and_a_later_change_is_reported(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);

	(void)state;
	jpeg_bytes = camera_jpeg_make(320, 240, jpeg, sizeof(jpeg));
	assert_int_equal(deliver_and_read(source, node, valid_frame(0)), SOURCE_OK);
	assert_int_equal(source->info.width, 320);
	jpeg_bytes = camera_jpeg_make(640, 480, jpeg, sizeof(jpeg));
	assert_int_equal(deliver_and_read(source, node, valid_frame(1)), SOURCE_RESIZED);
	assert_int_equal(heard.frames, 1);
	source_close(source);
}

static enum source_outcome outcome_of_dqbuf(int error)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);
	enum source_outcome outcome;

	node->fetch_errno = error;
	outcome = read_once(source);
	source_close(source);
	fake_reset();
	return outcome;
}

static void an_unplugged_camera_is_gone_and_other_errors_are_failures(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_dqbuf(ENODEV), SOURCE_GONE);
	assert_int_equal(outcome_of_dqbuf(ENOTTY), SOURCE_GONE);
	assert_int_equal(outcome_of_dqbuf(EIO), SOURCE_GONE);
	assert_int_equal(outcome_of_dqbuf(EINVAL), SOURCE_FAILED);
	assert_int_equal(outcome_of_dqbuf(EAGAIN), SOURCE_OK);
}

static void a_hang_up_without_a_frame_means_gone_and_does_not_spin(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);

	(void)state;
	fake_unplug(node);
	node->fetch_errno = 0; /* the driver always returns EAGAIN */
	assert_int_equal(read_once(source), SOURCE_GONE);
	source_close(source);
}

static void a_buffer_that_cannot_be_queued_ends_the_stream(void **state)
{
	struct fake_node *node;
	struct source *source = open_camera(&node, FORMAT_AUTO, 640, 480);

	(void)state;
	node->queue_errno = EINVAL;
	assert_int_equal(deliver_and_read(source, node, valid_frame(0)), SOURCE_FAILED);
	source_close(source);
}

static void wait_and_read(struct source *source, unsigned frames)
{
	while (heard.frames < frames) {
		struct pollfd state = {.fd = source_fd(source), .events = POLLIN};
		assert_int_equal(poll(&state, 1, 60000), 1);
		assert_int_equal(read_once(source), SOURCE_OK);
	}
}

static uint8_t picture[64 * 32 * 2];

static struct source *open_raw(struct fake_node *node)
{
	node->sizes[0] = (struct fake_size){64, 32, {30}};
	return open_camera(&node, FORMAT_YUYV, 64, 32);
}

static void raw_pictures_become_jpegs_and_use_the_same_descriptor(void **state)
{
	struct fake_node *node = fake_camera(0);
	struct source *source;
	struct jpeg_info info;

	(void)state;
	source = open_raw(node);
	assert_string_equal(source->info.format, "YUYV");
	for (uint32_t i = 0; i < 40; i++) {
		struct fake_frame frame = {
			.data = picture, .length = sizeof(picture), .flags = MONOTONIC, .sequence = i};
		frame.stamp_us = mono_now().us;
		assert_true(fake_deliver(node, &frame));
		wait_and_read(source, i + 1);
		assert_int_equal(heard.captured.us, frame.stamp_us);
	}
	assert_true(jpeg_inspect(heard.bytes, heard.length, &info));
	assert_int_equal(info.width, 64);
	assert_int_equal(info.height, 32);
	assert_int_equal(heard.damaged + heard.lost, 0);
	assert_int_equal(node->queued_count, node->buffers);
	source_close(source);
}

static void a_short_raw_picture_is_damaged(void **state)
{
	struct fake_node *node = fake_camera(0);
	struct source *source;
	struct fake_frame frame = {.data = picture, .length = sizeof(picture) - 1};

	(void)state;
	source = open_raw(node);
	assert_int_equal(deliver_and_read(source, node, frame), SOURCE_OK);
	assert_int_equal(heard.damaged, 1);
	assert_int_equal(node->queued_count, node->buffers);
	source_close(source);
}

static void a_raw_camera_faster_than_the_threads_loses_frames_without_waiting(void **state)
{
	struct fake_node *node = fake_camera(0);
	struct source *source;
	unsigned delivered = 0;

	(void)state;
	node->grants = 2; /* one for the compressor, one for the driver */
	source = open_raw(node);
	while (!heard.lost && delivered < 100000) {
		struct fake_frame frame = {.data = picture, .length = sizeof(picture), .sequence = delivered};
		delivered += fake_deliver(node, &frame);
		assert_int_equal(read_once(source), SOURCE_OK);
	}
	assert_true(heard.lost > 0);
	wait_and_read(source, heard.frames + 1);
	assert_int_equal(heard.frames + heard.lost + node->filled_count, delivered);
	source_close(source);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_jpeg_reaches_the_sink_unchanged_with_one_dqbuf_and_one_qbuf),
		CASE(padding_after_a_jpeg_is_removed),
		CASE(missing_huffman_tables_are_inserted_before_the_scan),
		CASE(a_frame_flagged_by_the_driver_is_damaged_and_requeued),
		CASE(a_truncated_or_half_empty_jpeg_is_damaged),
		CASE(an_empty_frame_or_one_larger_than_its_buffer_is_damaged),
		CASE(gaps_in_the_sequence_are_lost_frames),
		CASE(time_stamps_come_from_the_driver_and_always_increase),
		CASE(the_first_picture_sets_the_size_and_a_later_change_is_reported),
		CASE(an_unplugged_camera_is_gone_and_other_errors_are_failures),
		CASE(a_hang_up_without_a_frame_means_gone_and_does_not_spin),
		CASE(a_buffer_that_cannot_be_queued_ends_the_stream),
		CASE(raw_pictures_become_jpegs_and_use_the_same_descriptor),
		CASE(a_short_raw_picture_is_damaged),
		CASE(a_raw_camera_faster_than_the_threads_loses_frames_without_waiting),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
