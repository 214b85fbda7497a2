/*
 * encoder_command.h - the FFmpeg command line of one run: IVF with MJPG frames in, fragmented MP4 out, one fragment a
 * frame, each frame with its own microsecond, a key frame on the first frame of each wall-clock second.
 */
#ifndef RECORDERD_ENCODER_COMMAND_H
#define RECORDERD_ENCODER_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"
#include "shared/config.h"

#define ENCODER_ARGUMENTS_MAX 80

struct encoder_command {
	const char *argv[ENCODER_ARGUMENTS_MAX];
	int argc;
	char key_frames[128], fps[32], quality[16];
};

/*
 * `first` is the wall time of the run's first frame, `fps` what the camera is said to give (the codec's level follows
 * it, the times do not). False where the .ini names an encoder that is not known.
 */
bool encoder_command_build(struct encoder_command *command, const struct config_record *record, wall_t first,
			   unsigned fps);

/* True for an encoder that encoder_command_build knows. */
bool encoder_is_known(const char *encoder);

#endif
