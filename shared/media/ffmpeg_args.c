/* ffmpeg_args.c - FFmpeg's arguments for encoding footage. */
#include "shared/media/ffmpeg_args.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What differs between encoders. The lists are NULL-terminated. */
struct encoder_options {
	const char *encoder;
	const char *before_input[4];
	const char *options[20];
	const char *filter;         /* NULL: none */
	const char *pixel_format;   /* NULL: the filter converts frames to the hardware's own format */
	const char *quality_option; /* FFmpeg's option for record.quality */
	bool has_preset;
};

static const struct encoder_options encoders[] = {
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
		.options = {"-bf", "0", "-g", "100000", "-idr_interval", "0"},
		.filter = "format=nv12,hwupload",
		.quality_option = "-qp",
	},
	{
		.encoder = "h264_v4l2m2m",
		.options = {"-bf", "0", "-g", "100000"},
		.pixel_format = "yuv420p",
		.quality_option = "-qmax",
	},
	{
		.encoder = "h264_qsv",
		.options = {"-bf", "0", "-g", "65535", "-forced_idr", "1", "-async_depth", "1", "-i_qfactor", "1",
			    "-i_qoffset", "0"},
		.pixel_format = "nv12",
		.quality_option = "-q:v",
	},
	{
		.encoder = "h264_nvenc",
		.options = {"-tune", "ull", "-bf", "0", "-g", "100000", "-delay", "0", "-no-scenecut", "1",
			    "-forced-idr", "1", "-rc", "constqp"},
		.pixel_format = "yuv420p",
		.quality_option = "-qp",
	},
};

static const struct encoder_options *find_options(const char *encoder)
{
	for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++)
		if (strcmp(encoders[i].encoder, encoder) == 0)
			return &encoders[i];
	return NULL;
}

bool ffmpeg_knows_encoder(const char *encoder)
{
	return find_options(encoder) != NULL;
}

const char *ffmpeg_hardware_encoder(size_t i)
{
	static const char *const hardware[] = {"h264_v4l2m2m", "h264_vaapi", "h264_nvenc", "h264_qsv"};

	return i < sizeof(hardware) / sizeof(hardware[0]) ? hardware[i] : NULL;
}

/* Callers have checked that the encoder is known. */
static const struct encoder_options *options_of(const char *encoder)
{
	const struct encoder_options *options = find_options(encoder);

	return options ? options : &encoders[0];
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
	ffmpeg_command_add(command, options_of(encoder)->before_input);
}

/*
 * `t` counts from the first encoded frame, so the rule needs that frame's phase within its second. Half a microsecond
 * more keeps rounding errors from placing a frame at exactly a full second into the second before.
 */
static void write_key_frames(struct ffmpeg_command *command, wall_t first)
{
	int64_t phase_us = first.us % US_PER_S;

	snprintf(command->key_frames, sizeof(command->key_frames),
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.%06" PRId64 "5),floor(prev_forced_t+0.%06" PRId64 "5)))",
		 phase_us, phase_us);
}

uint16_t ffmpeg_even_size(uint16_t size)
{
	return (uint16_t)(size & ~1u);
}

/* Appends a filter, separated by a comma. */
static void add_filter(struct ffmpeg_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_filter(struct ffmpeg_command *command, const char *format, ...)
{
	size_t length = strlen(command->filters);
	va_list arguments;

	if (length > 0 && length < sizeof(command->filters) - 1)
		command->filters[length++] = ',';
	va_start(arguments, format);
	vsnprintf(command->filters + length, sizeof(command->filters) - length, format, arguments);
	va_end(arguments);
}

/* Video with 4:2:0 chroma has even sizes; the encoders refuse others. */
static void add_filters(struct ffmpeg_command *command, const struct ffmpeg_h264 *settings, const char *last)
{
	unsigned width = ffmpeg_even_size(settings->width), height = ffmpeg_even_size(settings->height);

	if (width != settings->width || height != settings->height)
		add_filter(command, "crop=%u:%u:0:0", width, height);
	if (settings->scaled_width > 0)
		add_filter(command, "scale=%u:%u", settings->scaled_width, settings->scaled_height);
	if (settings->stamp) {
		char stamp[FFMPEG_STAMP_FILTER_BYTES];

		ffmpeg_stamp_filter(settings->stamp, settings->first,
				    settings->scaled_height > 0 ? settings->scaled_height : height, stamp);
		add_filter(command, "%s", stamp);
	}
	if (last)
		add_filter(command, "%s", last);
	if (command->filters[0])
		FFMPEG_COMMAND_ADD(command, "-vf", command->filters);
}

void ffmpeg_command_add_h264(struct ffmpeg_command *command, const struct ffmpeg_h264 *settings)
{
	const struct encoder_options *options = options_of(settings->encoder);

	write_key_frames(command, settings->first);
	snprintf(command->quality, sizeof(command->quality), "%d", settings->quality);
	FFMPEG_COMMAND_ADD(command, "-enc_time_base", "1:1000000", "-c:v", options->encoder);
	if (options->has_preset)
		FFMPEG_COMMAND_ADD(command, "-preset",
				   strcmp(settings->preset, FFMPEG_PRESET_AUTO) == 0 ? FFMPEG_PRESET_AUTO_DEFAULT
										     : settings->preset);
	add_filters(command, settings, options->filter);
	ffmpeg_command_add(command, options->options);
	FFMPEG_COMMAND_ADD(command, options->quality_option, command->quality, "-force_key_frames",
			   command->key_frames);
	if (options->pixel_format)
		FFMPEG_COMMAND_ADD(command, "-pix_fmt", options->pixel_format);
	if (strcmp(options->encoder, FFMPEG_ENCODER_SOFTWARE) == 0) {
		/* Without it, x264 takes the time base of microseconds for a million frames per second: level 6.2. */
		snprintf(command->fps, sizeof(command->fps), "fps=%u", settings->fps);
		FFMPEG_COMMAND_ADD(command, "-x264-params", command->fps);
	}
	/*
	 * A camera's JPEG is full-range BT.601 (JFIF). These describe the video that it is converted to. Full-range
	 * video (yuvj420p) would save the conversion, but Firefox (153) shows it as if it were limited: 16 becomes
	 * black and 235 white, whatever the SPS and colr say. Chromium, VLC and FFmpeg show it right. x264 also makes a
	 * third more bytes of it at the same -crf.
	 */
	FFMPEG_COMMAND_ADD(command, "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc",
			   "smpte170m", "-color_range", "tv");
	/* Each key frame carries the parameter sets, so that one clip can have frames of several runs. */
	FFMPEG_COMMAND_ADD(command, "-bsf:v", "dump_extra=freq=keyframe");
}

/* Without the shift to 0, and with frag_discont, times count from the first frame that FFmpeg was given. */
void ffmpeg_command_add_output(struct ffmpeg_command *command)
{
	FFMPEG_COMMAND_ADD(command, "-video_track_timescale", "1000000", "-avoid_negative_ts", "disabled", "-movflags",
			   "empty_moov+default_base_moof+frag_every_frame+frag_discont+skip_trailer", "-flush_packets",
			   "1", "-f", "mp4", "pipe:1");
}
