/* encoder_args.h - the FFmpeg command line of a run: IVF with MJPG frames in, fragmented MP4 out (ffmpeg_args.h). */
#ifndef RECORDERD_FFMPEG_ENCODER_ARGS_H
#define RECORDERD_FFMPEG_ENCODER_ARGS_H

#include "shared/config/config.h"
#include "shared/media/ffmpeg_args.h"
#include "shared/ring/ring.h"

struct encoder_args {
	const struct config_record *record; /* its codec and quality are used */
	const char *encoder, *preset;  /* in place of the record's; the encoder is one that ffmpeg_knows_encoder() */
	const struct ring_meta *first; /* the run's first frame */
	unsigned fps;                  /* of the camera, nominal */
	bool stamp;                    /* as the record asks for; false: none is drawn */
};

void encoder_args_build(struct ffmpeg_command *command, const struct encoder_args *args);

#endif
