/* hook_rule.c - reads what a section [hook NAME] asks for. */
#include "shared/notify/hook_rule.h"

#include <stdio.h>
#include <string.h>

#include "shared/motion/motion_area.h"

#define SEPARATORS  " \t,"
#define BLANKS      " \t"
#define VALUE_SHOWN 60 /* bytes of an invalid value that a message quotes */

static_assert(NOTIFICATION_KINDS < 32, "kinds are bits of a number");

/* Copies the next word of a list, cut to fit. Returns false at its end. */
static bool next_word(const char **at, const char *separators, char *out, size_t bytes)
{
	*at += strspn(*at, separators);
	size_t length = strcspn(*at, separators);
	snprintf(out, bytes, "%.*s", (int)length, *at);
	*at += length;
	return length > 0;
}

static bool refuse_event(const struct config *config, const struct config_hook *hook, const char *word,
			 struct reason *why)
{
	const char *separator = "";

	reason_set(why, "%s: [hook %s] events: there is no event %.*s; expected all, or some of ", config->file,
		   hook->name, VALUE_SHOWN, word);
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++) {
		size_t used = strlen(why->text);
		snprintf(why->text + used, sizeof(why->text) - used, "%s%s", separator,
			 notification_kind_text((enum notification_kind)kind));
		separator = ", ";
	}
	return false;
}

static bool read_events(const struct config *config, const struct config_hook *hook, struct hook_rule *out,
			struct reason *why)
{
	char word[sizeof(hook->events)];

	for (const char *at = hook->events; next_word(&at, SEPARATORS, word, sizeof(word));) {
		enum notification_kind kind;
		if (strcmp(word, "all") == 0)
			out->kinds = (UINT32_C(1) << NOTIFICATION_KINDS) - 1;
		else if (notification_kind_parse(word, &kind))
			out->kinds |= UINT32_C(1) << kind;
		else
			return refuse_event(config, hook, word, why);
	}
	return out->kinds != 0 ||
	       reason_set(why, "%s: [hook %s] events is empty; expected all, or events such as motion-start",
			  config->file, hook->name);
}

static bool read_areas(const struct config *config, const struct config_hook *hook, struct motion_mask *mask,
		       struct reason *why)
{
	char word[sizeof(hook->area)];
	struct motion_area area;
	struct reason wrong;

	if (hook->area[strspn(hook->area, BLANKS)])
		memset(mask, 0, sizeof(*mask));
	for (const char *at = hook->area; next_word(&at, BLANKS, word, sizeof(word));) {
		if (!motion_area_parse("area", word, &area, &wrong))
			goto refused;
		motion_area_include(&area, mask);
	}
	for (const char *at = hook->not_area; next_word(&at, BLANKS, word, sizeof(word));) {
		if (!motion_area_parse("not", word, &area, &wrong))
			goto refused;
		motion_area_exclude(&area, mask);
	}
	return true;
refused:
	return reason_set(why, "%s: [hook %s] %s", config->file, hook->name, wrong.text);
}

static bool is_empty(const struct motion_mask *mask)
{
	static const struct motion_mask none;

	return memcmp(mask, &none, sizeof(none)) == 0;
}

bool hook_rule_read(const struct config *config, const struct config_hook *hook, struct hook_rule *out,
		    struct reason *why)
{
	*out = (struct hook_rule){0};
	motion_event_rule_init(&out->motion);
	out->motion.least = (enum motion_strength)(MOTION_FAINT + (int)hook->strength);
	out->own_motion = hook->area[0] || hook->not_area[0] || hook->strength != STRENGTH_FAINT;
	out->has_hours = hook->hours[0] != '\0';
	if (!read_events(config, hook, out, why) || !read_areas(config, hook, &out->motion.mask, why))
		return false;
	if (is_empty(&out->motion.mask))
		return reason_set(why, "%s: [hook %s] not takes away everything that area looks at", config->file,
				  hook->name);
	return !out->has_hours || week_hours_parse(hook->hours, &out->hours, why);
}

bool hook_rules_check(const struct config *config, struct reason *why)
{
	struct hook_rule rule;

	for (size_t i = 0; i < config->hook_count; i++)
		if (!hook_rule_read(config, &config->hooks[i], &rule, why))
			return false;
	return true;
}

bool hook_rule_wants(const struct hook_rule *rule, enum notification_kind kind, wall_t at)
{
	return (rule->kinds >> kind & 1) != 0 && (!rule->has_hours || week_hours_contain(&rule->hours, at));
}
