/* hook.c - one hook. */
#include "hooks/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "shared/base/log.h"
#include "shared/notify/notification_json.h"
#include "shared/program/program_check.h"

/* Runs the program for the next notification that waits, if it does not run already. */
static void run_next(struct hook *hook);

static void show_output(void *context, const char *line)
{
	const struct hook *hook = context;

	log_info("hook", "%s: %s", hook->config.name, line);
}

static void ended(void *context, const struct hook_result *result)
{
	struct hook *hook = context;
	char text[400];

	hook_result_text(result, hook->config.limit_seconds, text, sizeof(text));
	log_line(result->end == HOOK_ENDED && result->exit_status == 0 ? LOG_DEBUG : LOG_WARN, "hook", "%s: %s %s",
		 hook->config.name, hook->words.argv[0], text);
	run_next(hook);
	if (hook_is_idle(hook) && hook->idle)
		hook->idle(hook->context, hook);
}

/* The file and its folders are checked each time, since they may have changed. */
static bool start(struct hook *hook, const struct hook_entry *entry, struct reason *why)
{
	hook_environment_set(&hook->environment, hook->camera, hook->config.name, entry->kind, hook->skipped);
	const struct hook_run run = {
		.argv = hook->words.argv,
		.environment = hook->environment.common.variables,
		.line = entry->json,
		.bytes = entry->bytes,
		.limit_seconds = hook->config.limit_seconds,
	};

	if (!program_check(hook->words.argv[0], why) || !hook_process_start(&hook->process, &run, why))
		return false;
	log_debug("hook", "%s: %s runs for %s", hook->config.name, hook->words.argv[0],
		  notification_kind_text(entry->kind));
	hook->skipped = 0;
	hook->queue_was_full = false;
	return true;
}

static void run_next(struct hook *hook)
{
	struct hook_entry entry;
	struct reason why;

	while (!hook_process_is_running(&hook->process) && hook_queue_take(&hook->queue, &entry))
		if (!start(hook, &entry, &why))
			log_error("hook", "%s: not run for %s: %s", hook->config.name,
				  notification_kind_text(entry.kind), why.text);
}

/* A clock that was set back does not make the quiet time longer. */
static bool is_quiet(const struct hook *hook, enum notification_kind kind, wall_t at)
{
	return at.us >= hook->quiet_from_us[kind] && at.us < hook->quiet_until_us[kind];
}

static void take(struct hook *hook, enum notification_kind kind, wall_t at, const char *json, size_t bytes)
{
	if (!hook_rule_wants(&hook->rule, kind, at))
		return;
	if (is_quiet(hook, kind, at)) {
		hook->skipped++;
		return;
	}
	hook->quiet_from_us[kind] = at.us;
	hook->quiet_until_us[kind] = at.us + hook->config.quiet_seconds * US_PER_S;
	if (!hook_queue_put(&hook->queue, kind, json, bytes)) {
		hook->skipped++;
		if (!hook->queue_was_full)
			log_warn("hook", "%s: %d notifications wait for its program; the oldest ones are skipped",
				 hook->config.name, HOOK_QUEUE);
		hook->queue_was_full = true;
	}
	run_next(hook);
}

void hook_notify(struct hook *hook, enum notification_kind kind, wall_t at, const char *json, size_t bytes)
{
	bool is_motion = kind == NOTIFY_MOTION_START || kind == NOTIFY_MOTION_END;

	if (!is_motion || !hook->rule.own_motion)
		take(hook, kind, at, json, bytes);
}

static void tell_motion(struct hook *hook, enum notification_kind kind, const struct motion_event *event,
			int64_t known_until)
{
	int64_t second = kind == NOTIFY_MOTION_START ? event->from_second : event->to_second;
	char id[NOTIFICATION_ID_BYTES];
	struct buffer json = {0};

	notification_id_format(hook->series, ++hook->number, id);
	const struct notification notification = {
		.kind = kind,
		.id = id,
		.camera = hook->camera,
		.at = {second * US_PER_S},
		.event = event,
		.known_until = known_until,
	};
	if (notification_json(&notification, &json))
		take(hook, kind, notification.at, (const char *)json.data, json.length);
	buffer_free(&json);
}

static void tell_news(struct hook *hook, const struct motion_live_news *news)
{
	if (news->ended)
		tell_motion(hook, NOTIFY_MOTION_END, &news->end, news->silent ? news->newest_second + 1 : 0);
	if (news->started)
		tell_motion(hook, NOTIFY_MOTION_START, &news->start, 0);
}

void hook_add_motion(struct hook *hook, const struct motion_record *record)
{
	struct motion_live_news news;

	if (hook->rule.own_motion && motion_live_add(&hook->motion, record, mono_now(), &news))
		tell_news(hook, &news);
}

void hook_tick(struct hook *hook)
{
	struct motion_live_news news;

	if (hook->rule.own_motion && motion_live_tick(&hook->motion, mono_now(), &news))
		tell_news(hook, &news);
}

static bool split_words(struct hook *hook, const char *run, struct reason *why)
{
	struct reason wrong;

	return program_words_split(&hook->words, run, &wrong) ||
	       reason_set(why, "[hook %s] run: %.250s", hook->config.name, wrong.text);
}

bool hook_configure(struct hook *hook, const struct config *config, const struct config_hook *settings,
		    struct reason *why)
{
	struct hook_rule rule;

	if (!hook_rule_read(config, settings, &rule, why))
		return false;
	snprintf(hook->camera, sizeof(hook->camera), "%s", config->camera.name);
	bool same_motion = memcmp(&rule.motion, &hook->rule.motion, sizeof(rule.motion)) == 0;
	hook->config = *settings;
	hook->rule = rule;
	if (!same_motion)
		motion_live_init(&hook->motion, &hook->rule.motion);
	return split_words(hook, settings->run, why);
}

struct hook *hook_create(struct loop *loop, const struct config *config, const struct config_hook *settings,
			 struct reason *why)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook) {
		reason_set(why, "out of memory");
		return NULL;
	}
	hook->process = (struct hook_process){.loop = loop, .show = show_output, .ended = ended, .context = hook};
	hook->process.child = SUBPROCESS_NONE;
	if (getrandom(&hook->series, sizeof(hook->series), GRND_NONBLOCK) != sizeof(hook->series))
		hook->series = (uint64_t)wall_now().us;
	if (hook_configure(hook, config, settings, why))
		return hook;
	free(hook);
	return NULL;
}

bool hook_is_idle(const struct hook *hook)
{
	return !hook_process_is_running(&hook->process) && hook->queue.count == 0;
}

void hook_forget(struct hook *hook)
{
	hook->queue.count = 0;
}

void hook_destroy(struct hook *hook)
{
	if (!hook)
		return;
	hook_process_kill(&hook->process);
	free(hook);
}
