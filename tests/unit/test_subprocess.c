/* test_child.c - a program over three pipes: what it gets, what it says, how it ends. */
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

#include "recorderd/child.h"
#include "tests/unit/in_range.h"

static struct reason why;
static bool nobody_dies, waited; /* as a kernel has it whose disk or driver hangs */

pid_t waitpid(pid_t pid, int *status, int options)
{
	if (!(options & WNOHANG))
		waited = true;
	if (nobody_dies && (options & WNOHANG))
		return 0;
	return (pid_t)syscall(SYS_wait4, pid, status, options, NULL);
}

/* Everything up to the end of that pipe. */
static size_t read_all(int fd, char *out, size_t bytes)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, out + have, bytes - 1 - have);

		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
		else
			assert_int_equal(poll(&ready, 1, 60000), 1);
	}
	out[have] = '\0';
	return have;
}

static void shell(struct child *child, const char *script)
{
	if (!child_start(child, (const char *const[]){"sh", "-c", script, NULL}, &why))
		fail_msg("%s", why.text);
}

static void it_reads_its_input_and_answers_on_both_pipes(void **state)
{
	struct child child;
	char text[64];

	(void)state;
	shell(&child, "cat; echo complaint >&2");
	assert_int_equal(write(child.in, "hello", 5), 5);
	child_close(&child.in);
	assert_int_equal(child.in, -1);
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, "hello");
	read_all(child.err, text, sizeof text);
	assert_string_equal(text, "complaint\n");
	child_end(&child);
	assert_int_equal(child.pid, 0);
}

static void our_ends_never_block(void **state)
{
	static char block[1 << 16];
	struct child child;
	size_t written = 0;
	ssize_t done;

	(void)state;
	shell(&child, "sleep 60");
	assert_int_equal(read(child.out, block, 1), -1);
	assert_int_equal(errno, EAGAIN);
	while ((done = write(child.in, block, sizeof block)) > 0)
		written += (size_t)done;
	assert_int_equal(errno, EAGAIN);
	assert_true(written > 0);
	child_end(&child);
}

static void assert_refused(const char *program, const char *says)
{
	struct child child;
	char text[64];

	assert_true(child_start(&child, (const char *const[]){program, NULL}, &why));
	assert_int_equal(read_all(child.out, text, sizeof text), 0);
	assert_true(child_was_refused(&child, program, &why));
	assert_non_null(strstr(why.text, program));
	assert_non_null(strstr(why.text, says));
	child_end(&child);
	assert_int_equal(child.pid, 0);
	assert_int_equal(child.in, -1);
	child_end(&child);
}

static void a_program_that_cannot_be_run_is_a_sentence(void **state)
{
	struct child child;
	char text[64];

	(void)state;
	assert_refused("no-such-program-at-all", "No such file");
	assert_refused("/etc/passwd", "Permission denied");
	shell(&child, "exit 127");
	read_all(child.out, text, sizeof text);
	assert_false(child_was_refused(&child, "sh", &why));
	child_end(&child);
}

static void those_that_were_ended_are_reaped(void **state)
{
	struct child children[20];
	siginfo_t info;

	(void)state;
	for (int i = 0; i < 20; i++)
		shell(&children[i], "trap '' TERM; sleep 60");
	for (int i = 0; i < 20; i++)
		child_end(&children[i]);
	for (int i = 0; waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
		child_sweep();
	}
	assert_int_equal(errno, ECHILD); /* each is reaped */
}

