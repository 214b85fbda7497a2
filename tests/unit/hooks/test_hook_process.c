/* test_hook_process.c - one run of a hook's program, and what it cannot do. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks/hook_environment.h"
#include "hooks/hook_process.h"
#include "shared/base/buffer.h"
#include "shared/program/orphans.h"

static char folder[] = "/tmp/test-hook-process-XXXXXX", program[64];
static struct loop *loop;
static struct hook_process process;
static struct hook_result result;
static struct buffer shown; /* the lines, each with a line feed */
static struct hook_environment environment;

static void show(void *context, const char *line)
{
	(void)context;
	buffer_printf(&shown, "%s\n", line);
}

static void ended(void *context, const struct hook_result *how)
{
	(void)context;
	result = *how;
	loop_stop(loop);
}

static int begin(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	orphans_adopt();
	loop = loop_create();
	if (!loop || !mkdtemp(folder))
		return -1;
	snprintf(program, sizeof(program), "%s/program", folder);
	return 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	loop_destroy(loop);
	buffer_free(&shown);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* Runs a program with that text, for at most so many seconds. */
static void run_text(const char *text, int limit_seconds)
{
	const char *const argv[] = {program, "first", "second *", NULL};
	struct reason why;
	FILE *file = fopen(program, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(program, 0755), 0);
	hook_environment_set(&environment, "front", "door", NOTIFY_CAMERA_LOST, 3);
	buffer_clear(&shown);
	process = (struct hook_process){.loop = loop, .show = show, .ended = ended, .child = SUBPROCESS_NONE};
	const struct hook_run run = {
		.argv = argv,
		.environment = environment.common.variables,
		.line = "{\"id\":\"1\"}",
		.bytes = 10,
		.limit_seconds = limit_seconds,
	};
	if (!hook_process_start(&process, &run, &why))
		fail_msg("%s", why.text);
	assert_true(hook_process_is_running(&process));
	loop_run(loop);
	assert_false(hook_process_is_running(&process));
}

static void shows(const char *text)
{
	buffer_append(&shown, "", 1);
	assert_string_equal((const char *)shown.data, text);
}

static bool is_nobody(void *context, pid_t pid)
{
	(void)context;
	(void)pid;
	return false;
}

/* Waits until the process whose id the program has written is gone. */
static void is_killed(const char *name)
{
	char path[96];
	int pid = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	while (kill(pid, 0) == 0) {
		orphans_kill(is_nobody, NULL);
		usleep(10000);
	}
}

static void a_program_gets_one_line_its_arguments_and_a_fixed_environment(void **state)
{
	(void)state;
	setenv("SECRET", "of recorder-hooks", 1);
	setenv("TZ", "Europe/Berlin", 1);
	setenv("HOME", "/home/x", 1);
	unsetenv("LANG");
	run_text("#!/bin/sh\ncat\nread -r more || echo end of input\necho \"$1,$2,$#\"\nenv | grep -v ^PWD= | "
		 "sort\npwd\numask\n",
		 60);
	shows("{\"id\":\"1\"}\nend of input\nfirst,second *,2\nHOME=/home/x\nLANG=C.UTF-8\n"
	      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nRECORDER_CAMERA=front\n"
	      "RECORDER_EVENT=camera-lost\nRECORDER_HOOK=door\nRECORDER_SKIPPED=3\nTZ=Europe/Berlin\n/\n0077\n");
	assert_int_equal(result.end, HOOK_ENDED);
	assert_int_equal(result.exit_status, 0);
	unsetenv("TZ");
}

static void a_program_has_no_other_descriptors(void **state)
{
	int fd = dup2(STDERR_FILENO, 77);

	(void)state;
	run_text("#!/bin/sh\n[ -e /proc/self/fd/77 ] && echo leaked\necho clean\n", 60);
	close(fd);
	shows("clean\n");
}

static void its_exit_status_is_told(void **state)
{
	char text[400];

	(void)state;
	run_text("#!/bin/sh\necho it did not work >&2\nexit 3\n", 60);
	shows("it did not work\n");
	assert_int_equal(result.end, HOOK_ENDED);
	assert_int_equal(result.exit_status, 3);
	hook_result_text(&result, 60, text, sizeof(text));
	assert_non_null(strstr(text, "failed with exit status 3"));
	run_text("#!/bin/sh\nkill -9 $$\n", 60);
	assert_int_equal(result.end, HOOK_SIGNALLED);
	assert_int_equal(result.signal, SIGKILL);
}

static void a_program_that_does_not_read_or_closes_its_output_does_no_harm(void **state)
{
	(void)state;
	run_text("#!/bin/sh\nexec <&- >&- 2>&-\nexit 0\n", 60);
	shows("");
	assert_int_equal(result.end, HOOK_ENDED);
	assert_int_equal(result.exit_status, 0);
}

static void a_file_that_is_no_program_is_not_given_to_a_shell(void **state)
{
	(void)state;
	run_text("touch was-run-by-a-shell; echo run\n", 60);
	shows("");
	assert_int_equal(result.end, HOOK_NOT_RUN);
	assert_non_null(strstr(result.why.text, "Exec format error"));
}

static void a_missing_interpreter_is_told(void **state)
{
	(void)state;
	run_text("#!/nonexistent/interpreter\n", 60);
	assert_int_equal(result.end, HOOK_NOT_RUN);
	assert_non_null(strstr(result.why.text, "No such file"));
}

/* A process in a session of its own, whose child becomes an orphan only once it is killed. */
static void nothing_is_left_at_the_end(void **state)
{
	char text[512], path[96];
	int pid = 0;

	(void)state;
	snprintf(text, sizeof(text),
		 "#!/bin/sh\nsetsid sh -c 'sleep 1000 & echo $! >%s/grandchild; wait' &\n"
		 "until [ -s %s/grandchild ]; do sleep 0.01; done\n",
		 folder, folder);
	run_text(text, 60);
	assert_int_equal(result.end, HOOK_ENDED);
	orphans_kill_all();
	snprintf(path, sizeof(path), "%s/grandchild", folder);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	assert_int_equal(kill(pid, 0), -1);
}

static void a_program_that_hangs_is_killed_with_its_group(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "#!/bin/sh\ntrap '' TERM INT HUP\nsleep 1000 & echo $! >%s/child\nsleep 1000\n",
		 folder);
	run_text(text, 1);
	assert_int_equal(result.end, HOOK_TIMED_OUT);
	is_killed("child");
}

