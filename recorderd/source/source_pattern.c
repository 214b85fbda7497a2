/* source_pattern.c - FFmpeg's test picture as a source of frames. */
#include "recorderd/source/source_pattern.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/source/frame_clock.h"
#include "recorderd/source/mjpeg_frame.h"
#include "recorderd/source/mpjpeg.h"
#include "shared/base/buffer.h"
#include "shared/base/log.h"
#include "shared/event/subprocess.h"
#include "shared/sandbox/sandbox.h"

/*
 * FFmpeg draws testsrc2 with the time and the number of the frame, and sends it as JPEGs through a pipe. The time of a
 * frame is that of its arrival. FFmpeg exits by itself when recorderd dies, because nobody reads its pipe any more.
 *
 * Opening waits for the first picture. An FFmpeg that cannot draw text (no drawtext, no font) fails before it, and is
 * started again without the text.
 */
#define READ_BYTES          (256u * 1024)
#define FIRST_FRAME_WAIT_US (10 * US_PER_S)
#define STALL_US            (2 * US_PER_S)

/*
 * FFmpeg parses the text twice, as a filter graph and then as a template, so it needs this many backslashes
 * (ffmpeg-filters(1), "Notes on filtergraph escaping").
 */
#define TEXT_FILTERS                                                                                                   \
	",drawbox=y=ih*0.8:w=iw:h=ih*0.2:color=black@0.7:t=fill"                                                       \
	",drawtext=font=Sans:text='TEST PICTURE':fontsize=h/9:fontcolor=white:x=(w-tw)/2:y=h*0.06"                     \
	":box=1:boxcolor=black@0.7:boxborderw=16"                                                                      \
	",drawtext=font=Monospace:text='%{localtime\\:%Y-%m-%d %H\\\\\\:%M\\\\\\:%S}  frame %{n}'"                     \
	":fontsize=h/18:fontcolor=white:x=(w-tw)/2:y=h*0.87"

struct source_pattern {
	struct source source; /* must be first (source.h) */
	struct subprocess child;
	struct sandbox *sandbox; /* owned */
	struct buffer received;
	struct frame_clock clock;
	struct reason last_error; /* the last line that FFmpeg wrote to stderr */
};

static struct source_pattern *pattern_of(struct source *source)
{
	static_assert(offsetof(struct source_pattern, source) == 0, "a source begins with struct source");
	return (struct source_pattern *)source;
}

static int source_pattern_fd(const struct source *source)
{
	return ((const struct source_pattern *)source)->child.out;
}

static void source_pattern_close(struct source *source)
{
	struct source_pattern *pattern = pattern_of(source);

	subprocess_kill(&pattern->child);
	sandbox_close(pattern->sandbox);
	buffer_free(&pattern->received);
	free(pattern);
}

/* FFmpeg reads no input here. It only needs fonts and the time zone. */
static struct sandbox *open_sandbox(const struct config_record *record)
{
	static const char *const readable[] = {"/etc/fonts",
					       "/usr/share/fonts",
					       "/usr/local/share/fonts",
					       "/usr/share/fontconfig",
					       "/var/cache/fontconfig",
					       "/etc/localtime",
					       "/usr/share/zoneinfo"};
	struct sandbox *sandbox = sandbox_open(&(struct sandbox_setup){
		.profile = SECCOMP_FFMPEG,
		.runs_ffmpeg = true,
		.scripts = true,
		.disabled_because = record->sandbox ? NULL : "record.sandbox = no",
	});

	for (size_t i = 0; sandbox && i < sizeof(readable) / sizeof(readable[0]); i++)
		sandbox_allow(sandbox, readable[i], LANDLOCK_READ);
	return sandbox;
}

static bool start(struct source_pattern *pattern, const struct config *config, const char *text_filters,
		  struct reason *why)
{
	char input[1024];
	const char *const argv[] = {"ffmpeg",
				    "-hide_banner",
				    "-nostdin",
				    "-nostats",
				    "-loglevel",
				    "error",
				    "-filter_threads",
				    "1",
				    "-re",
				    "-f",
				    "lavfi",
				    "-i",
				    input,
				    "-threads",
				    "1",
				    "-c:v",
				    "mjpeg",
				    "-q:v",
				    "4",
				    "-huffman",
				    "default",
				    "-fps_mode",
				    "passthrough",
				    "-flush_packets",
				    "1",
				    "-f",
				    "mpjpeg",
				    "pipe:1",
				    NULL};

	/* testsrc2 can draw yuvj420p, which needs no conversion for JPEG. */
	snprintf(input, sizeof(input), "testsrc2=size=%dx%d:rate=%d%s,format=yuvj420p", config->camera.width,
		 config->camera.height, config->camera.fps, text_filters);
	struct subprocess_setup setup = subprocess_piped(argv);
	setup.prepare = sandbox_enter_child;
	setup.context = pattern->sandbox;
	if (!subprocess_start(&pattern->child, &setup, why))
		return false;
	subprocess_close_fd(&pattern->child.in);
	return true;
}

