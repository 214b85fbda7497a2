/* hook_set.c - all hooks of a camera. */
#include "hooks/hook_set.h"

#include <string.h>

#include "shared/base/log.h"
#include "shared/program/orphans.h"

static void free_removed(struct hook_set *set, const struct hook *hook)
{
	for (size_t i = 0; i < set->removed_count; i++) {
		if (set->removed[i] != hook)
			continue;
		hook_destroy(set->removed[i]);
		set->removed[i] = set->removed[--set->removed_count];
		return;
	}
}

static void hook_idle(void *context, struct hook *hook)
{
	struct hook_set *set = context;

	free_removed(set, hook);
	if (set->idle && hook_set_is_idle(set))
		set->idle(set->context);
}

static struct hook **find(struct hook_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->hooks[i] && strcmp(set->hooks[i]->config.name, name) == 0)
			return &set->hooks[i];
	return NULL;
}

/* A program that runs may end; if too many of them do, it is killed. */
static void retire(struct hook_set *set, struct hook *hook)
{
	hook_forget(hook);
	if (hook_is_idle(hook) || set->removed_count == CONFIG_HOOKS_MAX)
		hook_destroy(hook);
	else
		set->removed[set->removed_count++] = hook;
}

static bool configure_hook(struct hook_set *set, const struct config *config, const struct config_hook *settings,
			   struct hook **out, struct reason *why)
{
	struct hook **old = find(set, settings->name);

	if (old) {
		*out = *old;
		*old = NULL;
		return hook_configure(*out, config, settings, why);
	}
	*out = hook_create(set->loop, config, settings, why);
	if (!*out)
		return false;
	(*out)->idle = hook_idle;
	(*out)->context = set;
	return true;
}

bool hook_set_configure(struct hook_set *set, const struct config *config, struct reason *why)
{
	struct hook *fresh[CONFIG_HOOKS_MAX];
	size_t count = 0;
	struct reason wrong;

	if (!hook_rules_check(config, why))
		return false;
	for (size_t i = 0; i < config->hook_count; i++) {
		if (configure_hook(set, config, &config->hooks[i], &fresh[count], &wrong))
			count++;
		else
			log_error("hook", "%s is not run: %s", config->hooks[i].name, wrong.text);
	}
	for (size_t i = 0; i < set->count; i++)
		if (set->hooks[i])
			retire(set, set->hooks[i]);
	memcpy(set->hooks, fresh, count * sizeof(fresh[0]));
	set->count = count;
	return true;
}

void hook_set_notify(struct hook_set *set, enum notification_kind kind, wall_t at, const char *json, size_t bytes)
{
	for (size_t i = 0; i < set->count; i++)
		hook_notify(set->hooks[i], kind, at, json, bytes);
}

void hook_set_add_motion(struct hook_set *set, const struct motion_record *record)
{
	for (size_t i = 0; i < set->count; i++)
		hook_add_motion(set->hooks[i], record);
}

void hook_set_tick(struct hook_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		hook_tick(set->hooks[i]);
}

bool hook_set_needs_motion(const struct hook_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->hooks[i]->rule.own_motion)
			return true;
	return false;
}

bool hook_set_is_idle(const struct hook_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (!hook_is_idle(set->hooks[i]))
			return false;
	return set->removed_count == 0;
}

static bool is_running(void *context, pid_t pid)
{
	const struct hook_set *set = context;

	for (size_t i = 0; i < set->count; i++)
		if (pid > 0 && hook_process_id(&set->hooks[i]->process) == pid)
			return true;
	for (size_t i = 0; i < set->removed_count; i++)
		if (pid > 0 && hook_process_id(&set->removed[i]->process) == pid)
			return true;
	return false;
}

bool hook_set_kill_orphans(struct hook_set *set)
{
	return orphans_kill(is_running, set);
}

void hook_set_close(struct hook_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		hook_destroy(set->hooks[i]);
	for (size_t i = 0; i < set->removed_count; i++)
		hook_destroy(set->removed[i]);
	set->count = set->removed_count = 0;
}
