/* ffmpeg_args.c - see ffmpeg_args.h. */
#include "shared/media/ffmpeg_args.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What differs from one encoder to the next. NULL-terminated lists. */
struct encoder_options {
	const char *encoder;
	const char *before_input[4];
	const char *options[20];
	const char *pixel_format;   /* NULL: a filter puts the frames into the hardware's own */
	const char *quality_option; /* of FFmpeg, for record.quality */
	bool has_preset;
};

static const struct encoder_options flavours[] = {
	{
		.encoder = "libx264",
		.options = {"-tune", "zerolatency", "-bf", "0", "-g", "100000", "-sc_threshold", "0", "-forced-idr",
			    "1"},
		.pixel_format = "yuv420p",
		.quality_option = "-crf",
		.has_preset = true,
	},
	{
		.encoder = "h264_vaapi",
		.before_input = {"-vaapi_device", "/dev/dri/renderD128"},
		.options = {"-vf", "format=nv12,hwupload", "-bf", "0", "-g", "100000", "-idr_interval", "0"},
		.quality_option = "-qp",
	},
	{
		.encoder = "h264_v4l2m2m",
		.options = {"-bf", "0", "-g", "100000"},
		.pixel_format = "yuv420p",
		.quality_option = "-qmax",
	},
	{
		.encoder = "h264_nvenc",
		.options = {"-tune", "ull", "-bf", "0", "-g", "100000", "-delay", "0", "-no-scenecut", "1",
			    "-forced-idr", "1", "-rc", "constqp"},
		.pixel_format = "yuv420p",
		.quality_option = "-qp",
	},
};

static const struct encoder_options *find_flavour(const char *encoder)
{
	for (size_t i = 0; i < sizeof(flavours) / sizeof(flavours[0]); i++)
		if (strcmp(flavours[i].encoder, encoder) == 0)
			return &flavours[i];
	return NULL;
}

bool ffmpeg_knows_encoder(const char *encoder)
{
	return find_flavour(encoder) != NULL;
}

/* Whoever starts with an .ini has asked whether its encoder is known. */
static const struct encoder_options *flavour_of(const char *encoder)
{
	const struct encoder_options *flavour = find_flavour(encoder);

	return flavour ? flavour : &flavours[0];
}

void ffmpeg_command_add(struct ffmpeg_command *command, const char *const *arguments)
{
	for (; *arguments; arguments++)
		if (command->argc < FFMPEG_ARGUMENTS_MAX - 1)
			command->argv[command->argc++] = *arguments;
}

void ffmpeg_command_init(struct ffmpeg_command *command)
{
	*command = (struct ffmpeg_command){0};
	FFMPEG_COMMAND_ADD(command, "ffmpeg", "-hide_banner", "-loglevel", "error", "-max_error_rate", "1");
}

void ffmpeg_command_add_device(struct ffmpeg_command *command, const char *encoder)
{
	ffmpeg_command_add(command, flavour_of(encoder)->before_input);
}

/*
 * `t` counts from the first frame that is encoded, so that frame's place in its second goes in. Half a microsecond more
 * keeps floating point from putting a frame at exactly a full second before it.
 */
static void write_key_frames(struct ffmpeg_command *command, wall_t first)
{
	int64_t phase_us = first.us % US_PER_S;

	snprintf(command->key_frames, sizeof(command->key_frames),
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.%06" PRId64 "5),floor(prev_forced_t+0.%06" PRId64 "5)))",
		 phase_us, phase_us);
}

void ffmpeg_command_add_h264(struct ffmpeg_command *command, const struct ffmpeg_h264 *wanted)
{
	const struct encoder_options *flavour = flavour_of(wanted->encoder);

	write_key_frames(command, wanted->first);
	snprintf(command->quality, sizeof(command->quality), "%d", wanted->quality);
	FFMPEG_COMMAND_ADD(command, "-enc_time_base", "1:1000000", "-c:v", flavour->encoder);
	if (flavour->has_preset)
		FFMPEG_COMMAND_ADD(command, "-preset", wanted->preset);
	ffmpeg_command_add(command, flavour->options);
	FFMPEG_COMMAND_ADD(command, flavour->quality_option, command->quality, "-force_key_frames",
			   command->key_frames);
	if (flavour->pixel_format)
		FFMPEG_COMMAND_ADD(command, "-pix_fmt", flavour->pixel_format);
	if (strcmp(flavour->encoder, "libx264") == 0) {
		/* else a time base of microseconds reads as a million frames a second, and the level as 6.2 */
		snprintf(command->fps, sizeof(command->fps), "fps=%u", wanted->fps);
		FFMPEG_COMMAND_ADD(command, "-x264-params", command->fps);
	}
	/* A camera's JPEG is full range BT.601 (JFIF); the video says what it was made into. */
	FFMPEG_COMMAND_ADD(command, "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc",
			   "smpte170m", "-color_range", "tv");
	/* Each key frame brings the parameter sets, so that frames of several runs can stand in one clip. */
	FFMPEG_COMMAND_ADD(command, "-bsf:v", "dump_extra=freq=keyframe");
}

/* Without shifting to 0, and with frag_discont, times count from the first frame that was given. */
void ffmpeg_command_add_output(struct ffmpeg_command *command)
{
	FFMPEG_COMMAND_ADD(command, "-video_track_timescale", "1000000", "-avoid_negative_ts", "disabled", "-movflags",
			   "empty_moov+default_base_moof+frag_every_frame+frag_discont+skip_trailer", "-flush_packets",
			   "1", "-f", "mp4", "pipe:1");
}