/* Keeps the last complete line, in which FFmpeg says why it exits. Reading also keeps the pipe from filling up. */
static void read_stderr(struct source_pattern *pattern)
{
	char text[512];
	ssize_t got;

	while ((got = read(pattern->child.err, text, sizeof(text) - 1)) > 0) {
		text[got] = '\0';
		for (char *rest, *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			if (strlen(line) > 8)
				reason_set(&pattern->last_error, "%.250s", line);
	}
}

static enum source_outcome ffmpeg_exited(struct source_pattern *pattern, struct reason *why)
{
	read_stderr(pattern);
	if (subprocess_exec_failed(&pattern->child, "ffmpeg", why))
		return SOURCE_FAILED;
	reason_set(why, "FFmpeg, which draws the test picture, exited: %.250s",
		   pattern->last_error.text[0] ? pattern->last_error.text : "no error message");
	return SOURCE_FAILED;
}

/* Reads what is in the pipe. */
static enum source_outcome receive(struct source_pattern *pattern, struct reason *why)
{
	struct buffer *received = &pattern->received;
	ssize_t got;

	if (!buffer_reserve(received, READ_BYTES)) {
		reason_set(why, "no memory for the test picture");
		return SOURCE_FAILED;
	}
	do
		got = read(pattern->child.out, received->data + received->length, READ_BYTES);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return ffmpeg_exited(pattern, why);
	if (got < 0 && errno != EAGAIN) {
		reason_errno(why, "cannot read the test picture");
		return SOURCE_FAILED;
	}
	received->length += got > 0 ? (size_t)got : 0;
	return SOURCE_OK;
}

static void deliver(struct source_pattern *pattern, const struct mpjpeg_part *part, const struct source_sink *sink)
{
	struct source_frame frame;

	enum frame_damage damage = mjpeg_frame_prepare(part->body, part->length, &frame);
	if (damage) {
		sink->damaged(sink->context, damage);
		return;
	}
	frame.captured = frame_clock_advance(&pattern->clock, mono_now());
	sink->frame(sink->context, &frame);
}

/*
 * Delivers all complete pictures, because the descriptor does not report those that are already in the buffer. That
 * includes the ones before the end of the stream.
 */
static enum source_outcome source_pattern_read(struct source *source, const struct source_sink *sink,
					       struct reason *why)
{
	struct source_pattern *pattern = pattern_of(source);
	enum source_outcome outcome = receive(pattern, why);
	enum mpjpeg_outcome found;
	struct mpjpeg_part part;
	size_t used = 0;

	read_stderr(pattern);
	while ((found = mpjpeg_next(pattern->received.data + used, pattern->received.length - used, &part)) ==
	       MPJPEG_PART) {
		deliver(pattern, &part, sink);
		used += part.used;
	}
	buffer_drop(&pattern->received, used);
	if (found != MPJPEG_BAD || outcome != SOURCE_OK)
		return outcome;
	reason_set(why, "FFmpeg's test picture is not a stream of JPEGs");
	return SOURCE_FAILED;
}

static const struct source_ops source_pattern_ops = {"test", source_pattern_fd, source_pattern_read,
						     source_pattern_close};

/* Waits for a complete picture, which stays in the buffer. */
static bool wait_for_first(struct source_pattern *pattern, struct reason *why)
{
	int64_t until_us = mono_now().us + FIRST_FRAME_WAIT_US, left_us;
	struct mpjpeg_part part;

	while ((left_us = until_us - mono_now().us) > 0) {
		struct pollfd state = {.fd = pattern->child.out, .events = POLLIN};
		if (poll(&state, 1, (int)(left_us / US_PER_MS) + 1) < 0 && errno != EINTR)
			return reason_errno(why, "cannot wait for the test picture");
		if (receive(pattern, why) != SOURCE_OK)
			return false;
		read_stderr(pattern);
		switch (mpjpeg_next(pattern->received.data, pattern->received.length, &part)) {
		case MPJPEG_PART:
			return true;
		case MPJPEG_BAD:
			return reason_set(why, "FFmpeg's test picture is not a stream of JPEGs");
		case MPJPEG_MORE:
			break;
		}
	}
	return reason_set(why, "FFmpeg sent no test picture within %d s", (int)(FIRST_FRAME_WAIT_US / US_PER_S));
}

static bool try_picture(struct source_pattern *pattern, const struct config *config, const char *text_filters,
			struct reason *why)
{
	buffer_clear(&pattern->received);
	if (start(pattern, config, text_filters, why) && wait_for_first(pattern, why))
		return true;
	subprocess_kill(&pattern->child);
	return false;
}

static void describe(struct source_info *info, const struct config *config)
{
	info->kind = SOURCE_TEST;
	snprintf(info->device, sizeof(info->device), "test");
	snprintf(info->model, sizeof(info->model), "Test picture");
	snprintf(info->driver, sizeof(info->driver), "ffmpeg");
	snprintf(info->format, sizeof(info->format), "MJPG");
	info->width = (uint16_t)config->camera.width;
	info->height = (uint16_t)config->camera.height;
	info->fps_milli = (uint32_t)config->camera.fps * 1000;
	info->stall_timeout_us = 5 * US_PER_S / config->camera.fps;
	if (info->stall_timeout_us < STALL_US)
		info->stall_timeout_us = STALL_US;
}

enum source_open_outcome source_pattern_open(const struct config *config, struct source **out, struct reason *why)
{
	struct source_pattern *pattern = calloc(1, sizeof(*pattern));

	*out = NULL;
	if (pattern)
		pattern->sandbox = open_sandbox(&config->record);
	if (!pattern || !pattern->sandbox) {
		reason_errno(why, "no memory for the test picture");
		free(pattern);
		return SOURCE_OPEN_FAILED;
	}
	pattern->source.ops = &source_pattern_ops;
	pattern->child = SUBPROCESS_NONE;
	describe(&pattern->source.info, config);
	if (!try_picture(pattern, config, TEXT_FILTERS, why)) {
		log_warn("camera", "the test picture has no text: %s", why->text);
		if (!try_picture(pattern, config, "", why)) {
			source_pattern_close(&pattern->source);
			return SOURCE_OPEN_FAILED;
		}
	}
	log_warn("camera", "recording a TEST PICTURE (%dx%d at %d fps), not a camera", config->camera.width,
		 config->camera.height, config->camera.fps);
	*out = &pattern->source;
	return SOURCE_OPENED;
}
