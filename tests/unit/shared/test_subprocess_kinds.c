/* test_subprocess_kinds.c - children with other descriptors or a prepare function, functions, detached children. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/in_range.h"
#include "tests/unit/support/subprocess_cases.h"

static struct reason why;

/* Its ends then get the numbers 0 to 2, and none of them may be lost when they are renumbered. */
static void it_starts_even_if_our_standard_descriptors_are_closed(void **state)
{
	struct subprocess child;
	int kept[3];
	char out[64], err[64];

	(void)state;
	for (int i = 0; i < 3; i++) {
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	const char *const argv[] = {"sh", "-c", "cat; echo complaint >&2", NULL};
	const struct subprocess_setup setup = subprocess_piped(argv);
	bool started = subprocess_start(&child, &setup, &why);
	bool fed = started && write(child.in, "hello", 5) == 5;
	if (started) {
		subprocess_close_fd(&child.in);
		read_to_end(child.out, out, sizeof(out));
		read_to_end(child.err, err, sizeof(err));
		subprocess_kill(&child);
	}
	for (int i = 0; i < 3; i++) {
		if (kept[i] >= 0)
			dup2(kept[i], i);
		close(kept[i]);
	}
	assert_true(fed);
	assert_string_equal(out, "hello");
	assert_string_equal(err, "complaint\n");
}

static void it_can_inherit_descriptors(void **state)
{
	const char *const argv[] = {"sh", "-c", "cat", NULL};
	struct subprocess child;
	char text[64];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct subprocess_setup setup = {
		.argv = argv, .in = SUBPROCESS_PIPE, .out = ends[1], .err = SUBPROCESS_INHERIT};
	assert_true(subprocess_start(&child, &setup, &why));
	close(ends[1]);
	assert_int_equal(child.out, -1);
	assert_int_equal(child.err, -1);
	assert_int_equal(write(child.in, "hello", 5), 5);
	assert_int_equal(subprocess_wait(&child), SUBPROCESS_SUCCEEDED);
	read_to_end(ends[0], text, sizeof(text));
	assert_string_equal(text, "hello");
	close(ends[0]);
}

static bool use_other_name(void *context)
{
	return chdir(context) == 0;
}

static void prepare_runs_only_in_the_child(void **state)
{
	const char *const argv[] = {"pwd", NULL};
	struct subprocess_setup setup = subprocess_piped(argv);
	struct subprocess child;
	char text[64], before[4096], after[4096];

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	setup.prepare = use_other_name;
	setup.context = "/proc/sys/kernel";
	assert_true(subprocess_start(&child, &setup, &why));
	read_to_end(child.out, text, sizeof(text));
	assert_string_equal(text, "/proc/sys/kernel\n");
	assert_false(subprocess_exec_failed(&child, "pwd", &why));
	subprocess_kill(&child);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
}

static void a_program_whose_prepare_fails_is_not_executed(void **state)
{
	const char *const argv[] = {"pwd", NULL};
	struct subprocess_setup setup = subprocess_piped(argv);
	struct subprocess child;
	char text[64];

	(void)state;
	setup.prepare = use_other_name;
	setup.context = "/no/such/folder";
	assert_true(subprocess_start(&child, &setup, &why));
	assert_int_equal(read_to_end(child.out, text, sizeof(text)), 0);
	assert_true(subprocess_exec_failed(&child, "pwd", &why));
	assert_non_null(strstr(why.text, "No such file"));
	subprocess_kill(&child);
}

/* In a forked copy: what it sees, that it can start programs, and that it has none of our children to reap. */
static int number;

static int count_up(void *context)
{
	static const char *const argv[] = {"true", NULL};
	const struct subprocess_setup setup = {
		.argv = argv, .in = SUBPROCESS_INHERIT, .out = SUBPROCESS_INHERIT, .err = SUBPROCESS_INHERIT};
	struct subprocess children[SUBPROCESS_MAX];

	number += *(int *)context;
	for (int i = 0; i < SUBPROCESS_MAX; i++)
		if (!subprocess_start(&children[i], &setup, &why))
			return 1;
	for (int i = 0; i < SUBPROCESS_MAX; i++)
		if (subprocess_wait(&children[i]) != SUBPROCESS_SUCCEEDED)
			return 1;
	return number;
}

static void a_function_runs_in_a_copy_of_this_process(void **state)
{
	int more = 40;
	const struct subprocess_setup setup = {
		.run = count_up, .context = &more, .leads_group = true, .has_exit_fd = true};
	struct subprocess child, other;

	(void)state;
	number = 2;
	start_shell(&other, "sleep 60");
	assert_true(subprocess_start(&child, &setup, &why));
	assert_int_equal(child.in, -1);
	assert_int_equal(poll(&(struct pollfd){.fd = child.exit_fd, .events = POLLIN}, 1, 60000), 1);
	assert_int_equal(subprocess_reap(&child), SUBPROCESS_FAILED);
	assert_int_equal(child.exit_status, 42);
	assert_int_equal(number, 2);
	subprocess_kill(&child);
	assert_int_equal(child.exit_fd, -1);
	assert_int_equal(subprocess_reap(&other), SUBPROCESS_RUNNING);
	subprocess_kill(&other);
}

static void a_detached_child_ends_by_itself_and_is_reaped(void **state)
{
	const char *const argv[] = {"cat", NULL};
	struct subprocess child;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct subprocess_setup setup = {
		.argv = argv, .in = ends[0], .out = SUBPROCESS_INHERIT, .err = SUBPROCESS_INHERIT};
	assert_true(subprocess_start(&child, &setup, &why));
	close(ends[0]);
	for (int i = 0; subprocess_unreaped() > 0; i++) { /* of earlier cases */
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
		subprocess_reap_detached();
	}
	pid_t pid = child.pid;
	subprocess_detach(&child);
	assert_int_equal(child.pid, 0);
	assert_int_equal(subprocess_unreaped(), 1);
	assert_int_equal(kill(pid, 0), 0);
	close(ends[1]);
	for (int i = 0; subprocess_unreaped() > 0; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
		subprocess_reap_detached();
	}
	assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_even_if_our_standard_descriptors_are_closed),
		cmocka_unit_test(it_can_inherit_descriptors),
		cmocka_unit_test(prepare_runs_only_in_the_child),
		cmocka_unit_test(a_program_whose_prepare_fails_is_not_executed),
		cmocka_unit_test(a_function_runs_in_a_copy_of_this_process),
		cmocka_unit_test(a_detached_child_ends_by_itself_and_is_reaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
