/* test_hook_rule.c - sections [hook NAME] of recorder.ini: their keys, and what they ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "shared/notify/hook_rule.h"
#include "tests/unit/support/ini_files.h"

static struct config config;

static struct hook_rule rule_of(const char *keys)
{
	char text[2048];
	struct hook_rule rule;
	struct reason why;

	snprintf(text, sizeof(text), "[hook door]\nrun = /bin/true\n%s", keys);
	config = ini_loaded(text);
	assert_int_equal(config.hook_count, 1);
	if (!hook_rule_read(&config, &config.hooks[0], &rule, &why))
		fail_msg("%s", why.text);
	return rule;
}

static void rule_refused(const char *keys, const char *words)
{
	char text[2048];
	struct reason why = {0};

	snprintf(text, sizeof(text), "[hook door]\nrun = /bin/true\n%s", keys);
	config = ini_loaded(text);
	if (hook_rules_check(&config, &why))
		fail_msg("accepted: %s", keys);
	if (!strstr(why.text, words) || !strstr(why.text, "[hook door]") || !strstr(why.text, config.file))
		fail_msg("%s says: %s", keys, why.text);
}

static void a_section_has_defaults(void **state)
{
	struct hook_rule rule = rule_of("");

	(void)state;
	assert_string_equal(config.hooks[0].name, "door");
	assert_string_equal(config.hooks[0].run, "/bin/true");
	assert_int_equal(config.hooks[0].quiet_seconds, 0);
	assert_int_equal(config.hooks[0].limit_seconds, 60);
	assert_false(rule.own_motion);
	assert_true(hook_rule_wants(&rule, NOTIFY_MOTION_START, (wall_t){0}));
	assert_false(hook_rule_wants(&rule, NOTIFY_MOTION_END, (wall_t){0}));
}

static void all_keys_are_read(void **state)
{
	struct hook_rule rule =
		rule_of("events = camera-lost,disk-failing\nquiet_seconds = 30\nlimit_seconds = 5\n"
			"hours = fri 10:00-11:00\narea = 0,0,0.5,0.5\nnot = 0,0,0.1,0.1 0.2,0.2,0.1,0.1\n"
			"strength = strong\n");

	(void)state;
	assert_int_equal(config.hooks[0].quiet_seconds, 30);
	assert_int_equal(config.hooks[0].limit_seconds, 5);
	assert_int_equal(rule.kinds, 1u << NOTIFY_CAMERA_LOST | 1u << NOTIFY_DISK_FAILING);
	assert_true(rule.own_motion);
	assert_int_equal(rule.motion.least, MOTION_STRONG);
	assert_false(rule.motion.mask.bits[0] & 1); /* taken away */
	assert_true(rule.motion.mask.bits[1] & 1);  /* column 8 of the first row */
	assert_false(rule.motion.mask.bits[2] & 1); /* column 16: outside */
	assert_true(hook_rule_wants(&rule, NOTIFY_CAMERA_LOST,
				    (wall_t){(INT64_C(1779062400) + 4 * 86400 + 36000) * US_PER_S}));
	assert_false(hook_rule_wants(&rule, NOTIFY_CAMERA_LOST, (wall_t){INT64_C(1779062400) * US_PER_S}));
}

static void all_means_each_event(void **state)
{
	struct hook_rule rule = rule_of("events = all\n");

	(void)state;
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		assert_true(hook_rule_wants(&rule, (enum notification_kind)kind, (wall_t){0}));
}

static void a_strength_alone_is_a_rule_of_its_own(void **state)
{
	struct hook_rule rule = rule_of("strength = clear\n");

	(void)state;
	assert_true(rule.own_motion);
	assert_true(rule.motion.mask.bits[MOTION_PLANE_BYTES - 1] & 0x80);
}

static void sections_are_sorted_by_name(void **state)
{
	(void)state;
	config = ini_loaded(
		"[hook b]\nrun = /bin/b 1 2\n[hook a]\nrun = /bin/a\nhours = mon-fri 19:00-07:00, sat-sun\n");
	assert_int_equal(config.hook_count, 2);
	assert_string_equal(config.hooks[0].name, "a");
	assert_string_equal(config.hooks[0].hours, "mon-fri 19:00-07:00, sat-sun");
	assert_string_equal(config.hooks[1].run, "/bin/b 1 2");
}

static void mistakes_in_keys_are_refused(void **state)
{
	char text[1024] = "";

	(void)state;
	ini_refused("[hook door]\nevents = all\n", "[hook door] has no run", "absolute path");
	ini_refused("[hook door]\nrun = mail\n", "[hook door] run = mail", "absolute path");
	ini_refused("[hook door]\nrun = /bin/true\nquiet_seconds = -1\n", "quiet_seconds", "from 0 to 86400");
	ini_refused("[hook door]\nrun = /bin/true\nlimit_seconds = 0\n", "limit_seconds", "from 1 to 3600");
	ini_refused("[hook door]\nrun = /bin/true\nstrength = weak\n", "strength", "faint, clear or strong");
	ini_refused("[hook door]\nrun = /bin/true\nhours = always\n", "hours", "mon-fri 19:00-07:00");
	ini_refused("[hook door]\nrun = /bin/true\nsound = yes\n", "[hook door] has no key sound", "quiet_seconds");
	ini_refused("[hook door]\nrun = /bin/true\nrun = /bin/false\n", "[hook door] run", "set twice");
	ini_refused("[hook]\nrun = /bin/true\n", "[hook] has no valid name", "a-z 0-9");
	ini_refused("[hook a b]\nrun = /bin/true\n", "[hook a b]", "no valid name");
	ini_refused("[hook  a]\nrun = /bin/true\n", "no valid name", "a-z 0-9");
	ini_refused("[hook -a]\nrun = /bin/true\n", "[hook -a]", "no valid name");
	ini_refused("[hook aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nrun = /bin/true\n", "[hook aaaa", "no valid name");
	ini_refused("[hooks]\nrun = /bin/true\n", "no section [hooks]", "[hook NAME]");
	for (int i = 0; i < CONFIG_HOOKS_MAX + 1; i++)
		sprintf(text + strlen(text), "[hook h%d]\nrun = /bin/true\n", i);
	ini_refused(text, "too many sections", "at most 16");
}

static void mistakes_in_rules_are_refused(void **state)
{
	(void)state;
	rule_refused("events = sunrise\n", "there is no event sunrise");
	rule_refused("events = sunrise\n", "camera-lost");
	rule_refused("events =\n", "is empty");
	rule_refused("events = ,\n", "is empty");
	rule_refused("area = 0,0,2,2\n", "area=");
	rule_refused("not = 1,2,3\n", "not=");
	rule_refused("area = 0,0,0.1,0.1\nnot = 0,0,1,1\n", "takes away everything");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_has_defaults),
		cmocka_unit_test(all_keys_are_read),
		cmocka_unit_test(all_means_each_event),
		cmocka_unit_test(a_strength_alone_is_a_rule_of_its_own),
		cmocka_unit_test(sections_are_sorted_by_name),
		cmocka_unit_test(mistakes_in_keys_are_refused),
		cmocka_unit_test(mistakes_in_rules_are_refused),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, ini_folder_make, ini_folder_remove);
}