static void no_more_are_started_while_many_that_were_killed_do_not_die(void **state)
{
	const char *const argv[] = {"sh", "-c", "sleep 60", NULL};
	struct child child;
	int started = 0;

	(void)state;
	nobody_dies = true;
	while (started < 100 && child_start(&child, argv, &why)) {
		child_end(&child);
		started++;
	}
	nobody_dies = false;
	assert_false(waited);
	assert_int_in_range(started, 16, 99);
	assert_non_null(strstr(why.text, "were killed and do not die"));
	assert_int_equal(child.pid, 0);
	child_end(&child);
	for (int i = 0; !child_start(&child, argv, &why); i++) { /* when they are dead there is room again */
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
	child_end(&child);
	assert_false(waited);
}

static void how_it_ended_is_told_once(void **state)
{
	static const struct {
		const char *script, *text;
		enum child_end end;
	} cases[] = {
		{"exit 0", "exit status 0", CHILD_ENDED_WELL},
		{"exit 3", "exit status 3", CHILD_FAILED},
		{"kill -9 $$", "signal 9", CHILD_KILLED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct child child;
		enum child_end end;
		char text[64];

		shell(&child, cases[i].script);
		read_all(child.out, text, sizeof text);
		while ((end = child_reap(&child, text, sizeof text)) == CHILD_RUNS)
			usleep(1000);
		assert_int_equal(end, cases[i].end);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(child_reap(&child, text, sizeof text), CHILD_RUNS);
		child_end(&child);
	}
}

static void what_it_started_itself_ends_with_it(void **state)
{
	struct child child;
	char text[64];
	pid_t grandchild;

	(void)state;
	shell(&child, "sleep 300 & echo $!; wait");
	struct pollfd ready = {.fd = child.out, .events = POLLIN};
	assert_int_equal(poll(&ready, 1, 60000), 1);
	ssize_t got = read(child.out, text, sizeof text - 1);
	assert_true(got > 0);
	text[got] = '\0';
	grandchild = atoi(text);
	assert_true(grandchild > 0);
	assert_int_equal(getpgid(grandchild), child.pid); /* not ours: a Ctrl-C does not reach it */
	child_end(&child);
	for (int i = 0; kill(grandchild, 0) == 0; i++) {
		char path[64], line[128] = "";

		snprintf(path, sizeof path, "/proc/%d/stat", (int)grandchild);
		FILE *file = fopen(path, "r");
		bool dead = !file || !fgets(line, sizeof line, file) || strstr(line, ") Z");
		if (file)
			fclose(file);
		if (dead)
			break; /* nobody has reaped it yet */
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
}

static void signals_that_we_block_or_ignore_are_as_usual_for_it(void **state)
{
	struct child child;
	sigset_t blocked;
	char text[64];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	shell(&child, "kill -TERM $$; echo survived");
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, "");
	child_end(&child);
	shell(&child, "kill -PIPE $$; echo survived");
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, "");
	child_end(&child);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void no_descriptor_of_ours_is_open_in_it(void **state)
{
	static const char count[] = "ls /proc/self/fd | wc -l";
	char text[64], plain[64] = "";
	struct child child;
	FILE *pipe = popen(count, "r"); /* what every program of ours has: what we were started with */
	int ours;

	(void)state;
	assert_non_null(fgets(plain, sizeof plain, pipe));
	pclose(pipe);
	ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
	shell(&child, count);
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, plain);
	child_end(&child);
	close(ours);
}

static void *start_one(void *context)
{
	shell(context, "sleep 60");
	return NULL;
}

/* PR_SET_PDEATHSIG comes when the thread that forked ends. */
static void one_that_a_thread_started_outlives_the_thread(void **state)
{
	struct child child;
	pthread_t thread;
	char text[64];

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, start_one, &child), 0);
	pthread_join(thread, NULL);
	usleep(20000);
	assert_int_equal(child_reap(&child, text, sizeof text), CHILD_RUNS);
	child_end(&child);
}

static void ending_none_is_safe(void **state)
{
	struct child child = CHILD_NONE;

	(void)state;
	child_end(&child);
	child_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_its_input_and_answers_on_both_pipes),
		cmocka_unit_test(our_ends_never_block),
		cmocka_unit_test(a_program_that_cannot_be_run_is_a_sentence),
		cmocka_unit_test(those_that_were_ended_are_reaped),
		cmocka_unit_test(no_more_are_started_while_many_that_were_killed_do_not_die),
		cmocka_unit_test(how_it_ended_is_told_once),
		cmocka_unit_test(what_it_started_itself_ends_with_it),
		cmocka_unit_test(signals_that_we_block_or_ignore_are_as_usual_for_it),
		cmocka_unit_test(no_descriptor_of_ours_is_open_in_it),
		cmocka_unit_test(one_that_a_thread_started_outlives_the_thread),
		cmocka_unit_test(ending_none_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
