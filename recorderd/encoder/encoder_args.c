/* encoder_args.c - builds the FFmpeg command line of a run. */
#include "recorderd/encoder/encoder_args.h"

void encoder_args_build(struct ffmpeg_command *command, const struct config_record *record, const char *preset,
			const struct ring_meta *first, unsigned fps)
{
	bool encodes = record->codec == CODEC_H264;

	ffmpeg_command_init(command);
	if (encodes)
		ffmpeg_command_add_device(command, record->encoder);
	FFMPEG_COMMAND_ADD(command, "-probesize", "32", "-analyzeduration", "0", "-f", "ivf", "-i", "pipe:0");
	FFMPEG_COMMAND_ADD(command, "-map", "0:v", "-fps_mode", "passthrough");
	if (encodes)
		ffmpeg_command_add_h264(command, &(struct ffmpeg_h264){
							 .encoder = record->encoder,
							 .preset = preset,
							 .quality = record->quality,
							 .fps = fps,
							 .first = {first->wall_us},
							 .width = first->width,
							 .height = first->height,
						 });
	else
		FFMPEG_COMMAND_ADD(command, "-c:v", "copy");
	ffmpeg_command_add_output(command);
}
