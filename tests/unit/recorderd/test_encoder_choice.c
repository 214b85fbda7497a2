/*
 * test_encoder_choice.c - record.encoder = auto with hardware encoders that work, that are listed but do not work, and
 * that fail later (recorderd/encoder/encoder_choice.c). tests/tools/hardware-encoder/ffmpeg plays them.
 */
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/child_processes.h"
#include "tests/unit/support/recording_rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/probe/encoder_probe.h"
#include "recorderd/probe/probe_pictures.h"

#define HOUR_US   (3600 * US_PER_S)
#define STAND_INS "tests/tools/hardware-encoder"

static struct reason why;
static struct encoder_status status;

/* --- trying one --- */

static bool probe(const char *encoder, double *fps)
{
	return encoder_probe(
		&(struct encoder_probe_settings){
			.record = &rig.config.record,
			.encoder = encoder,
			.preset = "ultrafast",
			.width = 320,
			.height = 180,
			.fps = 30,
		},
		fps, &why);
}

static void an_encoder_that_places_key_frames_as_it_likes_works(void **state)
{
	double fps = 0;

	(void)state;
	setenv("HARDWARE", "h264_v4l2m2m=free", 1);
	if (!probe("h264_v4l2m2m", &fps))
		fail_msg("%s", why.text);
	assert_true(fps > 0);
}

static void an_encoder_is_refused_for_what_it_gives(void **state)
{
	static const struct {
		const char *behaviour, *reason;
	} cases[] = {
		{"absent", "Could not find a valid device"},
		{"garbage", "FFmpeg's output has a box"},
		{"green", "does not show what it was given"},
		{"damaged", ""}, /* what is noticed first depends on the place of the damage */
		{"endless", "no key frame within 5 s"},
	};
	char text[64];
	double fps;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "h264_vaapi=%s", cases[i].behaviour);
		setenv("HARDWARE", text, 1);
		assert_false(probe("h264_vaapi", &fps));
		if (!strstr(why.text, cases[i].reason))
			fail_msg("%s: %s", cases[i].behaviour, why.text);
	}
}

static void the_pictures_are_told_apart(void **state)
{
	uint8_t green[PROBE_THUMBNAIL_BYTES] = {0};
	struct probe_pictures pictures;

	(void)state;
	assert_true(probe_pictures_make(&pictures, 321, 191));
	for (unsigned shown = 0; shown < PROBE_PICTURES; shown++)
		for (unsigned number = 0; number < 2 * PROBE_PICTURES; number++)
			assert_int_equal(probe_pictures_is_nearest(&pictures, number, pictures.thumbnails[shown]),
					 number % PROBE_PICTURES == shown);
	assert_true(probe_pictures_resembles(&pictures, PROBE_PICTURES, pictures.thumbnails[0]));
	assert_false(probe_pictures_resembles(&pictures, 0, green));
	probe_pictures_free(&pictures);
}

/* --- recording with them --- */

/* Adds a frame to those that are put into the ring, every few rounds, so that the run goes on. */
static void go_on(void)
{
	static unsigned rounds;

	if (rig.given == rig.to_give && rig.to_give < RIG_FRAMES && ++rounds % 8 == 0) {
		rig.wall_us[rig.to_give] = rig.wall_us[rig.to_give - 1] + US_PER_S / 25;
		rig.to_give++;
	}
}

static bool uses(const char *encoder)
{
	go_on();
	encoder_status(rig.encoder, &status);
	return strcmp(status.encoder, encoder) == 0;
}

static bool uses_hardware(struct rig *of)
{
	(void)of;
	return uses("h264_qsv");
}

static bool uses_software(struct rig *of)
{
	(void)of;
	return uses("libx264");
}

static uint64_t frames_before;

static bool more_are_recorded(struct rig *of)
{
	go_on();
	return storage_frames(of->storage) > frames_before + 30;
}

static void record_more(void)
{
	frames_before = storage_frames(rig.storage);
	rig_wait(more_are_recorded);
}

static void begin(const char *hardware)
{
	setenv("HARDWARE", hardware, 1);
	snprintf(rig.config.record.encoder, sizeof(rig.config.record.encoder), "auto");
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 2);
	frames_before = 0;
	rig_wait(more_are_recorded);
	assert_true(uses("libx264"));
}

static void assert_one_recording(size_t runs)
{
	rig_stop();
	rig_read_folder();
	assert_all_recorded();
	assert_key_frames();
	assert_int_equal(rig.segment_count, runs);
	for (size_t i = 1; i < runs; i++)
		assert_int_equal(rig.segments[i].gap_cause, GAP_NONE);
}

static void one_that_fails_later_is_replaced_and_left_alone_for_an_hour(void **state)
{
	(void)state;
	begin("h264_qsv=works");
	rig_wait(uses_hardware);
	record_more();
	assert_int_equal(status.restarts, 0);
	assert_int_equal(kill(child_find("ivf"), SIGKILL), 0);
	rig_wait(uses_software);
	record_more();
	setenv("HARDWARE", "h264_v4l2m2m=hangs", 1); /* would be seen */
	fake_clock.mono_ahead_us += HOUR_US - 60 * US_PER_S;
	record_more();
	assert_int_equal(child_find("h264_"), 0);
	setenv("HARDWARE", "h264_qsv=works", 1);
	fake_clock.mono_ahead_us += 61 * US_PER_S;
	rig_wait(uses_hardware);
	assert_int_equal(status.restarts, 1);
	record_more();
	assert_one_recording(4);
}

static void one_that_hangs_when_it_is_tried_holds_up_nothing(void **state)
{
	(void)state;
	begin("h264_v4l2m2m=hangs h264_qsv=works");
	while (!child_find("h264_v4l2m2m"))
		record_more();
	fake_clock.mono_ahead_us += 31 * US_PER_S;
	rig_wait(uses_hardware);
	record_more();
	assert_one_recording(2);
}

static void a_stop_does_not_wait_for_one_that_hangs(void **state)
{
	(void)state;
	begin("h264_v4l2m2m=hangs");
	while (!child_find("h264_v4l2m2m"))
		record_more();
	assert_one_recording(1);
}

static int start(void **state)
{
	char path[PATH_MAX + 4096], folder[PATH_MAX];

	(void)state;
	assert_non_null(realpath(STAND_INS, folder));
	snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
	return setenv("PATH", path, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pictures_are_told_apart),
		CASE(an_encoder_that_places_key_frames_as_it_likes_works),
		CASE(an_encoder_is_refused_for_what_it_gives),
		CASE(one_that_fails_later_is_replaced_and_left_alone_for_an_hour),
		CASE(one_that_hangs_when_it_is_tried_holds_up_nothing),
		CASE(a_stop_does_not_wait_for_one_that_hangs),
	};

	return cmocka_run_group_tests_name("encoder_choice", tests, start, NULL);
}
