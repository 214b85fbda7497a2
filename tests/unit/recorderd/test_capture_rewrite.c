/* test_capture_rewrite.c - with [mask] or camera.rotate, only rewritten frames reach the ring, in their order. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "recorderd/capture/frame_rewriter.h"
#include "tests/unit/support/camera_jpegs.h"
#include "tests/unit/support/capture_rig.h"

#define WIDTH  64
#define HEIGHT 48

static uint8_t jpeg[16384];

static void set_mask(const char *area)
{
	capture_rig.config.mask_count = 1;
	snprintf(capture_rig.config.masks[0].name, CONFIG_NAME_BYTES, "street");
	snprintf(capture_rig.config.masks[0].area, sizeof(capture_rig.config.masks[0].area), "%s", area);
}

/* The brightness of the pixels in the middle of the left and of the right half. */
static void look(const struct ring_frame *frame, int *left, int *right)
{
	struct jpeg_decompress_struct decoder;
	struct jpeg_error_mgr errors;
	uint8_t line[WIDTH];
	JSAMPROW row = line;

	decoder.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&decoder);
	jpeg_mem_src(&decoder, frame->data, frame->meta.length);
	jpeg_read_header(&decoder, TRUE);
	decoder.out_color_space = JCS_GRAYSCALE;
	jpeg_start_decompress(&decoder);
	assert_int_equal(decoder.output_width, WIDTH);
	while (decoder.output_scanline < HEIGHT / 2)
		jpeg_read_scanlines(&decoder, &row, 1);
	*left = line[WIDTH / 4];
	*right = line[WIDTH * 3 / 4];
	jpeg_destroy_decompress(&decoder);
}

static bool was_dropped(void)
{
	return capture_rig.state.damaged == 1;
}

static void frames_are_masked_before_they_are_in_the_ring(void **state)
{
	size_t length = camera_jpeg_make(WIDTH, HEIGHT, jpeg, sizeof(jpeg));
	int left, right;

	(void)state;
	set_mask("0.5,0,0.5,1");
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	capture_rig_send(jpeg, length, WIDTH);
	struct ring_frame frame = capture_rig_sent_frame();
	look(&frame, &left, &right);
	assert_true(left > 30 && right == 0);
	assert_int_equal(frame.meta.width, WIDTH);
	assert_int_equal(frame.meta.height, HEIGHT);
	capture_rig_wait(camera_is_streaming);
}

static void a_frame_that_cannot_be_masked_is_dropped_and_counted(void **state)
{
	static const uint8_t no_jpeg[100] = "picture";
	size_t length = camera_jpeg_make(WIDTH, HEIGHT, jpeg, sizeof(jpeg));

	(void)state;
	set_mask("0.5,0,0.5,1");
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	capture_rig_send(no_jpeg, sizeof(no_jpeg), WIDTH);
	capture_rig_wait(was_dropped);
	assert_int_equal(capture_rig.state.frames, 0);
	capture_rig_send(jpeg, length, WIDTH);
	assert_int_equal(capture_rig_sent_frame().seq, 1);
}

static void frames_are_turned_and_have_the_size_of_what_is_shown(void **state)
{
	size_t length = camera_jpeg_make(WIDTH, HEIGHT, jpeg, sizeof(jpeg));
	int left, right;

	(void)state;
	capture_rig.config.camera.rotate = ROTATE_180;
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	capture_rig_send(jpeg, length, WIDTH);
	struct ring_frame frame = capture_rig_sent_frame();
	look(&frame, &left, &right);
	assert_true(left > right + 50); /* the ramp goes the other way now */
	assert_int_equal(frame.meta.width, WIDTH);
	capture_rig_wait(camera_is_streaming);
	assert_int_equal(capture_rig.state.width, WIDTH);
}

static void frames_on_their_side_are_high(void **state)
{
	size_t length = camera_jpeg_make(WIDTH, HEIGHT, jpeg, sizeof(jpeg));

	(void)state;
	capture_rig.config.camera.rotate = ROTATE_90;
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	capture_rig_send(jpeg, length, WIDTH);
	struct ring_frame frame = capture_rig_sent_frame();
	assert_int_equal(frame.meta.width, HEIGHT);
	assert_int_equal(frame.meta.height, WIDTH);
	capture_rig_wait(camera_is_streaming);
	assert_int_equal(capture_rig.state.height, WIDTH);
}

static void an_invalid_mask_captures_nothing(void **state)
{
	(void)state;
	set_mask("0.5,0,0.6,1");
	capture_rig_start_refused();
}

struct taken {
	unsigned frames, damaged;
	int64_t last_us;
};

static void take_frame(void *context, const struct source_frame *frame)
{
	struct taken *taken = context;

	assert_true(frame->rewritten);
	assert_true(frame->captured.us > taken->last_us);
	taken->last_us = frame->captured.us;
	taken->frames++;
}

static void take_damaged(void *context, enum frame_damage damage)
{
	struct taken *taken = context;

	assert_int_equal(damage, DAMAGE_REWRITE);
	taken->damaged++;
}

static unsigned put_frames(struct frame_rewriter *rewriter, size_t length, int64_t *captured_us)
{
	struct source_frame frame = {
		.parts = {{jpeg, 7}, {jpeg + 7, length - 7}}, .count = 2, .width = WIDTH, .height = HEIGHT};
	unsigned put = 0;

	for (frame.captured.us = ++*captured_us; frame_rewriter_put(rewriter, &frame);
	     frame.captured.us = ++*captured_us)
		put++;
	return put;
}

static void take_one(struct frame_rewriter *rewriter, struct taken *taken)
{
	const struct source_sink sink = {take_frame, NULL, take_damaged, taken};
	struct pollfd state = {.fd = frame_rewriter_fd(rewriter), .events = POLLIN};

	assert_int_equal(poll(&state, 1, 60000), 1);
	frame_rewriter_take(rewriter, &sink);
}

static void frames_keep_their_order_and_those_of_a_closed_camera_do_not_come_out(void **state)
{
	size_t length = camera_jpeg_make(WIDTH, HEIGHT, jpeg, sizeof(jpeg));
	struct frame_rewriter_setup setup = {0};
	struct taken taken = {0};
	struct reason why;
	int64_t captured_us = 0;

	(void)state;
	set_mask("0.5,0,0.5,1");
	assert_true(privacy_mask_read(&capture_rig.config, &setup.mask, &why));
	struct frame_rewriter *rewriter = frame_rewriter_create(&setup, &why);
	assert_non_null(rewriter);
	unsigned first = put_frames(rewriter, length, &captured_us);
	assert_true(first > 1); /* until it is full */
	take_one(rewriter, &taken);
	frame_rewriter_forget(rewriter);
	assert_int_equal(put_frames(rewriter, length, &captured_us), 1);
	for (unsigned i = 0; i < first; i++)
		take_one(rewriter, &taken);
	assert_int_equal(taken.frames, 2);
	assert_int_equal(taken.damaged, 0);
	put_frames(rewriter, length / 2, &captured_us);
	take_one(rewriter, &taken);
	assert_int_equal(taken.damaged, 1);
	frame_rewriter_destroy(rewriter); /* while it has work */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_are_masked_before_they_are_in_the_ring),
		CASE(a_frame_that_cannot_be_masked_is_dropped_and_counted),
		CASE(frames_are_turned_and_have_the_size_of_what_is_shown),
		CASE(frames_on_their_side_are_high),
		CASE(an_invalid_mask_captures_nothing),
		CASE(frames_keep_their_order_and_those_of_a_closed_camera_do_not_come_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
