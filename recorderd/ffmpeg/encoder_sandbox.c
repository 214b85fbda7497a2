/* encoder_sandbox.c - the sandbox of the FFmpeg that records. */
#include "recorderd/ffmpeg/encoder_sandbox.h"

#include <string.h>

static enum ffmpeg_devices devices_of(const char *encoder)
{
	static const struct {
		const char *encoder;
		enum ffmpeg_devices devices;
	} known[] = {
		{"h264_vaapi", FFMPEG_DEVICES_DRM},
		{"h264_qsv", FFMPEG_DEVICES_DRM},
		{"h264_v4l2m2m", FFMPEG_DEVICES_CODEC},
		{"h264_nvenc", FFMPEG_DEVICES_NVIDIA},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(encoder, known[i].encoder) == 0)
			return known[i].devices;
	return FFMPEG_DEVICES_NONE;
}

struct sandbox *encoder_sandbox_open(const struct config_record *record, const char *encoder)
{
	return sandbox_open(&(struct sandbox_setup){
		.profile = SECCOMP_FFMPEG,
		.runs_ffmpeg = true,
		.scripts = true,
		.devices = record->codec == CODEC_H264 ? devices_of(encoder) : FFMPEG_DEVICES_NONE,
		.disabled_because = record->sandbox ? NULL : "record.sandbox = no",
	});
}

void encoder_sandbox_update(const struct sandbox *sandbox, struct sandbox_state *known)
{
	struct sandbox_state now;

	sandbox_state(sandbox, &now);
	if (now.known && (!known->known || now.landlock != known->landlock || now.seccomp != known->seccomp))
		sandbox_log("encoder", &now);
	*known = now;
}
