/* main.c - recorderd: carries out the task of its command line, which usually is to record. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "recorderd/command/memory_command.h"
#include "recorderd/command/probe_command.h"
#include "recorderd/command/report_command.h"
#include "recorderd/command/status_command.h"
#include "recorderd/command/token_command.h"
#include "recorderd/options.h"
#include "recorderd/recorder.h"
#include "recorderd/rewrite/privacy_mask.h"
#include "shared/base/log.h"
#include "shared/base/version.h"
#include "shared/config/config.h"
#include "shared/notify/hook_rule.h"

/*
 * Opens the recorder again with what is in its file by now. Whatever is wrong with that, it runs again: with the
 * settings as they were.
 */
static struct recorder *open_again(const struct config *running, struct config *fresh, bool keep_memory,
				   struct reason *why)
{
	struct recorder *recorder = NULL;

	if (config_reload(running, fresh, why))
		recorder = recorder_open(fresh, keep_memory, why);
	if (recorder)
		return recorder;
	log_error("main", "%s; starting with the settings as they were", why->text);
	*fresh = *running;
	return recorder_open(running, keep_memory, why);
}

/* Runs it, again and again as long as the set-up asks for that. Returns the exit status. */
static int run_again(struct recorder *recorder, struct config *config, struct config *fresh, bool keep_memory)
{
	struct reason why;

	for (;;) {
		log_info("main", "recorderd " RECORDER_VERSION ", camera \"%s\", configuration %s", config->camera.name,
			 config->file);
		int status = recorder_run(recorder);
		bool again = recorder_restarts(recorder);
		recorder_close(recorder);
		if (!again)
			return status;
		recorder = open_again(config, fresh, keep_memory, &why);
		if (!recorder) {
			log_error("main", "%s", why.text);
			return 1;
		}
		*config = *fresh;
	}
}

static int run(const struct config *first, bool keep_memory)
{
	struct reason why = {"out of memory"};
	struct config *configs = calloc(2, sizeof(*configs)); /* the one that runs, and the next one */
	struct recorder *recorder = configs ? recorder_open(first, keep_memory, &why) : NULL;
	int status = 1;

	if (recorder) {
		configs[0] = *first;
		log_start();
		status = run_again(recorder, &configs[0], &configs[1], keep_memory);
		log_stop();
	} else {
		fprintf(stderr, "recorderd: %s\n", why.text);
	}
	free(configs);
	return status;
}

/* Sets *first and *count to the camera that was named, or to all of them. */
static bool select_cameras(const struct options *options, const struct config_set *set, const struct config **first,
			   size_t *count, struct reason *why)
{
	*first = set->cameras;
	*count = set->count;
	if (options->camera) {
		*first = config_set_find(set, options->camera);
		*count = 1;
	}
	if (!*first && options->camera)
		return reason_set(why, "%s has no camera \"%s\"", options->config, options->camera);
	if (!*first && options->task != TASK_CHECK)
		return reason_set(why, "%s configures no recorder: it has no [camera]", options->config);
	if (options->task == TASK_RECORD && *count > 1)
		return reason_set(why, "%s has %zu cameras; choose one with -n NAME", options->config, *count);
	return true;
}

/* Does not resolve the names in http.hosts: the workers do that, and a name server may be slow. */
static int check(const struct options *options, const struct config *cameras, size_t count)
{
	struct reason why;

	for (size_t i = 0; i < count; i++) {
		if (!token_command_check(&cameras[i], &why) || !hook_rules_check(&cameras[i], &why) ||
		    !privacy_mask_check(&cameras[i], &why)) {
			fprintf(stderr, "recorderd: %s\n", why.text);
			return 1;
		}
	}
	printf("%s: the configuration is valid\n", options->camera ? cameras->file : options->config);
	if (count > 0 && !cameras->http.hosts[0])
		puts("Clients can use an IP address, localhost, a name of this machine, a name without a dot, or a "
		     ".local name. Add any other name, such as that of a reverse proxy, to hosts in the section "
		     "[http].");
	return 0;
}

static int run_task(const struct options *options, const struct config *cameras, size_t count)
{
	switch (options->task) {
	case TASK_CHECK:
		return check(options, cameras, count);
	case TASK_STATUS:
		return (int)status_print(stdout, cameras, count, options->json, !options->camera);
	case TASK_PROBE:
		return probe_command(stdout, cameras, count);
	case TASK_REPORT:
		return report_command(stdout, cameras, count, options->report_days);
	case TASK_TOKEN_NEW:
		return token_command_new(cameras, options->token, options->scopes, options->days);
	case TASK_TOKEN_LIST:
		return token_command_list(cameras);
	case TASK_TOKEN_REMOVE:
		return token_command_remove(cameras, options->token);
	case TASK_LEFTOVERS:
	case TASK_FREE_MEMORY:
	case TASK_RECORD:
		break;
	}
	log_set_level(cameras->log_level);
	return run(cameras, options->keep_memory);
}

int main(int argc, char **argv)
{
	struct options options;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_INVALID:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	tzset();
	/* These two work without a valid configuration. */
	if (options.task == TASK_LEFTOVERS)
		return memory_command_list(stdout);
	if (options.task == TASK_FREE_MEMORY)
		return memory_command_free(options.config, options.camera);

	struct config_set set = {0};
	const struct config *cameras;
	size_t count;
	struct reason why;
	int status = 1;

	if (config_set_load(options.config, &set, &why) && select_cameras(&options, &set, &cameras, &count, &why))
		status = run_task(&options, cameras, count);
	else
		fprintf(stderr, "recorderd: %s\n", why.text);
	config_set_free(&set);
	return status;
}
