/* encoder_probe.c - measures how many frames per second this machine encodes. */
#include "recorderd/encoder/encoder_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/encoder/encoder_args.h"
#include "recorderd/encoder/encoder_sandbox.h"
#include "recorderd/encoder/ffmpeg_errors.h"
#include "recorderd/encoder/fragment_parser.h"
#include "recorderd/rawjpeg/jpeg_compressor.h"
#include "shared/event/subprocess.h"
#include "shared/media/ivf.h"

#define PICTURES   8
#define NOISE      8u              /* of a camera in fair light, of 255 */
#define START_US   (30 * US_PER_S) /* until the first frame comes back */
#define READ_BYTES (256u << 10)

struct probe {
	const struct encoder_probe_settings *settings;
	struct buffer pictures[PICTURES]; /* JPEGs, which differ */
	struct subprocess child;
	struct fragment_parser parser;
	struct ffmpeg_errors errors;
	struct buffer input; /* what is being written to FFmpeg, from `written` on */
	size_t written;
	uint64_t fed, encoded;
	mono_t started_at, first_at, last_at;
};

/* YUYV: a moving gradient with noise, about as hard to encode as what a camera sees. */
static void paint(uint8_t *out, const struct encoder_probe_settings *settings, unsigned number)
{
	uint32_t seed = number + 1;

	for (unsigned y = 0; y < settings->height; y++)
		for (unsigned x = 0; x < settings->width; x++) {
			seed = seed * 1664525u + 1013904223u;
			unsigned gradient = (x + 4 * number + (y / 32 % 2) * x) / 4 % 200;
			*out++ = (uint8_t)(20 + gradient + (seed >> 24) % NOISE);
			*out++ = (uint8_t)(100 + (x / 2 + y + number) / 16 % 56);
		}
}

static bool make_pictures(struct probe *probe)
{
	struct v4l2_pix_format pix = {
		.width = probe->settings->width,
		.height = probe->settings->height,
		.pixelformat = V4L2_PIX_FMT_YUYV,
	};
	struct raw_format format;

	if (!raw_format_init(&format, &pix))
		return false;

	struct jpeg_compressor *compressor = jpeg_compressor_create(&format);
	size_t worst = jpeg_compressor_worst_bytes(&format);
	uint8_t *raw = calloc(1, format.size_bytes); /* lines of odd width end with padding */
	bool made = compressor && raw;

	for (unsigned i = 0; made && i < PICTURES; i++) {
		struct buffer *picture = &probe->pictures[i];

		paint(raw, probe->settings, i);
		made = buffer_reserve(picture, worst);
		if (made)
			picture->length = jpeg_compressor_run(compressor, raw, picture->data, worst);
		made = made && picture->length > 0;
	}
	free(raw);
	jpeg_compressor_destroy(compressor);
	return made;
}

static void count_frame(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			const struct mp4_fragment *fragment)
{
	struct probe *probe = context;

	(void)data;
	(void)moof_bytes;
	(void)total_bytes;
	(void)fragment;
	probe->last_at = mono_now();
	if (probe->encoded++ == 0)
		probe->first_at = probe->last_at;
}

static void next_input(struct probe *probe)
{
	const struct buffer *picture = &probe->pictures[probe->fed % PICTURES];
	uint8_t file[IVF_HEADER_BYTES], frame[IVF_FRAME_BYTES];

	buffer_clear(&probe->input);
	if (probe->fed == 0) {
		ivf_file_header(file, probe->settings->width, probe->settings->height);
		buffer_append(&probe->input, file, sizeof(file));
	}
	ivf_frame_header(frame, (uint32_t)picture->length, (int64_t)probe->fed * US_PER_S / probe->settings->fps);
	buffer_append(&probe->input, frame, sizeof(frame));
	buffer_append(&probe->input, picture->data, picture->length);
	probe->written = 0;
	probe->fed++;
}

