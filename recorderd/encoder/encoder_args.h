/*
 * encoder_args.h - the FFmpeg command line of one run: IVF with MJPG frames in, fragmented MP4 out
 * (ffmpeg_args.h).
 */
#ifndef RECORDERD_ENCODER_ENCODER_ARGS_H
#define RECORDERD_ENCODER_ENCODER_ARGS_H

#include "shared/config/config.h"
#include "shared/media/ffmpeg_args.h"

/*
 * `first` is the wall time of the run's first frame, `fps` what the camera is said to give. The .ini's encoder is one
 * that FFmpeg's arguments are known for (ffmpeg_knows_encoder), which is looked at when the recorder starts.
 */
void encoder_args_build(struct ffmpeg_command *command, const struct config_record *record, wall_t first, unsigned fps);

#endif
