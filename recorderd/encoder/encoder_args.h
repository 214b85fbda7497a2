/* encoder_args.h - the FFmpeg command line of a run: IVF with MJPG frames in, fragmented MP4 out (ffmpeg_args.h). */
#ifndef RECORDERD_ENCODER_ENCODER_ARGS_H
#define RECORDERD_ENCODER_ENCODER_ARGS_H

#include "shared/config/config.h"
#include "shared/media/ffmpeg_args.h"
#include "shared/ring/ring.h"

/*
 * `preset` takes the place of record->preset. `first` describes the run's first frame, `fps` is the camera's nominal
 * rate. record->encoder must be one that ffmpeg_knows_encoder(), which is checked when the recorder starts.
 */
void encoder_args_build(struct ffmpeg_command *command, const struct config_record *record, const char *preset,
			const struct ring_meta *first, unsigned fps);

#endif
