#include "recorderd/encoder_command.h"

#include <stdio.h>
#include <string.h>

/* What differs from one encoder to the next. NULL-terminated lists. */
struct flavour {
	const char *encoder;
	const char *before_input[4];
	const char *options[20];
	const char *pixel_format;   /* NULL: a filter puts the frames into the hardware's own */
	const char *quality_option; /* of FFmpeg, for record.quality */
	bool has_preset;
};

static const struct flavour flavours[] = {
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

static const struct flavour *find_flavour(const char *encoder)
{
	for (size_t i = 0; i < sizeof flavours / sizeof flavours[0]; i++)
		if (strcmp(flavours[i].encoder, encoder) == 0)
			return &flavours[i];
	return NULL;
}

bool encoder_is_known(const char *encoder)
{
	return find_flavour(encoder) != NULL;
}

static void add(struct encoder_command *command, const char *argument)
{
	if (command->argc < ENCODER_ARGUMENTS_MAX - 1)
		command->argv[command->argc++] = argument;
}

static void add_all(struct encoder_command *command, const char *const *arguments)
{
	while (*arguments)
		add(command, *arguments++);
}

/*
 * `t` counts from the run's first frame, so that frame's place in its second goes in. Half a microsecond more keeps
 * floating point from putting a frame at exactly a full second before it.
 */
static void write_key_frames(struct encoder_command *command, wall_t first)
{
	double phase = (double)(first.us % US_PER_S) / 1e6 + 5e-7;

	snprintf(command->key_frames, sizeof command->key_frames,
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+%.7f),floor(prev_forced_t+%.7f)))", phase, phase);
}

static void add_h264(struct encoder_command *command, const struct flavour *flavour, const struct config_record *record,
		     wall_t first, unsigned fps)
{
	/* A camera's JPEG is full range BT.601 (JFIF); the video says what it was made into. */
	static const char *const colours[] = {"-colorspace",
					      "smpte170m",
					      "-color_primaries",
					      "smpte170m",
					      "-color_trc",
					      "smpte170m",
					      "-color_range",
					      "tv",
					      "-bsf:v",
					      "dump_extra=freq=keyframe",
					      NULL};

	write_key_frames(command, first);
	snprintf(command->quality, sizeof command->quality, "%d", record->quality);
	add_all(command, (const char *const[]){"-enc_time_base", "1:1000000", "-c:v", flavour->encoder, NULL});
	if (flavour->has_preset)
		add_all(command, (const char *const[]){"-preset", record->preset, NULL});
	add_all(command, flavour->options);
	add_all(command, (const char *const[]){flavour->quality_option, command->quality, "-force_key_frames",
					       command->key_frames, NULL});
	if (flavour->pixel_format)
		add_all(command, (const char *const[]){"-pix_fmt", flavour->pixel_format, NULL});
	if (strcmp(flavour->encoder, "libx264") == 0) {
		/* else a time base of microseconds reads as a million frames a second, and the level as 6.2 */
		snprintf(command->fps, sizeof command->fps, "fps=%u", fps);
		add_all(command, (const char *const[]){"-x264-params", command->fps, NULL});
	}
	add_all(command, colours);
}

bool encoder_command_build(struct encoder_command *command, const struct config_record *record, wall_t first,
			   unsigned fps)
{
	const struct flavour *flavour = find_flavour(record->encoder);
	static const char *const input[] = {
		"-probesize", "32",  "-analyzeduration", "0",           "-f", "ivf", "-i", "pipe:0",
		"-map",       "0:v", "-fps_mode",        "passthrough", NULL};
	/* frag_discont, and no shifting to 0: times count from the first frame that was given, also where that one was
	 * no picture and the first to come back is a later one. */
	static const char *const output[] = {"-video_track_timescale",
					     "1000000",
					     "-avoid_negative_ts",
					     "disabled",
					     "-movflags",
					     "empty_moov+default_base_moof+frag_every_frame+frag_discont+skip_trailer",
					     "-flush_packets",
					     "1",
					     "-f",
					     "mp4",
					     "pipe:1",
					     NULL};

	*command = (struct encoder_command){0};
	if (!flavour)
		return false;
	add_all(command, (const char *const[]){"ffmpeg", "-hide_banner", "-loglevel", "error", NULL});
	if (record->codec == CODEC_H264)
		add_all(command, flavour->before_input);
	add_all(command, input);
	if (record->codec == CODEC_H264)
		add_h264(command, flavour, record, first, fps);
	else
		add_all(command, (const char *const[]){"-c:v", "copy", NULL});
	add_all(command, output);
	return true;
}
