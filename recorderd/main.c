/* main.c - recorderd: reads the configuration, starts the recorder, says in one sentence why it cannot. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "recorderd/options.h"
#include "recorderd/recorder.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/version.h"

static int run(const struct config *config)
{
	struct reason why;
	struct recorder *recorder = recorder_open(config, &why);
	int status;

	if (!recorder) {
		fprintf(stderr, "recorderd: %s\n", why.text);
		return 1;
	}
	log_start();
	log_info("main", "recorderd " RECORDER_VERSION ", camera \"%s\", configuration %s", config->camera.name,
		 config->file);
	status = recorder_run(recorder);
	recorder_close(recorder);
	log_stop();
	return status;
}

/* A file is one camera; of a directory the camera that was named. */
static bool load(const struct options *options, struct config *config, struct reason *why)
{
	struct config_set set = {0};
	struct stat status;
	const struct config *found;

	if (stat(options->config, &status) < 0 || !S_ISDIR(status.st_mode))
		return config_load(options->config, config, why);
	if (!config_set_load(options->config, &set, why))
		return false;
	found = config_set_find(&set, options->camera);
	if (!options->camera && set.count > 1 && !options->check_only)
		found = NULL;
	if (found)
		*config = *found;
	else if (!options->camera)
		reason_set(why, "%s has %zu cameras: -n NAME says which one to record", options->config, set.count);
	else
		reason_set(why, "%s has no camera \"%s\"", options->config, options->camera);
	config_set_finish(&set);
	return found != NULL;
}

int main(int argc, char **argv)
{
	static struct config config;
	struct options options;
	struct reason why;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	tzset();
	if (!load(&options, &config, &why)) {
		fprintf(stderr, "recorderd: %s\n", why.text);
		return 1;
	}
	log_set_level(config.log_level);
	if (options.check_only) {
		printf("%s: all is well\n", options.camera ? config.file : options.config);
		return 0;
	}
	return run(&config);
}
