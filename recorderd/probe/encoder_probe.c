/* encoder_probe.c - tries whether an encoder works here, and how fast it is. */
#include "recorderd/probe/encoder_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/ffmpeg/encoder_args.h"
#include "recorderd/ffmpeg/encoder_sandbox.h"
#include "recorderd/ffmpeg/ffmpeg_errors.h"
#include "recorderd/ffmpeg/fragment_parser.h"
#include "recorderd/probe/probe_decode.h"
#include "shared/event/subprocess.h"
#include "shared/media/ivf.h"

#define SILENT_US         (10 * US_PER_S) /* without a frame: FFmpeg hangs */
#define START_US          (30 * US_PER_S) /* until the first frame comes back: a busy machine starts programs slowly */
#define SLOW_US           (10 * US_PER_S) /* after which it is measured, even if it gave few frames */
#define READ_BYTES        (256u << 10)
#define POLL_MS           100
#define KEY_FRAME_SECONDS 5 /* of video, in which another key frame has to come */
#define DECODED_FRAMES    64
#define DECODED_BYTES     (32u << 20)

struct probe {
	const struct encoder_probe_settings *settings;
	struct probe_pictures pictures;
	struct subprocess child;
	struct fragment_parser parser;
	struct ffmpeg_errors errors;
	struct buffer input; /* what is being written to FFmpeg, from `written` on */
	size_t written;
	uint64_t fed, encoded;
	uint64_t key_frames;
	uint64_t kept;       /* how many of the first frames are in `video` */
	struct buffer video; /* to be decoded */
	bool wrong_time;     /* a frame came back with another time than it was given */
	bool no_key_frame;   /* the first one was none */
	mono_t started_at, first_at, last_at;
};

static int64_t pts_us(const struct probe *probe, uint64_t number)
{
	return (int64_t)number * US_PER_S / probe->settings->fps;
}

static void keep_frame(struct probe *probe, const uint8_t *data, size_t bytes)
{
	if (probe->kept != probe->encoded || probe->kept == DECODED_FRAMES ||
	    probe->video.length + bytes > DECODED_BYTES)
		return;
	if (probe->kept == 0)
		buffer_append(&probe->video, probe->parser.init.data, probe->parser.init.length);
	buffer_append(&probe->video, data, bytes);
	probe->kept++;
}

static void count_frame(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			const struct mp4_fragment *fragment)
{
	struct probe *probe = context;

	(void)moof_bytes;
	if ((int64_t)fragment->decode_time != pts_us(probe, probe->encoded))
		probe->wrong_time = true;
	if (probe->encoded == 0 && !fragment->key)
		probe->no_key_frame = true;
	probe->key_frames += fragment->key;
	keep_frame(probe, data, total_bytes);
	probe->last_at = mono_now();
	if (probe->encoded++ == 0)
		probe->first_at = probe->last_at;
}

