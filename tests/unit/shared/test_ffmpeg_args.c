/* test_ffmpeg_args.c - FFmpeg's arguments for each encoder, and the key-frame rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/media/ffmpeg_args.h"

static const char *const encoders[] = {"libx264", "h264_vaapi", "h264_v4l2m2m", "h264_nvenc", "h264_qsv"};

static void build(struct ffmpeg_command *command, const char *encoder, int64_t first_us)
{
	ffmpeg_command_init(command);
	ffmpeg_command_add_device(command, encoder);
	ffmpeg_command_add_h264(command, &(struct ffmpeg_h264){.encoder = encoder,
							       .preset = "superfast",
							       .quality = 23,
							       .fps = 30,
							       .first = {first_us},
							       .width = 640,
							       .height = 480});
	ffmpeg_command_add_output(command);
}

/* The value of an option, which must be there exactly once. */
static const char *value_of(const struct ffmpeg_command *command, const char *option)
{
	const char *value = NULL;

	for (int i = 0; i < command->argc - 1; i++) {
		if (strcmp(command->argv[i], option) != 0)
			continue;
		assert_null(value);
		value = command->argv[i + 1];
	}
	assert_non_null(value);
	return value;
}

static void every_known_encoder_has_a_complete_command(void **state)
{
	struct ffmpeg_command command;

	(void)state;
	for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++) {
		assert_true(ffmpeg_knows_encoder(encoders[i]));
		build(&command, encoders[i], 0);
		assert_true(command.argc < FFMPEG_ARGUMENTS_MAX - 32); /* room for the input */
		assert_null(command.argv[command.argc]);
		assert_string_equal(command.argv[0], "ffmpeg");
		assert_string_equal(command.argv[command.argc - 1], "pipe:1");
		assert_string_equal(value_of(&command, "-c:v"), encoders[i]);
		assert_string_equal(value_of(&command, "-bf"), "0");
		assert_string_equal(value_of(&command, "-avoid_negative_ts"), "disabled");
		assert_non_null(strstr(value_of(&command, "-movflags"), "frag_discont"));
	}
	assert_false(ffmpeg_knows_encoder("mpeg2video"));
}

/* Whether the command has these arguments, one after the other. */
static bool has(const struct ffmpeg_command *command, const char *option, const char *value)
{
	for (int i = 0; i < command->argc - 1; i++)
		if (strcmp(command->argv[i], option) == 0 && strcmp(command->argv[i + 1], value) == 0)
			return true;
	return false;
}

/* As FFmpeg's documentation of each encoder has it (ffmpeg-codecs(1), and "ffmpeg -h encoder=..." for the names). */
static void hardware_encoders_have_their_devices_formats_and_constant_quality(void **state)
{
	static const struct {
		const char *encoder, *option, *value;
	} cases[] = {
		{"h264_vaapi", "-vaapi_device", "/dev/dri/renderD128"},
		{"h264_vaapi", "-vf", "format=nv12,hwupload"},
		{"h264_vaapi", "-qp", "23"},
		{"h264_qsv", "-pix_fmt", "nv12"},
		{"h264_qsv", "-q:v", "23"},
		{"h264_qsv", "-forced_idr", "1"},
		{"h264_qsv", "-async_depth", "1"},
		{"h264_nvenc", "-pix_fmt", "yuv420p"},
		{"h264_nvenc", "-rc", "constqp"},
		{"h264_nvenc", "-qp", "23"},
		{"h264_nvenc", "-forced-idr", "1"},
		{"h264_v4l2m2m", "-pix_fmt", "yuv420p"},
	};
	struct ffmpeg_command command;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(&command, cases[i].encoder, 0);
		assert_true(has(&command, cases[i].option, cases[i].value));
	}
	build(&command, "h264_vaapi", 0);
	assert_false(has(&command, "-pix_fmt", "yuv420p")); /* its filter chooses the format */
	assert_string_equal(command.argv[6],
			    "-vaapi_device"); /* before the input, and so before the output's options */
}

