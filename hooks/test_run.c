/* test_run.c - whether hooks work, shown to a person. */
#include "hooks/test_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/hook.h"
#include "shared/notify/notification_json.h"
#include "shared/program/orphans.h"
#include "shared/program/program_check.h"

/* One run that a person watches. */
struct trial {
	struct loop *loop;
	int limit_seconds;
	bool succeeded;
};

static int fail(const char *what)
{
	fprintf(stderr, "recorder-hooks: %s\n", what);
	return 1;
}

static void print_output(void *context, const char *line)
{
	(void)context;
	printf("  %s\n", line);
}

static void ended(void *context, const struct hook_result *result)
{
	struct trial *trial = context;
	char text[400];

	hook_result_text(result, trial->limit_seconds, text, sizeof(text));
	printf("The program %s.\n", text);
	trial->succeeded = result->end == HOOK_ENDED && result->exit_status == 0;
	loop_stop(trial->loop);
}

static enum notification_kind first_kind(const struct hook_rule *rule)
{
	int kind = 0;

	if (rule->kinds >> NOTIFY_MOTION_START & 1)
		return NOTIFY_MOTION_START;
	while (!(rule->kinds >> kind & 1))
		kind++;
	return (enum notification_kind)kind;
}

/* Something small moves clearly in the middle of the picture, now. */
static bool make_example(const struct hook *hook, enum notification_kind kind, struct buffer *out)
{
	wall_t now = wall_now();
	int64_t second = now.us / US_PER_S;
	struct motion_event event = {
		.from_second = second,
		.to_second = second + 1,
		.peak_second = second,
		.peak_cells = 1,
		.moving_seconds = 1,
		.strongest = MOTION_CLEAR,
	};
	const struct notification_segment segment = {
		.file = "recording_20260517_102300.mp4", .from = {now.us - 600 * US_PER_S}, .to = now, .frames = 36000};
	bool is_motion = kind == NOTIFY_MOTION_START || kind == NOTIFY_MOTION_END;
	char id[NOTIFICATION_ID_BYTES];

	motion_cells_raise(&event.cells, MOTION_COLUMNS / 2, MOTION_ROWS / 2, MOTION_CLEAR);
	notification_id_format(hook->series, 1, id);
	const struct notification example = {
		.kind = kind,
		.id = id,
		.camera = hook->camera,
		.at = now,
		.event = is_motion ? &event : NULL,
		.segment = kind == NOTIFY_SEGMENT ? &segment : NULL,
		.detail = "this is an example, made by recorder-hooks --test",
	};
	return notification_json(&example, out);
}

static bool run_once(struct hook *hook, enum notification_kind kind, const struct buffer *json, struct trial *trial,
		     struct reason *why)
{
	if (!program_check(hook->words.argv[0], why))
		return false;
	hook_environment_set(&hook->environment, hook->camera, hook->config.name, kind, 0);
	hook->process.show = print_output;
	hook->process.ended = ended;
	hook->process.context = trial;
	const struct hook_run run = {
		.argv = hook->words.argv,
		.environment = hook->environment.common.variables,
		.line = (const char *)json->data,
		.bytes = json->length,
		.limit_seconds = hook->config.limit_seconds,
	};
	printf("Running %s with\n  %.*s\n", hook->config.run, (int)json->length, (const char *)json->data);
	fflush(stdout);
	return hook_process_start(&hook->process, &run, why);
}

static const struct config_hook *find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->hook_count; i++)
		if (strcmp(config->hooks[i].name, name) == 0)
			return &config->hooks[i];
	return NULL;
}

int test_run(const struct config *config, const struct options *options)
{
	const struct config_hook *settings = find(config, options->test);
	struct trial trial = {.loop = loop_create()};
	struct buffer json = {0};
	struct reason why = {"out of memory"};
	struct hook *hook = NULL;

	if (!settings) {
		reason_set(&why, "%s has no section [hook %s]", config->file, options->test);
		goto out;
	}
	trial.limit_seconds = settings->limit_seconds;
	hook = trial.loop ? hook_create(trial.loop, config, settings, &why) : NULL;
	if (!hook)
		goto out;
	orphans_adopt();
	enum notification_kind kind = options->has_event ? options->event : first_kind(&hook->rule);
	if (make_example(hook, kind, &json) && run_once(hook, kind, &json, &trial, &why)) {
		loop_run(trial.loop);
		orphans_kill_all();
		why.text[0] = '\0';
	}
out:
	if (why.text[0])
		fail(why.text);
	hook_destroy(hook);
	buffer_free(&json);
	loop_destroy(trial.loop);
	return trial.succeeded ? 0 : 1;
}

static bool check_hook(const struct config_hook *settings)
{
	char program[sizeof(settings->run)];
	struct reason why;

	snprintf(program, sizeof(program), "%.*s", (int)strcspn(settings->run, " \t"), settings->run);
	bool good = program_check(program, &why);
	printf("%s: %s for %s%s%s: %s\n", settings->name, program, settings->events, settings->hours[0] ? ", " : "",
	       settings->hours, good ? "can be run" : why.text);
	return good;
}

int test_run_check(const struct config *config)
{
	int status = 0;

	for (size_t i = 0; i < config->hook_count; i++)
		if (!check_hook(&config->hooks[i]))
			status = 1;
	if (config->hook_count > 0)
		return status;
	printf("%s has no section [hook NAME]\n", config->file);
	return TEST_RUN_NO_HOOKS;
}
