/*
 * ffmpeg_args.h - the arguments with which FFmpeg makes footage: for the recorder's child, which runs for hours, and
 * for the child that encodes what a clip needs and no segment has. Both give fragmented MP4, one fragment a frame, each
 * frame with its own microsecond, and a key frame on the first frame of each wall-clock second.
 *
 * Times in the fragments count from the first frame that FFmpeg was given, also where it makes no picture of that one.
 * The key-frame rule does not: FFmpeg's `t` counts from the first frame that it *encodes*. So whoever builds a command
 * says when that frame was taken, and looks at the first fragment. If that is a later frame, FFmpeg made no picture of
 * the ones before it, and the work has to begin again with the time of the frame that came back.
 */
#ifndef SHARED_MEDIA_FFMPEG_ARGS_H
#define SHARED_MEDIA_FFMPEG_ARGS_H

#include <stdbool.h>

#include "shared/base/clock.h"

#define FFMPEG_ARGUMENTS_MAX 96

/* A command line in the making. The strings that were added have to outlive it; it must not be copied. */
struct ffmpeg_command {
	const char *argv[FFMPEG_ARGUMENTS_MAX]; /* NULL-terminated */
	int argc;
	char key_frames[128], fps[32], quality[16];
};

struct ffmpeg_h264 {
	const char *encoder; /* one that ffmpeg_knows_encoder() */
	const char *preset;  /* for libx264 */
	int quality;         /* record.quality */
	unsigned fps;        /* roughly: the codec's level follows it, the times do not */
	wall_t first;        /* when the first frame was taken that FFmpeg will encode */
};

/* True for an encoder of H.264 whose options stand here. */
bool ffmpeg_knows_encoder(const char *encoder);

/* The program, and how it treats errors: frames that it cannot decode are left out, however many there are. */
void ffmpeg_command_init(struct ffmpeg_command *command);

/* Adds the arguments up to a NULL. */
void ffmpeg_command_add(struct ffmpeg_command *command, const char *const *arguments);
#define FFMPEG_COMMAND_ADD(command, ...) ffmpeg_command_add(command, (const char *const[]){__VA_ARGS__, NULL})

/* What an encoder needs to be told before the input is named. */
void ffmpeg_command_add_device(struct ffmpeg_command *command, const char *encoder);

/* The encoder and its options, behind the input. */
void ffmpeg_command_add_h264(struct ffmpeg_command *command, const struct ffmpeg_h264 *wanted);

/* The fragmented MP4 on standard output, with times in microseconds: the end of the command. */
void ffmpeg_command_add_output(struct ffmpeg_command *command);

#endif
