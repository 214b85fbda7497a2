/* test_program_check.c - which programs are refused, because somebody else could replace them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/program/program_check.h"

static char folder[] = "/tmp/test-program-check-XXXXXX";

static int begin(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* A path in the folder, valid until the call after the next three. */
static const char *path(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *out = paths[next++ % 4];

	snprintf(out, sizeof(paths[0]), "%s/%s", folder, name);
	return out;
}

static const char *make_file(const char *name, mode_t mode)
{
	const char *made = path(name);
	FILE *file = fopen(made, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(made, mode), 0);
	return made;
}

static const char *make_folder(const char *name, mode_t mode)
{
	const char *made = path(name);

	assert_int_equal(mkdir(made, 0755), 0);
	assert_int_equal(chmod(made, mode), 0);
	return made;
}

static void accepted(const char *program)
{
	struct reason why;

	if (!program_check(program, &why))
		fail_msg("%s", why.text);
}

static void refused(const char *program, const char *words)
{
	struct reason why = {0};

	if (program_check(program, &why))
		fail_msg("accepted: %s", program);
	if (!strstr(why.text, words))
		fail_msg("%s says: %s", program, why.text);
}

static void a_program_that_only_its_owner_can_write_is_accepted(void **state)
{
	(void)state;
	accepted(make_file("good", 0755));
	accepted("/bin/sh");
}

static void a_program_that_others_can_write_is_refused(void **state)
{
	(void)state;
	refused(make_file("group", 0775), "chmod go-w");
	refused(make_file("others", 0757), "chmod go-w");
}

static void so_is_one_below_a_folder_that_others_can_write(void **state)
{
	(void)state;
	make_folder("open", 0755);
	make_folder("open/inner", 0755);
	make_file("open/inner/program", 0755);
	accepted(path("open/inner/program"));
	assert_int_equal(chmod(path("open"), 0775), 0);
	refused(path("open/inner/program"), "/open: group or others may write");
	assert_int_equal(chmod(path("open"), 0757), 0);
	refused(path("open/inner/program"), "/open: group or others may write");
}

static void in_a_folder_with_the_sticky_bit_only_the_owner_can_replace_it(void **state)
{
	(void)state;
	make_folder("sticky", 01777);
	make_file("sticky/program", 0755);
	accepted(path("sticky/program"));
}

static void the_owner_of_each_part_matters(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	make_folder("theirs", 0755);
	make_file("theirs/program", 0755);
	assert_int_equal(chown(path("theirs/program"), 4321, 0), 0);
	refused(path("theirs/program"), "belongs to user 4321");
	assert_int_equal(chown(path("theirs/program"), 0, 0), 0);
	assert_int_equal(chown(path("theirs"), 4321, 0), 0);
	refused(path("theirs/program"), "/theirs belongs to user 4321");
}

static void links_are_followed_and_judged(void **state)
{
	(void)state;
	make_folder("real", 0755);
	make_file("real/program", 0755);
	assert_int_equal(symlink("real/program", path("relative")), 0);
	assert_int_equal(symlink(path("real"), path("absolute")), 0);
	assert_int_equal(symlink("../real/./program", path("real/upwards")), 0);
	accepted(path("relative"));
	accepted(path("absolute/program"));
	accepted(path("real/upwards"));
	accepted(path("real/../absolute/../relative"));
	assert_int_equal(chmod(path("real"), 0777), 0);
	refused(path("relative"), "/real: group or others");
	refused(path("absolute/program"), "/real: group or others");
	if (geteuid() == 0) {
		assert_int_equal(chmod(path("real"), 0755), 0);
		assert_int_equal(lchown(path("relative"), 4321, 0), 0);
		refused(path("relative"), "/relative belongs to user 4321");
	}
}

static void what_is_no_program_is_refused(void **state)
{
	(void)state;
	assert_int_equal(symlink("circle", path("circle")), 0);
	refused(path("circle"), "too many symbolic links");
	refused(path("missing"), "No such file");
	refused(make_file("plain", 0644), "chmod +x");
	refused(make_folder("folder", 0755), "is not a file");
	refused("/", "is not a file");
	assert_int_equal(mkfifo(path("fifo"), 0755), 0);
	refused(path("fifo"), "is not a file");
	refused(path("good/deeper"), "Not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_only_its_owner_can_write_is_accepted),
		cmocka_unit_test(a_program_that_others_can_write_is_refused),
		cmocka_unit_test(so_is_one_below_a_folder_that_others_can_write),
		cmocka_unit_test(in_a_folder_with_the_sticky_bit_only_the_owner_can_replace_it),
		cmocka_unit_test(the_owner_of_each_part_matters),
		cmocka_unit_test(links_are_followed_and_judged),
		cmocka_unit_test(what_is_no_program_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
