/* main.c - recorder-motion: finds out what moves where in the pictures of a camera. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "motion/motion_sandbox.h"
#include "motion/picture.h"
#include "motion/sampler.h"
#include "motion/watch.h"
#include "shared/base/log.h"
#include "shared/base/version.h"

/*
 *     recorder-motion --camera NAME [--fps N]
 *
 * It reads the pictures from the ring /recorder.NAME and writes a struct motion_record per second to its standard
 * output (shared/motion/motion_record.h, sealed with segment number 0). recorderd starts it and ends it with SIGTERM.
 * The exit status is 0 once the ring is closed: in its sandbox the program cannot open another one. It is 1 if no
 * picture can be decoded for some seconds, after a line on standard error that says why.
 */

#define FPS_DEFAULT  5
#define RING_WAIT_MS 250

struct options {
	const char *camera;
	int fps;
};

static int usage(void)
{
	fprintf(stderr, "usage: recorder-motion --camera NAME [--fps N]   (1 to %d, default: %d)\n", SAMPLER_FPS_MAX,
		FPS_DEFAULT);
	return 2;
}

static bool parse_fps(const char *text, int *out)
{
	char *end;
	long fps = strtol(text, &end, 10);

	*out = (int)fps;
	return *text && !*end && fps >= 1 && fps <= SAMPLER_FPS_MAX;
}

static bool parse(int argc, char **argv, struct options *out)
{
	static const struct option long_options[] = {
		{"camera", required_argument, NULL, 'c'},
		{"fps", required_argument, NULL, 'f'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int option;

	*out = (struct options){.fps = FPS_DEFAULT};
	while ((option = getopt_long(argc, argv, "c:f:V", long_options, NULL)) != -1) {
		if (option == 'c')
			out->camera = optarg;
		else if (option == 'V') {
			puts("recorder-motion " RECORDER_VERSION);
			exit(0);
		} else if (option != 'f' || !parse_fps(optarg, &out->fps))
			return false;
	}
	return out->camera && *out->camera && !strchr(out->camera, '/') && optind == argc;
}

/* A recorder that has just started has no ring yet. */
static struct ring_reader *wait_for_ring(const char *camera)
{
	struct ring_reader *ring;
	struct reason why, logged = {""};
	char name[256];

	snprintf(name, sizeof(name), "/recorder.%s", camera);
	while (!(ring = ring_reader_open(name, &why))) {
		if (strcmp(why.text, logged.text) != 0)
			log_info("motion", "waiting: %s", why.text);
		logged = why;
		nanosleep(&(struct timespec){.tv_nsec = RING_WAIT_MS * US_PER_MS * 1000}, NULL);
	}
	return ring;
}

int main(int argc, char **argv)
{
	struct options options;

	if (!parse(argc, argv, &options))
		return usage();
	struct ring_reader *ring = wait_for_ring(options.camera);
	struct watch *watch = watch_create(ring, options.fps);
	if (!watch) {
		log_error("motion", "out of memory");
		return 1;
	}
	motion_sandbox_enter(PICTURE_MEMORY_BYTES);
	enum watch_outcome outcome = watch_run(watch, STDOUT_FILENO);
	watch_destroy(watch);
	return outcome == WATCH_CLOSED ? 0 : 1;
}
