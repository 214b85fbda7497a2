/* main.c - recorderd: reads the configuration, starts the recorder, says in one sentence why it cannot. */
#include <stdio.h>
#include <stdlib.h>
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
	if (!config_load(options.config, &config, &why)) {
		fprintf(stderr, "recorderd: %s\n", why.text);
		return 1;
	}
	log_set_level(config.log_level);
	if (options.check_only) {
		printf("%s: all is well\n", config.file);
		return 0;
	}
	return run(&config);
}
