/* config_hooks.c - reads the sections [hook NAME]. */
#include "shared/config/config_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION   "hook"
#define KEY_BYTES 96

static const char *const strengths[] = {
	[STRENGTH_FAINT] = "faint", [STRENGTH_CLEAR] = "clear", [STRENGTH_STRONG] = "strong", NULL};

static_assert(sizeof(enum config_strength) == sizeof(int), "a choice is stored as an int");

#define FIELD(field) offsetof(struct config_hook, field), sizeof(((struct config_hook *)NULL)->field)

/* Their names have no section. */
static const struct config_key keys[] = {
	{"run", NULL, CONFIG_COMMAND, FIELD(run), 0, 0, NULL},
	{"events", "motion-start", CONFIG_TEXT, FIELD(events), 0, 0, NULL},
	{"quiet_seconds", "0", CONFIG_INTEGER, FIELD(quiet_seconds), 0, 86400, NULL},
	{"limit_seconds", "60", CONFIG_INTEGER, FIELD(limit_seconds), 1, 3600, NULL},
	{"hours", NULL, CONFIG_HOURS, FIELD(hours), 0, 0, NULL},
	{"area", "", CONFIG_TEXT, FIELD(area), 0, 0, NULL},
	{"not", "", CONFIG_TEXT, FIELD(not_area), 0, 0, NULL},
	{"strength", "faint", CONFIG_CHOICE, FIELD(strength), 0, 0, strengths},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* The name of the hook in "hook NAME" or "hook NAME:key". */
static const char *hook_name(const char *name, size_t *length)
{
	const char *hook = name + strlen(SECTION);

	hook += *hook == ' ';
	*length = strcspn(hook, ":");
	return hook;
}

bool config_hooks_has_section(const char *name)
{
	size_t length = strlen(SECTION);

	return strncmp(name, SECTION, length) == 0 && strchr(" :", name[length]);
}

static bool refuse_key(const char *name, size_t section, const struct config *config, struct reason *why)
{
	const char *separator = "; expected ";

	reason_set(why, "%s: [%.*s] has no key %.*s", config->file, (int)section, name, CONFIG_VALUE_SHOWN,
		   name + section + 1);
	for (size_t i = 0; i < KEYS; i++) {
		size_t used = strlen(why->text);
		snprintf(why->text + used, sizeof(why->text) - used, "%s%s", separator, keys[i].name);
		separator = ", ";
	}
	return false;
}

bool config_hooks_check_entry(const char *name, const struct config *config, struct reason *why)
{
	char hook[CONFIG_NAME_BYTES] = "";
	size_t length, section = strcspn(name, ":");
	const char *start = hook_name(name, &length);

	if (length < sizeof(hook))
		memcpy(hook, start, length);
	if (!config_is_word(hook, sizeof(hook)))
		return reason_set(why,
				  "%s: [%.*s] has no valid name; expected [hook NAME], where NAME consists of a-z 0-9 "
				  "_ -, has at most 31 bytes and does not begin with -",
				  config->file, (int)(section < CONFIG_VALUE_SHOWN ? section : CONFIG_VALUE_SHOWN),
				  name);
	if (name[section] == '\0')
		return true;
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name + section + 1) == 0)
			return true;
	return refuse_key(name, section, config, why);
}

static bool read_key(const struct config_key *key, const dictionary *dictionary, const char *file,
		     struct config_hook *out, struct reason *why)
{
	char name[KEY_BYTES], expected[128];

	snprintf(name, sizeof(name), SECTION " %s:%s", out->name, key->name);
	const char *text = iniparser_getstring(dictionary, name, key->preset);
	if (!text && key->kind != CONFIG_COMMAND)
		return true;
	if (text && config_key_read(key, text, file, out))
		return true;
	config_key_describe(key, expected, sizeof(expected));
	if (!text)
		return reason_set(why, "%s: [" SECTION " %s] has no %s; expected %s", file, out->name, key->name,
				  expected);
	return reason_set(why, "%s: [" SECTION " %s] %s = %.*s is invalid; expected %s", file, out->name, key->name,
			  CONFIG_VALUE_SHOWN, text, expected);
}

static bool read_hook(const dictionary *dictionary, const char *section, struct config *out, struct reason *why)
{
	size_t length;
	const char *name = hook_name(section, &length);

	if (out->hook_count == CONFIG_HOOKS_MAX)
		return reason_set(why, "%s: there are too many sections [" SECTION " NAME]; at most %d are allowed",
				  out->file, CONFIG_HOOKS_MAX);
	struct config_hook *hook = &out->hooks[out->hook_count++];
	memcpy(hook->name, name, length);
	for (size_t i = 0; i < KEYS; i++)
		if (!read_key(&keys[i], dictionary, out->file, hook, why))
			return false;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct config_hook *)a)->name, ((const struct config_hook *)b)->name);
}

bool config_hooks_read(const dictionary *dictionary, struct config *out, struct reason *why)
{
	size_t slots = (size_t)dictionary->size;

	for (size_t i = 0; i < slots; i++) {
		const char *section = dictionary->key[i];
		if (!section || !config_hooks_has_section(section) || strchr(section, ':'))
			continue;
		if (!read_hook(dictionary, section, out, why))
			return false;
	}
	qsort(out->hooks, out->hook_count, sizeof(out->hooks[0]), by_name);
	return true;
}