static void auto_tries_every_hardware_encoder_and_is_none_itself(void **state)
{
	size_t count = 0;

	(void)state;
	for (const char *name; (name = ffmpeg_hardware_encoder(count)); count++) {
		assert_true(ffmpeg_knows_encoder(name));
		assert_string_not_equal(name, FFMPEG_ENCODER_SOFTWARE);
	}
	assert_int_equal(count, sizeof(encoders) / sizeof(encoders[0]) - 1);
	assert_false(ffmpeg_knows_encoder(FFMPEG_ENCODER_AUTO));
	assert_true(ffmpeg_knows_encoder(FFMPEG_ENCODER_SOFTWARE));
}

static void the_key_frame_rule_has_the_phase_of_the_first_frame(void **state)
{
	static const struct {
		int64_t first_us;
		const char *rule;
	} cases[] = {
		{1800000000437000,
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.4370005),floor(prev_forced_t+0.4370005)))"},
		{1800000000000001,
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.0000015),floor(prev_forced_t+0.0000015)))"},
		{1800000000999999,
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.9999995),floor(prev_forced_t+0.9999995)))"},
		{1800000000000000,
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.0000005),floor(prev_forced_t+0.0000005)))"},
	};
	struct ffmpeg_command command;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(&command, "libx264", cases[i].first_us);
		assert_string_equal(value_of(&command, "-force_key_frames"), cases[i].rule);
	}
}

static void the_preset_auto_begins_with_the_default(void **state)
{
	struct ffmpeg_command command;

	(void)state;
	ffmpeg_command_init(&command);
	ffmpeg_command_add_h264(&command, &(struct ffmpeg_h264){.encoder = "libx264", .preset = "auto"});
	assert_string_equal(value_of(&command, "-preset"), "superfast");
}

static const char *filters_of(struct ffmpeg_h264 settings)
{
	static struct ffmpeg_command command;

	settings.preset = "superfast";
	ffmpeg_command_init(&command);
	ffmpeg_command_add_h264(&command, &settings);
	for (int i = 0; i < command.argc; i++)
		if (strcmp(command.argv[i], "-vf") == 0)
			return value_of(&command, "-vf");
	return "";
}

static void odd_sizes_are_cropped_before_everything_else(void **state)
{
	static const struct {
		struct ffmpeg_h264 settings;
		const char *filters;
	} cases[] = {
		{{.encoder = "libx264", .width = 320, .height = 190}, ""},
		{{.encoder = "libx264", .width = 321, .height = 190}, "crop=320:190:0:0"},
		{{.encoder = "libx264", .width = 320, .height = 191}, "crop=320:190:0:0"},
		{{.encoder = "libx264", .width = 321, .height = 191, .scaled_width = 640, .scaled_height = 360},
		 "crop=320:190:0:0,scale=640:360"},
		{{.encoder = "h264_vaapi", .width = 320, .height = 190}, "format=nv12,hwupload"},
		{{.encoder = "h264_vaapi", .width = 321, .height = 191}, "crop=320:190:0:0,format=nv12,hwupload"},
		{{.encoder = "h264_v4l2m2m", .width = 321, .height = 191}, "crop=320:190:0:0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(filters_of(cases[i].settings), cases[i].filters);
}

static void too_many_arguments_do_not_overflow(void **state)
{
	struct ffmpeg_command command;

	(void)state;
	ffmpeg_command_init(&command);
	for (int i = 0; i < 2 * FFMPEG_ARGUMENTS_MAX; i++)
		FFMPEG_COMMAND_ADD(&command, "-y");
	assert_int_equal(command.argc, FFMPEG_ARGUMENTS_MAX - 1);
	assert_null(command.argv[command.argc]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_encoder_has_a_complete_command),
		cmocka_unit_test(hardware_encoders_have_their_devices_formats_and_constant_quality),
		cmocka_unit_test(auto_tries_every_hardware_encoder_and_is_none_itself),
		cmocka_unit_test(the_key_frame_rule_has_the_phase_of_the_first_frame),
		cmocka_unit_test(the_preset_auto_begins_with_the_default),
		cmocka_unit_test(odd_sizes_are_cropped_before_everything_else),
		cmocka_unit_test(too_many_arguments_do_not_overflow),
	};

	return cmocka_run_group_tests_name("ffmpeg_args", tests, NULL, NULL);
}
