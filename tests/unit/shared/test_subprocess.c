/* test_subprocess.c - a program with three pipes: what it gets, what it writes, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/in_range.h"
#include "tests/unit/support/subprocess_cases.h"

static struct reason why;

static bool no_child_dies, waited; /* as if a disk or driver were hanging */

pid_t waitpid(pid_t pid, int *status, int options)
{
	if (!(options & WNOHANG))
		waited = true;
	if (no_child_dies && (options & WNOHANG))
		return 0;
	return (pid_t)syscall(SYS_wait4, pid, status, options, NULL);
}

static void it_reads_its_input_and_writes_to_both_pipes(void **state)
{
	struct subprocess child;
	char text[64];

	(void)state;
	start_shell(&child, "cat; echo complaint >&2");
	assert_int_equal(write(child.in, "hello", 5), 5);
	subprocess_close_fd(&child.in);
	assert_int_equal(child.in, -1);
	read_to_end(child.out, text, sizeof(text));
	assert_string_equal(text, "hello");
	read_to_end(child.err, text, sizeof(text));
	assert_string_equal(text, "complaint\n");
	subprocess_kill(&child);
	assert_int_equal(child.pid, 0);
}

static void our_ends_never_block(void **state)
{
	static char block[1 << 16];
	struct subprocess child;
	size_t written = 0;
	ssize_t done;

	(void)state;
	start_shell(&child, "sleep 60");
	assert_int_equal(read(child.out, block, 1), -1);
	assert_int_equal(errno, EAGAIN);
	while ((done = write(child.in, block, sizeof(block))) > 0)
		written += (size_t)done;
	assert_int_equal(errno, EAGAIN);
	assert_true(written > 0);
	subprocess_kill(&child);
}

static void assert_refused(const char *program, const char *says)
{
	const char *const argv[] = {program, NULL};
	const struct subprocess_setup setup = subprocess_piped(argv);
	struct subprocess child;
	char text[64];

	assert_true(subprocess_start(&child, &setup, &why));
	assert_int_equal(read_to_end(child.out, text, sizeof(text)), 0);
	assert_true(subprocess_exec_failed(&child, program, &why));
	assert_non_null(strstr(why.text, program));
	assert_non_null(strstr(why.text, says));
	subprocess_kill(&child);
	assert_int_equal(child.pid, 0);
	assert_int_equal(child.in, -1);
	subprocess_kill(&child);
}

static void a_program_that_cannot_be_executed_is_reported(void **state)
{
	struct subprocess child;
	char text[64];

	(void)state;
	assert_refused("no-such-program-at-all", "No such file");
	assert_refused("/etc/passwd", "Permission denied");
	start_shell(&child, "exit 127");
	read_to_end(child.out, text, sizeof(text));
	assert_false(subprocess_exec_failed(&child, "sh", &why));
	subprocess_kill(&child);
}

static void killed_children_are_reaped(void **state)
{
	struct subprocess children[20];
	siginfo_t info;

	(void)state;
	for (int i = 0; i < 20; i++)
		start_shell(&children[i], "trap '' TERM; sleep 60");
	for (int i = 0; i < 20; i++)
		subprocess_kill(&children[i]);
	for (int i = 0; waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
		subprocess_reap_detached();
	}
	assert_int_equal(errno, ECHILD); /* each is reaped */
}

