/* test_log.c - log lines on stderr, which is a pipe while a case logs. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/log.h"
#include "tests/unit/support/in_range.h"

#define HANG_S 300 /* a case that hangs ends the program */

static int saved_stderr, read_end;
static char text[1 << 21];
static size_t length;

static void redirect(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	read_end = ends[0];
	length = 0;
}

/* Reads what is available, and waits for at least one byte. Returns false at the end. */
static bool read_some(void)
{
	ssize_t got = read(read_end, text + length, sizeof(text) - 1 - length);

	if (got > 0)
		length += (size_t)got;
	text[length] = '\0';
	return got > 0;
}

/* Restores stderr and reads the rest. */
static void restore(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	while (read_some())
		;
	close(read_end);
}

static bool matches(const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool matched = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matched;
}

static void a_line_has_time_level_area_and_text(void **state)
{
	(void)state;
	redirect();
	log_info("capture", "%dx%d MJPG at %d fps", 1280, 720, 60);
	log_error("disk", "full");
	restore();
	assert_true(matches("^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} info  capture: "
			    "1280x720 MJPG at 60 fps\n"));
	assert_true(matches("\n[-0-9 :.]{23} error disk: full\n$"));
}

static void lines_above_the_level_are_not_written(void **state)
{
	(void)state;
	redirect();
	log_debug("x", "one");
	log_set_level(LOG_WARN);
	log_info("x", "two");
	log_warn("x", "three");
	log_set_level(LOG_DEBUG);
	log_debug("x", "four");
	log_set_level(LOG_INFO);
	restore();
	assert_null(strstr(text, "one"));
	assert_null(strstr(text, "two"));
	assert_non_null(strstr(text, "three"));
	assert_non_null(strstr(text, "four"));
}

static void a_line_names_its_level(void **state)
{
	static const char *const names[] = {" error x: ", " warn  x: ", " info  x: ", " debug x: "};

	(void)state;
	log_set_level(LOG_DEBUG);
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		redirect();
		log_line((enum log_level)level, "x", "text");
		restore();
		assert_non_null(strstr(text, names[level]));
	}
	log_set_level(LOG_INFO);
}

static void control_bytes_become_question_marks_and_letters_are_kept(void **state)
{
	(void)state;
	redirect();
	log_info("x", "%s",
		 "a\nb\x1b[2Jc\x7f"
		 "d\xc2\x9b"
		 "e\r\tf\xc3\xa4g\xe2\x82\xac");
	restore();
	assert_non_null(strstr(text, "x: a?b?[2Jc?d??e??f\xc3\xa4g\xe2\x82\xac\n"));
}

static void a_long_text_is_cut_and_still_one_line(void **state)
{
	char longer[5000];

	(void)state;
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	redirect();
	log_info("x", "%s", longer);
	log_info("x", "next");
	restore();
	char *end = strchr(text, '\n');
	assert_non_null(end);
	assert_int_in_range(end - text, 900, 1100);
	assert_true(matches("y\n[-0-9 :.]{23} info  x: next\n$"));
}

static void errno_is_kept(void **state)
{
	(void)state;
	redirect();
	close(read_end);
	read_end = open("/dev/null", O_RDONLY | O_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	errno = ENOSPC;
	log_info("x", "into a closed pipe");
	int error = errno;
	restore();
	assert_int_equal(error, ENOSPC);
}

#define THREADS 4
#define LINES   50

static void *log_lines(void *number)
{
	for (int i = 0; i < LINES; i++)
		log_info("thread", "%d-%d.", (int)(intptr_t)number, i);
	return NULL;
}

static void queued_lines_of_all_threads_are_complete_and_in_order(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	redirect();
	assert_true(log_start());
	assert_true(log_start());
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_lines, (void *)(intptr_t)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int lines = 0; lines < THREADS * LINES;) {
		size_t before = length;
		assert_true(read_some());
		for (; before < length; before++)
			lines += text[before] == '\n';
	}
	log_stop();
	log_stop();
	restore();
	for (int i = 0; i < THREADS; i++) {
		const char *last = text;
		for (int line = 0; line < LINES; line++) {
			char wanted[32];
			snprintf(wanted, sizeof(wanted), "thread: %d-%d.\n", i, line);
			last = strstr(last, wanted);
			assert_non_null(last);
		}
	}
}

static void stopping_writes_the_queue_and_later_lines_are_written_at_once(void **state)
{
	(void)state;
	redirect();
	for (int round = 0; round < 3; round++) {
		assert_true(log_start());
		log_info("x", "queued %d", round);
		log_stop();
		log_info("x", "direct %d", round);
	}
	restore();
	assert_true(matches("queued 0\n.*direct 0\n.*queued 1\n.*direct 1\n.*queued 2\n.*direct 2\n$"));
}

/* Counts the lines that are there and those that the log reports as dropped. */
static unsigned count_lines(void)
{
	unsigned lines = 0;

	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		unsigned missing = 0;
		char *notice = strstr(line, "log: ");
		if (notice && notice < end && sscanf(notice, "log: %u lines dropped", &missing) == 1)
			lines += missing;
		else
			lines++;
	}
	return lines;
}

static void a_stderr_that_nobody_reads_blocks_nobody_and_dropped_lines_are_counted(void **state)
{
	(void)state;
	redirect();
	assert_true(log_start());
	for (int i = 0; i < 5000; i++)
		log_info("flood", "line %d of many, long enough to fill the pipe and then the queue after it", i);
	for (int i = 0; i < 5000; i++) {
		log_info("flood", "line %d, while somebody reads at times", i);
		if (i % 100 == 0)
			assert_true(read_some());
	}
	while (count_lines() < 10000 && read_some())
		;
	log_stop();
	restore();
	assert_int_equal(count_lines(), 10000);
	assert_true(matches("warn  log: [0-9]+ lines dropped here"));
}

static void stopping_ends_even_if_nobody_reads(void **state)
{
	int status;

	(void)state;
	redirect();
	pid_t child = fork();
	if (child == 0) {
		alarm(HANG_S);
		bool started = log_start();
		for (int i = 0; i < 5000; i++)
			log_info("flood", "line %d of many, long enough to fill the pipe and then the queue after it",
				 i);
		log_stop();
		log_error("flood", "a line after the end");
		_exit(started ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	restore();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void without_a_queue_a_line_that_nobody_reads_is_dropped(void **state)
{
	char page[4096] = {0};

	(void)state;
	redirect();
	alarm(HANG_S);
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	while (write(STDERR_FILENO, page, sizeof(page)) > 0)
		;
	fcntl(STDERR_FILENO, F_SETFL, 0);
	log_warn("api", "nobody reads this");
	alarm(0);
	restore();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_level_area_and_text),
		cmocka_unit_test(lines_above_the_level_are_not_written),
		cmocka_unit_test(a_line_names_its_level),
		cmocka_unit_test(control_bytes_become_question_marks_and_letters_are_kept),
		cmocka_unit_test(a_long_text_is_cut_and_still_one_line),
		cmocka_unit_test(errno_is_kept),
		cmocka_unit_test(queued_lines_of_all_threads_are_complete_and_in_order),
		cmocka_unit_test(stopping_writes_the_queue_and_later_lines_are_written_at_once),
		cmocka_unit_test(a_stderr_that_nobody_reads_blocks_nobody_and_dropped_lines_are_counted),
		cmocka_unit_test(stopping_ends_even_if_nobody_reads),
		cmocka_unit_test(without_a_queue_a_line_that_nobody_reads_is_dropped),
	};

	alarm(HANG_S);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
