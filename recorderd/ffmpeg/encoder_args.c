/* encoder_args.c - builds the FFmpeg command line of a run. */
#include "recorderd/ffmpeg/encoder_args.h"

void encoder_args_build(struct ffmpeg_command *command, const struct encoder_args *args)
{
	bool encodes = args->record->codec == CODEC_H264;
	const struct ffmpeg_stamp stamp = {args->record->stamp_format, args->record->stamp_corner};

	ffmpeg_command_init(command);
	if (encodes)
		ffmpeg_command_add_device(command, args->encoder);
	FFMPEG_COMMAND_ADD(command, "-probesize", "32", "-analyzeduration", "0", "-f", "ivf", "-i", "pipe:0");
	FFMPEG_COMMAND_ADD(command, "-map", "0:v", "-fps_mode", "passthrough");
	if (encodes)
		ffmpeg_command_add_h264(command, &(struct ffmpeg_h264){
							 .encoder = args->encoder,
							 .preset = args->preset,
							 .quality = args->record->quality,
							 .fps = args->fps,
							 .first = {args->first->wall_us},
							 .width = args->first->width,
							 .height = args->first->height,
							 .stamp = args->stamp ? &stamp : NULL,
						 });
	else
		FFMPEG_COMMAND_ADD(command, "-c:v", "copy");
	ffmpeg_command_add_output(command);
}