static void no_child_is_started_while_too_many_killed_ones_do_not_die(void **state)
{
	const char *const argv[] = {"sh", "-c", "sleep 60", NULL};
	const struct subprocess_setup setup = subprocess_piped(argv);
	struct subprocess child;
	int started = 0;

	(void)state;
	no_child_dies = true;
	while (started < 100 && subprocess_start(&child, &setup, &why)) {
		subprocess_kill(&child);
		started++;
	}
	no_child_dies = false;
	assert_false(waited);
	assert_int_in_range(started, 16, 99);
	assert_non_null(strstr(why.text, "were killed and do not die"));
	assert_int_equal(child.pid, 0);
	subprocess_kill(&child);
	for (int i = 0; !subprocess_start(&child, &setup, &why); i++) { /* once they are dead there is room again */
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
	subprocess_kill(&child);
	assert_false(waited);
}

static void how_it_ended_is_reported_once(void **state)
{
	static const struct {
		const char *script;
		enum subprocess_exit end;
		int exit_status;
	} cases[] = {
		{"exit 0", SUBPROCESS_SUCCEEDED, 0},
		{"exit 3", SUBPROCESS_FAILED, 3},
		{"kill -9 $$", SUBPROCESS_KILLED, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct subprocess child;
		enum subprocess_exit end;
		char text[64];

		start_shell(&child, cases[i].script);
		read_to_end(child.out, text, sizeof(text));
		while ((end = subprocess_reap(&child)) == SUBPROCESS_RUNNING)
			usleep(1000);
		assert_int_equal(end, cases[i].end);
		assert_int_equal(child.exit_status, cases[i].exit_status);
		assert_int_equal(subprocess_reap(&child), SUBPROCESS_RUNNING);
		subprocess_kill(&child);
	}
}

static void its_own_children_are_killed_with_it(void **state)
{
	struct subprocess child;
	char text[64];
	pid_t grandchild;

	(void)state;
	start_shell(&child, "sleep 300 & echo $!; wait");
	struct pollfd ready = {.fd = child.out, .events = POLLIN};
	assert_int_equal(poll(&ready, 1, 60000), 1);
	ssize_t got = read(child.out, text, sizeof(text) - 1);
	assert_true(got > 0);
	text[got] = '\0';
	grandchild = atoi(text);
	assert_true(grandchild > 0);
	assert_int_equal(getpgid(grandchild), child.pid); /* not our group, so Ctrl-C does not reach it */
	subprocess_kill(&child);
	for (int i = 0; kill(grandchild, 0) == 0; i++) {
		char path[64], line[128] = "";

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
		FILE *file = fopen(path, "r");
		bool dead = !file || !fgets(line, sizeof(line), file) || strstr(line, ") Z");
		if (file)
			fclose(file);
		if (dead)
			break; /* nobody has reaped it yet */
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
}

static void signals_that_we_block_or_ignore_are_default_in_it(void **state)
{
	struct subprocess child;
	sigset_t blocked;
	char text[64];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	start_shell(&child, "kill -TERM $$; echo survived");
	read_to_end(child.out, text, sizeof(text));
	assert_string_equal(text, "");
	subprocess_kill(&child);
	start_shell(&child, "kill -PIPE $$; echo survived");
	read_to_end(child.out, text, sizeof(text));
	assert_string_equal(text, "");
	subprocess_kill(&child);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

/* Not even one without close-on-exec. */
static void it_inherits_no_other_descriptor(void **state)
{
	struct subprocess child;
	char text[64];
	int ours[2] = {fcntl(STDERR_FILENO, F_DUPFD, 20), fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 20)};

	(void)state;
	assert_true(ours[0] >= 0 && ours[1] >= 0);
	start_shell(&child, "ls /proc/self/fd | tr '\\n' ' '");
	read_to_end(child.out, text, sizeof(text));
	assert_string_equal(text, "0 1 2 3 "); /* 3 belongs to ls */
	subprocess_kill(&child);
	close(ours[0]);
	close(ours[1]);
}

static void assert_echo(const struct subprocess *child)
{
	char byte;

	assert_int_equal(write(child->in, "x", 1), 1);
	assert_int_equal(poll(&(struct pollfd){.fd = child->out, .events = POLLIN}, 1, 60000), 1);
	assert_int_equal(read(child->out, &byte, 1), 1);
}

static void *start_one(void *context)
{
	start_shell(context, "exec cat");
	assert_echo(context);
	return NULL;
}

/* PR_SET_PDEATHSIG is sent when the thread that forked ends. */
static void one_that_a_thread_started_outlives_the_thread(void **state)
{
	struct subprocess child;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, start_one, &child), 0);
	pthread_join(thread, NULL);
	usleep(20000);
	assert_echo(&child);
	subprocess_kill(&child);
}

static void killing_no_child_is_safe(void **state)
{
	struct subprocess child = SUBPROCESS_NONE;

	(void)state;
	subprocess_kill(&child);
	subprocess_kill(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_its_input_and_writes_to_both_pipes),
		cmocka_unit_test(our_ends_never_block),
		cmocka_unit_test(a_program_that_cannot_be_executed_is_reported),
		cmocka_unit_test(killed_children_are_reaped),
		cmocka_unit_test(no_child_is_started_while_too_many_killed_ones_do_not_die),
		cmocka_unit_test(how_it_ended_is_reported_once),
		cmocka_unit_test(its_own_children_are_killed_with_it),
		cmocka_unit_test(signals_that_we_block_or_ignore_are_default_in_it),
		cmocka_unit_test(it_inherits_no_other_descriptor),
		cmocka_unit_test(one_that_a_thread_started_outlives_the_thread),
		cmocka_unit_test(killing_no_child_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
