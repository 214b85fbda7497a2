/*
 * ffmpeg_args.h - FFmpeg's arguments for encoding footage.
 *
 * They serve two children: the recorder's, which runs for hours, and the one that encodes the parts of a clip that are
 * in no segment. Both produce fragmented MP4 with one fragment per frame, times in microseconds, and a key frame on the
 * first frame of each wall-clock second.
 *
 * Times in the fragments count from the first frame that FFmpeg was given, even if it could not decode that frame. The
 * key-frame rule is different: FFmpeg's `t` counts from the first frame that it *encodes*. So the caller says when that
 * frame was taken, and checks the first fragment. If that is a later frame, FFmpeg could not decode the ones before it,
 * and the caller has to start again with the time of the frame that came back.
 */
#ifndef SHARED_MEDIA_FFMPEG_ARGS_H
#define SHARED_MEDIA_FFMPEG_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/clock.h"
#include "shared/media/ffmpeg_stamp.h"

#define FFMPEG_ARGUMENTS_MAX 96

/* A command line under construction. Added strings must outlive it, and it must not be copied. */
struct ffmpeg_command {
	const char *argv[FFMPEG_ARGUMENTS_MAX]; /* NULL-terminated */
	int argc;
	char key_frames[128], fps[32], quality[16], filters[FFMPEG_STAMP_FILTER_BYTES + 128];
};

struct ffmpeg_h264 {
	const char *encoder; /* one that ffmpeg_knows_encoder() accepts */
	const char *preset;  /* for libx264; auto: FFMPEG_PRESET_AUTO_DEFAULT */
	int quality;         /* record.quality */
	unsigned fps;        /* approximate: it sets the codec's level, not the times */
	wall_t first;        /* when the first frame that FFmpeg will encode was taken */

	/* Of the frames that FFmpeg is given. An odd size loses its last column or line (ffmpeg_even_size()). */
	uint16_t width, height;
	uint16_t scaled_width, scaled_height; /* even; 0: not scaled */

	const struct ffmpeg_stamp *stamp; /* NULL: none is drawn */
};

/* The width or the height of the video that is made from frames with this one. */
uint16_t ffmpeg_even_size(uint16_t size);

/* What record.preset = auto begins with, and what it changes to on a machine that is too slow for it. */
#define FFMPEG_PRESET_AUTO         "auto"
#define FFMPEG_PRESET_AUTO_DEFAULT "superfast"
#define FFMPEG_PRESET_AUTO_FASTEST "ultrafast"

/* record.encoder = auto: a hardware encoder that works, otherwise the one in software. */
#define FFMPEG_ENCODER_AUTO     "auto"
#define FFMPEG_ENCODER_SOFTWARE "libx264"

/* Whether this file has the options of that H.264 encoder. "auto" is none. */
bool ffmpeg_knows_encoder(const char *encoder);

/* The hardware encoders in the order in which "auto" tries them, from 0 on. NULL after the last one. */
const char *ffmpeg_hardware_encoder(size_t i);

/* Begins a command that skips frames which it cannot decode, however many there are. */
void ffmpeg_command_init(struct ffmpeg_command *command);

/* Appends arguments up to a NULL. */
void ffmpeg_command_add(struct ffmpeg_command *command, const char *const *arguments);
#define FFMPEG_COMMAND_ADD(command, ...) ffmpeg_command_add(command, (const char *const[]){__VA_ARGS__, NULL})

/* Appends what an encoder needs before the input is named. */
void ffmpeg_command_add_device(struct ffmpeg_command *command, const char *encoder);

/* Appends the encoder and its options; they follow the input. */
void ffmpeg_command_add_h264(struct ffmpeg_command *command, const struct ffmpeg_h264 *settings);

/* Ends the command: fragmented MP4 on standard output, with times in microseconds. */
void ffmpeg_command_add_output(struct ffmpeg_command *command);

#endif
