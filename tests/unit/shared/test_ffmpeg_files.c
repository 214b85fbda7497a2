/* test_ffmpeg_files.c - which files FFmpeg needs on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/sandbox/ffmpeg_files.h"

#define SKIPPED 77

static char folder[] = "/tmp/test-ffmpeg-XXXXXX";

static const char *within(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *bytes, size_t length, mode_t mode)
{
	int fd = open(within(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fchmod(fd, mode) == 0);
	close(fd);
}

static void a_readable_file_that_is_not_an_elf_program_is_a_script(void **state)
{
	static const struct {
		const char *head;
		bool is_script;
	} cases[] = {
		{"#!/bin/sh\nexec ffmpeg\n", true},
		{"exec /opt/ffmpeg \"$@\"\n", true},
		{"\x7f"
		 "ELF\2\1\1",
		 false},
		{"\x7f"
		 "EL",
		 true},
		{"", false},
	};

	(void)state;
	setenv("PATH", folder, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file("ffmpeg", cases[i].head, strlen(cases[i].head), 0755);
		assert_int_equal(ffmpeg_is_script(), cases[i].is_script);
	}
	unlink(within("ffmpeg"));
	assert_false(ffmpeg_is_script());
	mkfifo(within("ffmpeg"), 0755); /* opening it does not block */
	assert_false(ffmpeg_is_script());
	unlink(within("ffmpeg"));
}

static bool opens(const char *name)
{
	int fd = open(within(name), O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * Writes a loader cache in which ldconfig(8) has listed libraries of that folder, and numbers of which the bytes look
 * like paths.
 */
static bool list_libraries(void)
{
	char bytes[512];
	int length =
		snprintf(bytes, sizeof(bytes),
			 "cache1.1%c//%c/./%c/..//%c%s/%c/libroot.so%c//lib.so%c/../lib.so%clibm.so%c%s/lib/libm.so%c"
			 "%s/lib/libz.so%c",
			 0, 0, 0, 0, folder, 0, 0, 0, 0, 0, folder, 0, folder, 0);

	write_file("cache", bytes, (size_t)length, 0644);
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount(within("cache"), "/etc/ld.so.cache", NULL, MS_BIND, NULL) == 0;
}

static int look_for_libraries(void)
{
	struct landlock_ruleset ruleset;

	if (landlock_version() == 0 || !list_libraries())
		return SKIPPED;
	if (!landlock_ruleset_open(&ruleset, true) || !ffmpeg_files_add(&ruleset) || !landlock_ruleset_enter(&ruleset))
		return 1;
	return opens("lib/libm.so") && opens("lib/other.so") && !opens("secret") ? 0 : 2;
}

static void libraries_of_ld_so_conf_can_be_read(void **state)
{
	int status;

	(void)state;
	mkdir(within("lib"), 0755);
	write_file("lib/libm.so", "x", 1, 0644);
	write_file("lib/other.so", "x", 1, 0644);
	write_file("secret", "x", 1, 0644);
	pid_t pid = fork();
	if (pid == 0)
		_exit(look_for_libraries());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int start(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int finish(void **state)
{
	static const char *const files[] = {"lib/libm.so", "lib/other.so", "secret", "cache"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(within(files[i]));
	rmdir(within("lib"));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_readable_file_that_is_not_an_elf_program_is_a_script),
		cmocka_unit_test(libraries_of_ld_so_conf_can_be_read),
	};

	return cmocka_run_group_tests_name("ffmpeg_files", tests, start, finish);
}
