/* probe_decode.c - checks what an encoder made of the pictures. */
#include "recorderd/probe/probe_decode.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "recorderd/ffmpeg/ffmpeg_errors.h"
#include "shared/base/clock.h"
#include "shared/event/subprocess.h"
#include "shared/media/ffmpeg_args.h"

#define LIMIT_US (30 * US_PER_S)
#define POLL_MS  100

struct decoder {
	const struct probe_pictures *pictures;
	const struct buffer *video;
	size_t written;
	struct subprocess child;
	struct ffmpeg_errors errors;
	uint8_t thumbnail[PROBE_THUMBNAIL_BYTES]; /* the one that is being read */
	size_t length;
	uint64_t decoded, unlike, nearest;
	bool ended; /* all its output was read */
};

static void write_video(struct decoder *decoder)
{
	ssize_t done = write(decoder->child.in, decoder->video->data + decoder->written,
			     decoder->video->length - decoder->written);

	if (done > 0)
		decoder->written += (size_t)done;
	if (decoder->written == decoder->video->length || (done < 0 && errno == EPIPE))
		subprocess_close_fd(&decoder->child.in);
}

static void read_thumbnails(struct decoder *decoder)
{
	ssize_t got = read(decoder->child.out, decoder->thumbnail + decoder->length,
			   sizeof(decoder->thumbnail) - decoder->length);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		decoder->ended = true;
	if (got > 0)
		decoder->length += (size_t)got;
	if (decoder->length < sizeof(decoder->thumbnail))
		return;
	decoder->unlike += !probe_pictures_resembles(decoder->pictures, decoder->decoded, decoder->thumbnail);
	decoder->nearest += probe_pictures_is_nearest(decoder->pictures, decoder->decoded, decoder->thumbnail);
	decoder->decoded++;
	decoder->length = 0;
}

static void read_errors(struct decoder *decoder)
{
	char text[1024];
	ssize_t got = read(decoder->child.err, text, sizeof(text));

	if (got > 0)
		ffmpeg_errors_push(&decoder->errors, text, (size_t)got);
	if (got == 0)
		subprocess_close_fd(&decoder->child.err);
}

static bool run(struct decoder *decoder, const atomic_bool *cancelled, struct reason *why)
{
	mono_t started = mono_now();

	while (!decoder->ended) {
		struct pollfd fds[] = {
			{.fd = decoder->child.in, .events = POLLOUT},
			{.fd = decoder->child.out, .events = POLLIN},
			{.fd = decoder->child.err, .events = POLLIN},
		};

		if (poll(fds, 3, POLL_MS) < 0 && errno != EINTR)
			return reason_errno(why, "poll failed");
		if (fds[0].revents)
			write_video(decoder);
		if (fds[1].revents)
			read_thumbnails(decoder);
		if (fds[2].revents)
			read_errors(decoder);
		if (atomic_load(cancelled))
			return reason_set(why, "cancelled");
		if (mono_now().us - started.us > LIMIT_US)
			return reason_set(why, "FFmpeg hangs when it decodes the video");
	}
	return true;
}

/* An encoder that stands still gets one picture of PROBE_PICTURES right. */
static bool judge(const struct decoder *decoder, uint64_t frames, struct reason *why)
{
	const char *line = ffmpeg_errors_reason(&decoder->errors);

	if (line[0])
		return reason_set(why, "its video cannot be decoded: %s", line);
	if (decoder->decoded != frames)
		return reason_set(why, "%llu of %llu frames can be decoded", (unsigned long long)decoder->decoded,
				  (unsigned long long)frames);
	if (decoder->unlike > 0)
		return reason_set(why, "its video does not show what it was given");
	if (decoder->nearest * 4 <= frames)
		return reason_set(why, "its video repeats or mixes up pictures");
	return true;
}

bool probe_decode(const struct probe_pictures *pictures, const struct buffer *video, uint64_t frames,
		  struct sandbox *sandbox, const atomic_bool *cancelled, struct reason *why)
{
	struct decoder decoder = {.pictures = pictures, .video = video, .child = SUBPROCESS_NONE};
	struct ffmpeg_command command;
	char scale[64];

	snprintf(scale, sizeof(scale), "scale=%d:%d:flags=area", PROBE_CELLS_ACROSS, PROBE_CELLS_DOWN);
	ffmpeg_command_init(&command);
	FFMPEG_COMMAND_ADD(&command, "-f", "mp4", "-i", "pipe:0", "-map", "0:v", "-fps_mode", "passthrough", "-vf",
			   scale, "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1");

	struct subprocess_setup setup = subprocess_piped(command.argv);

	setup.prepare = sandbox_enter_child;
	setup.context = sandbox;
	if (!subprocess_start(&decoder.child, &setup, why))
		return false;

	bool ran = run(&decoder, cancelled, why);

	if (ran && subprocess_exec_failed(&decoder.child, "ffmpeg", why))
		ran = false;
	subprocess_kill(&decoder.child);
	return ran && judge(&decoder, frames, why);
}