static void what_it_leaves_in_the_background_is_killed(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text),
		 "#!/bin/sh\nsleep 1000 & echo $! >%s/child\nsetsid sh -c 'echo $$ >%s/session; exec sleep 1000' &\n"
		 "while ! [ -s %s/session ]; do sleep 0.01; done\n",
		 folder, folder, folder);
	run_text(text, 60);
	assert_int_equal(result.end, HOOK_ENDED);
	is_killed("child");
	is_killed("session");
}

static void only_the_first_lines_are_shown(void **state)
{
	char expected[1024] = "";

	(void)state;
	run_text("#!/bin/sh\ni=0; while [ $i -lt 25 ]; do echo line $i; i=$((i+1)); done; printf 'no line feed'\n", 60);
	for (int i = 0; i < OUTPUT_LINES_SHOWN; i++)
		sprintf(expected + strlen(expected), "line %d\n", i);
	strcat(expected, "(6 more lines are not shown)\n");
	shows(expected);
}

static void a_flood_of_output_ends_the_program(void **state)
{
	(void)state;
	run_text("#!/bin/sh\nexec yes\n", 60);
	assert_int_equal(result.end, HOOK_FLOODED);
	run_text("#!/bin/sh\nexec tr '\\000' x </dev/zero\n", 60);
	assert_int_equal(result.end, HOOK_FLOODED);
}

static void memory_and_files_are_limited(void **state)
{
	(void)state;
	run_text("#!/bin/sh\nulimit -d; ulimit -v; ulimit -c; ulimit -n\n", 60);
	shows("524288\n4194304\n0\n256\n");
}

static void killing_a_run_tells_nothing(void **state)
{
	const char *const argv[] = {"/bin/sleep", "1000", NULL};
	const struct hook_run run = {.argv = argv,
				     .environment = environment.common.variables,
				     .line = "{}",
				     .bytes = 2,
				     .limit_seconds = 60};
	struct reason why;

	(void)state;
	result.end = HOOK_FLOODED;
	assert_true(hook_process_start(&process, &run, &why));
	pid_t pid = hook_process_id(&process);
	hook_process_kill(&process);
	assert_false(hook_process_is_running(&process));
	while (kill(pid, 0) == 0) {
		subprocess_reap_detached();
		usleep(10000);
	}
	assert_int_equal(result.end, HOOK_FLOODED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_gets_one_line_its_arguments_and_a_fixed_environment),
		cmocka_unit_test(a_program_has_no_other_descriptors),
		cmocka_unit_test(its_exit_status_is_told),
		cmocka_unit_test(a_program_that_does_not_read_or_closes_its_output_does_no_harm),
		cmocka_unit_test(a_file_that_is_no_program_is_not_given_to_a_shell),
		cmocka_unit_test(a_missing_interpreter_is_told),
		cmocka_unit_test(a_program_that_hangs_is_killed_with_its_group),
		cmocka_unit_test(what_it_leaves_in_the_background_is_killed),
		cmocka_unit_test(nothing_is_left_at_the_end),
		cmocka_unit_test(only_the_first_lines_are_shown),
		cmocka_unit_test(a_flood_of_output_ends_the_program),
		cmocka_unit_test(memory_and_files_are_limited),
		cmocka_unit_test(killing_a_run_tells_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