static bool write_input(struct probe *probe, struct reason *why)
{
	if (probe->written == probe->input.length)
		next_input(probe);
	if (probe->input.failed)
		return reason_set(why, "out of memory");

	ssize_t done = write(probe->child.in, probe->input.data + probe->written, probe->input.length - probe->written);

	if (done > 0)
		probe->written += (size_t)done;
	return true; /* an FFmpeg that has exited also closes its output */
}

static void read_errors(struct probe *probe)
{
	char text[1024];
	ssize_t got;

	while ((got = read(probe->child.err, text, sizeof(text))) > 0)
		ffmpeg_errors_push(&probe->errors, text, (size_t)got);
	if (got == 0)
		subprocess_close_fd(&probe->child.err);
}

static bool read_output(struct probe *probe, struct reason *why)
{
	uint8_t *room = fragment_parser_reserve(&probe->parser, READ_BYTES);
	ssize_t got = room ? read(probe->child.out, room, READ_BYTES) : -1;

	if (got > 0)
		return fragment_parser_push(&probe->parser, (size_t)got, count_frame, probe, why);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (subprocess_exec_failed(&probe->child, "ffmpeg", why))
		return false;
	if (probe->child.err >= 0)
		read_errors(probe);

	const char *line = ffmpeg_errors_reason(&probe->errors);

	return reason_set(why, "%s", line[0] ? line : "FFmpeg exited without an error message");
}

static bool is_over(const struct probe *probe)
{
	return probe->encoded > 1 && probe->last_at.us - probe->first_at.us >= ENCODER_PROBE_US;
}

static bool measure(struct probe *probe, struct reason *why)
{
	while (!is_over(probe)) {
		struct pollfd fds[] = {
			{.fd = probe->child.in, .events = POLLOUT},
			{.fd = probe->child.out, .events = POLLIN},
			{.fd = probe->child.err, .events = POLLIN},
		};

		if (poll(fds, 3, 1000) < 0 && errno != EINTR)
			return reason_errno(why, "poll failed");
		if (fds[2].revents)
			read_errors(probe);
		if (fds[1].revents && !read_output(probe, why))
			return false;
		if (fds[0].revents & POLLOUT && !write_input(probe, why))
			return false;
		if (fds[0].revents & POLLERR)
			subprocess_close_fd(&probe->child.in);
		if (mono_now().us - probe->started_at.us > START_US + ENCODER_PROBE_US)
			return reason_set(why, "FFmpeg gave too few frames within %d s",
					  (int)((START_US + ENCODER_PROBE_US) / US_PER_S));
	}
	return true;
}

static bool run_ffmpeg(struct probe *probe, struct sandbox *sandbox, struct reason *why)
{
	const struct encoder_probe_settings *settings = probe->settings;
	struct ring_meta first = {.width = settings->width, .height = settings->height};
	struct ffmpeg_command command;

	encoder_args_build(&command, settings->record, settings->preset, &first, settings->fps);

	struct subprocess_setup setup = subprocess_piped(command.argv);

	setup.prepare = sandbox_enter_child;
	setup.context = sandbox;
	probe->started_at = mono_now();
	if (!subprocess_start(&probe->child, &setup, why))
		return false;

	bool measured = measure(probe, why);

	subprocess_kill(&probe->child);
	return measured;
}

bool encoder_probe(const struct encoder_probe_settings *settings, double *encoded_fps, struct reason *why)
{
	struct probe probe = {.settings = settings, .child = SUBPROCESS_NONE};
	struct sandbox *sandbox = encoder_sandbox_open(settings->record);
	bool measured = false;

	if (!sandbox || !make_pictures(&probe))
		reason_set(why, "out of memory");
	else
		measured = run_ffmpeg(&probe, sandbox, why);
	if (measured)
		*encoded_fps =
			(double)(probe.encoded - 1) * (double)US_PER_S / (double)(probe.last_at.us - probe.first_at.us);
	for (unsigned i = 0; i < PICTURES; i++)
		buffer_free(&probe.pictures[i]);
	buffer_free(&probe.input);
	fragment_parser_free(&probe.parser);
	if (sandbox)
		sandbox_close(sandbox);
	return measured;
}