static void next_input(struct probe *probe)
{
	const struct buffer *jpeg = &probe->pictures.jpegs[probe->fed % PROBE_PICTURES];
	uint8_t file[IVF_HEADER_BYTES], frame[IVF_FRAME_BYTES];

	buffer_clear(&probe->input);
	if (probe->fed == 0) {
		ivf_file_header(file, probe->settings->width, probe->settings->height);
		buffer_append(&probe->input, file, sizeof(file));
	}
	ivf_frame_header(frame, (uint32_t)jpeg->length, pts_us(probe, probe->fed));
	buffer_append(&probe->input, frame, sizeof(frame));
	buffer_append(&probe->input, jpeg->data, jpeg->length);
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

static bool lacks_key_frames(const struct probe *probe)
{
	return probe->key_frames < 2 && probe->encoded > (uint64_t)probe->settings->fps * KEY_FRAME_SECONDS;
}

/* It lasts long enough to measure, and to see whether a second key frame comes, unless the encoder is very slow. */
static bool is_over(const struct probe *probe)
{
	int64_t measured_us = probe->last_at.us - probe->first_at.us;

	return probe->encoded > 1 && measured_us >= ENCODER_PROBE_US &&
	       (probe->key_frames > 1 || lacks_key_frames(probe) || measured_us >= SLOW_US);
}

static bool check_frames(const struct probe *probe, struct reason *why)
{
	if (probe->no_key_frame)
		return reason_set(why, "its first frame is not a key frame");
	if (probe->wrong_time)
		return reason_set(why, "its frames have other times than they were given");
	return true;
}

static bool hangs(const struct probe *probe)
{
	mono_t since = probe->encoded > 0 ? probe->last_at : probe->started_at;

	return mono_now().us - since.us > (probe->encoded > 0 ? SILENT_US : START_US);
}

static bool measure(struct probe *probe, struct reason *why)
{
	const atomic_bool *cancelled = probe->settings->cancelled;

	while (!is_over(probe)) {
		struct pollfd fds[] = {
			{.fd = probe->child.in, .events = POLLOUT},
			{.fd = probe->child.out, .events = POLLIN},
			{.fd = probe->child.err, .events = POLLIN},
		};

		if (poll(fds, 3, POLL_MS) < 0 && errno != EINTR)
			return reason_errno(why, "poll failed");
		if (fds[2].revents)
			read_errors(probe);
		if (fds[1].revents && !read_output(probe, why))
			return false;
		if (fds[0].revents & POLLOUT && !write_input(probe, why))
			return false;
		if (fds[0].revents & POLLERR)
			subprocess_close_fd(&probe->child.in);
		if (!check_frames(probe, why))
			return false;
		if (cancelled && atomic_load(cancelled))
			return reason_set(why, "cancelled");
		if (hangs(probe))
			return reason_set(why, "FFmpeg hangs: it returns no frames");
	}
	return true;
}

static bool run_ffmpeg(struct probe *probe, struct sandbox *sandbox, struct reason *why)
{
	const struct encoder_probe_settings *settings = probe->settings;
	struct ring_meta first = {.width = settings->width, .height = settings->height};
	struct ffmpeg_command command;

	encoder_args_build(&command, &(struct encoder_args){
					     .record = settings->record,
					     .encoder = settings->encoder,
					     .preset = settings->preset,
					     .first = &first,
					     .fps = settings->fps,
				     });

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

/* What a measured encoder gave. */
static bool check_video(struct probe *probe, struct reason *why)
{
	static const atomic_bool never = false;
	const atomic_bool *cancelled = probe->settings->cancelled ? probe->settings->cancelled : &never;
	struct sandbox *sandbox;
	bool good;

	if (lacks_key_frames(probe))
		return reason_set(why, "no key frame within %d s", KEY_FRAME_SECONDS);
	sandbox = encoder_sandbox_open(probe->settings->record, FFMPEG_ENCODER_SOFTWARE);
	if (!sandbox || probe->video.failed)
		good = reason_set(why, "out of memory");
	else
		good = probe_decode(&probe->pictures, &probe->video, probe->kept, sandbox, cancelled, why);
	sandbox_close(sandbox);
	return good;
}

static bool run_probe(struct probe *probe, double *encoded_fps, struct reason *why)
{
	const struct encoder_probe_settings *settings = probe->settings;
	struct sandbox *sandbox = encoder_sandbox_open(settings->record, settings->encoder);
	bool works;

	if (!sandbox || !probe_pictures_make(&probe->pictures, settings->width, settings->height))
		works = reason_set(why, "out of memory");
	else
		works = run_ffmpeg(probe, sandbox, why) && check_video(probe, why);
	sandbox_close(sandbox);
	if (works)
		*encoded_fps = (double)(probe->encoded - 1) * (double)US_PER_S /
			       (double)(probe->last_at.us - probe->first_at.us);
	return works;
}

bool encoder_probe(const struct encoder_probe_settings *settings, double *encoded_fps, struct reason *why)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return reason_set(why, "out of memory");
	probe->settings = settings;
	probe->child = SUBPROCESS_NONE;

	bool works = run_probe(probe, encoded_fps, why);

	probe_pictures_free(&probe->pictures);
	buffer_free(&probe->input);
	buffer_free(&probe->video);
	fragment_parser_free(&probe->parser);
	free(probe);
	return works;
}
