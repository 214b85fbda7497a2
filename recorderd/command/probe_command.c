/* probe_command.c - measures what this machine can encode. */
#include "recorderd/command/probe_command.h"

#include <signal.h>
#include <string.h>

#include "recorderd/probe/encoder_probe.h"
#include "shared/media/ffmpeg_args.h"

#define SMALL_WIDTH  640
#define SMALL_HEIGHT 480

struct candidate {
	const char *encoder, *preset; /* preset: for libx264 */
	uint16_t width, height;
};

/* Measures and prints one candidate. Returns whether it encodes every frame of the camera. */
static bool try_candidate(FILE *to, const struct config *config, const struct candidate *candidate)
{
	bool has_preset = strcmp(candidate->encoder, FFMPEG_ENCODER_SOFTWARE) == 0;
	unsigned wanted_fps = (unsigned)config->camera.fps;
	struct reason why = {""};
	double fps;

	fprintf(to, "  %-12s %-9s %4ux%-4u ", candidate->encoder, has_preset ? candidate->preset : "", candidate->width,
		candidate->height);
	fflush(to);

	bool works = encoder_probe(
		&(struct encoder_probe_settings){
			.record = &config->record,
			.encoder = candidate->encoder,
			.preset = candidate->preset,
			.width = candidate->width,
			.height = candidate->height,
			.fps = wanted_fps,
		},
		&fps, &why);

	if (!works)
		fprintf(to, "does not work: %s\n", why.text);
	else if (fps < wanted_fps)
		fprintf(to, "%.0f of %u fps: too slow\n", fps, wanted_fps);
	else
		fprintf(to, "%.0f fps: enough for %u\n", fps, wanted_fps);
	return works && fps >= wanted_fps;
}

/* Tries the hardware encoders up to one that is fast enough, if there is one. */
static bool try_hardware(FILE *to, const struct config *config, const struct candidate *candidate)
{
	const char *encoder;

	for (size_t i = 0; (encoder = ffmpeg_hardware_encoder(i)); i++) {
		struct candidate hardware = *candidate;

		hardware.encoder = encoder;
		if (strcmp(encoder, candidate->encoder) != 0 && try_candidate(to, config, &hardware))
			return true;
	}
	return false;
}

/* Tries what could help. Returns whether the recorder would do so by itself. */
static bool try_less(FILE *to, const struct config *config, const struct candidate *candidate)
{
	bool is_x264 = strcmp(candidate->encoder, FFMPEG_ENCODER_SOFTWARE) == 0;
	struct candidate faster = *candidate, smaller = *candidate;
	bool enough = false;

	faster.preset = FFMPEG_PRESET_AUTO_FASTEST;
	if (is_x264 && strcmp(candidate->preset, faster.preset) != 0)
		enough = try_candidate(to, config, &faster) && strcmp(config->record.preset, FFMPEG_PRESET_AUTO) == 0;
	smaller.width = SMALL_WIDTH;
	smaller.height = SMALL_HEIGHT;
	if (candidate->width * candidate->height > SMALL_WIDTH * SMALL_HEIGHT)
		try_candidate(to, config, &smaller);
	return enough;
}

static bool probe_camera(FILE *to, const struct config *config)
{
	bool chooses = strcmp(config->record.encoder, FFMPEG_ENCODER_AUTO) == 0;
	bool chooses_preset = strcmp(config->record.preset, FFMPEG_PRESET_AUTO) == 0;
	struct candidate candidate = {
		.encoder = chooses ? FFMPEG_ENCODER_SOFTWARE : config->record.encoder,
		.preset = chooses_preset ? FFMPEG_PRESET_AUTO_DEFAULT : config->record.preset,
		.width = (uint16_t)config->camera.width,
		.height = (uint16_t)config->camera.height,
	};

	fprintf(to, "%s: %dx%d at %d fps\n", config->camera.name, config->camera.width, config->camera.height,
		config->camera.fps);
	if (config->record.codec != CODEC_H264) {
		fputs("  record.codec = mjpeg: nothing is encoded\n", to);
		return true;
	}
	if ((chooses && try_hardware(to, config, &candidate)) || try_candidate(to, config, &candidate))
		return true;

	bool enough = try_less(to, config, &candidate);

	if (!chooses)
		try_hardware(to, config, &candidate);
	return enough;
}

int probe_command(FILE *to, const struct config *cameras, size_t count)
{
	int status = 0;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < count; i++)
		if (!probe_camera(to, &cameras[i]))
			status = 1;
	return status;
}
