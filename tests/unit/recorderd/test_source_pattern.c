/* test_source_pattern.c - the test picture that this machine's FFmpeg draws, and the stream that carries it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/source/mpjpeg.h"
#include "recorderd/source/source_pattern.h"
#include "shared/base/log.h"
#include "shared/event/subprocess.h"
#include "tests/unit/support/in_range.h"
#include "tests/unit/support/received_frames.h"

static const struct config config = {.camera = {.width = 320, .height = 180, .fps = 30}, .record = {.sandbox = true}};

static enum source_outcome read_frames(struct source *source, unsigned frames, struct reason *why)
{
	enum source_outcome outcome = SOURCE_OK;

	while (outcome == SOURCE_OK && heard.frames < frames) {
		struct pollfd state = {.fd = source_fd(source), .events = POLLIN};
		assert_int_equal(poll(&state, 1, 60000), 1);
		outcome = source_read(source, &receiving_sink, why);
	}
	return outcome;
}

static int set_up(void **state)
{
	(void)state;
	memset(&heard, 0, sizeof(heard));
	return 0;
}

static void *open_in_thread(void *out)
{
	struct reason why;

	assert_int_equal(source_pattern_open(&config, out, &why), SOURCE_OPENED);
	return NULL;
}

static void expect_no_child(void)
{
	siginfo_t info;

	subprocess_reap_detached();
	for (int i = 0; waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
		subprocess_reap_detached();
	}
	assert_int_equal(errno, ECHILD);
}

static void pictures_keep_coming_after_the_opening_thread_exits(void **state)
{
	struct source *source;
	struct reason why;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, open_in_thread, &source), 0);
	pthread_join(thread, NULL);
	assert_int_equal(read_frames(source, 20, &why), SOURCE_OK);
	assert_int_equal(heard.width, 320);
	assert_int_equal(heard.height, 180);
	assert_int_equal(heard.damaged + heard.lost, 0);
	assert_int_equal(source->info.kind, SOURCE_TEST);
	assert_string_equal(source->info.device, "test");
	assert_int_equal(source->info.fps_milli, 30000);
	source_close(source);
	expect_no_child();
}

/* Creates a script named ffmpeg in a new folder, which becomes the first in PATH. */
static void install_ffmpeg(const char *script, char folder[32], char **path_before)
{
	char file[64], path[4096];
	int fd;

	snprintf(folder, 32, "/tmp/test_picture.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/ffmpeg", folder);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(write(fd, script, strlen(script)) == (ssize_t)strlen(script));
	close(fd);
	*path_before = strdup(getenv("PATH"));
	snprintf(path, sizeof(path), "%s:%s", folder, *path_before);
	setenv("PATH", path, 1);
}

static void remove_ffmpeg(const char *folder, char *path_before)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/ffmpeg", folder);
	unlink(file);
	rmdir(folder);
	setenv("PATH", path_before, 1);
	free(path_before);
}

static void an_ffmpeg_that_cannot_draw_text_gives_a_picture_without_text(void **state)
{
	char folder[32], *before;
	struct source *source;
	struct reason why;

	(void)state;
	install_ffmpeg("#!/bin/sh\ncase \"$*\" in *drawtext*) echo \"No such filter: 'drawtext'\" >&2; exit 1;; esac\n"
		       "PATH=${PATH#*:} exec ffmpeg \"$@\"\n",
		       folder, &before);
	assert_int_equal(source_pattern_open(&config, &source, &why), SOURCE_OPENED);
	assert_int_equal(read_frames(source, 3, &why), SOURCE_OK);
	source_close(source);
	remove_ffmpeg(folder, before);
	expect_no_child();
}

static void the_error_message_of_ffmpeg_is_the_reason(void **state)
{
	char folder[32], *before;
	struct source *source;
	struct reason why;

	(void)state;
	install_ffmpeg("#!/bin/sh\necho 'Unknown encoder: the sky is green' >&2\nexit 1\n", folder, &before);
	assert_int_equal(source_pattern_open(&config, &source, &why), SOURCE_OPEN_FAILED);
	assert_null(source);
	assert_non_null(strstr(why.text, "the sky is green"));
	remove_ffmpeg(folder, before);
	expect_no_child();
}

static void an_ffmpeg_that_does_not_send_pictures_is_refused(void **state)
{
	char folder[32], *before;
	struct source *source;
	struct reason why;

	(void)state;
	install_ffmpeg("#!/bin/sh\nexec yes\n", folder, &before);
	assert_int_equal(source_pattern_open(&config, &source, &why), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "not a stream of JPEGs"));
	remove_ffmpeg(folder, before);
	expect_no_child();
}

static void an_ffmpeg_that_exits_is_a_failure_after_its_last_picture(void **state)
{
	char folder[32], *before;
	struct source *source;
	struct reason why;

	(void)state;
	install_ffmpeg(
		"#!/bin/sh\nPATH=${PATH#*:} exec ffmpeg -loglevel error -f lavfi -i testsrc2=size=320x180 -frames:v 3 "
		"-c:v mjpeg -f mpjpeg pipe:1\n",
		folder, &before);
	assert_int_equal(source_pattern_open(&config, &source, &why), SOURCE_OPENED);
	assert_int_equal(poll(NULL, 0, 300), 0); /* by now the end of the stream is in the pipe, too */
	assert_int_equal(read_frames(source, 100, &why), SOURCE_FAILED);
	assert_int_equal(heard.frames, 3);
	source_close(source);
	remove_ffmpeg(folder, before);
	expect_no_child();
}

#define HEAD "--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: 5\r\n\r\n"

static void parts_are_found_wherever_a_read_ends(void **state)
{
	static const char stream[] = HEAD "first\r\n" HEAD "other\r\n--ffmpeg\r\n";
	struct mpjpeg_part part;
	const size_t first = strlen(HEAD "first"), all = sizeof(stream) - 1;

	(void)state;
	for (size_t length = 0; length <= all; length++) {
		uint8_t *exact = malloc(length ? length : 1); /* AddressSanitizer detects reads past the end */
		enum mpjpeg_outcome outcome;
		memcpy(exact, stream, length);
		outcome = mpjpeg_next(exact, length, &part);
		assert_int_equal(outcome, length < first ? MPJPEG_MORE : MPJPEG_PART);
		if (outcome == MPJPEG_PART)
			assert_memory_equal(part.body, "first", part.length);
		free(exact);
	}
	assert_int_equal(part.used, first);
	assert_int_equal(mpjpeg_next((const uint8_t *)stream + first, all - first, &part), MPJPEG_PART);
	assert_memory_equal(part.body, "other", 5);
	assert_int_equal(mpjpeg_next(part.body + 5, strlen("\r\n--ffmpeg\r\n"), &part), MPJPEG_MORE);
}

static enum mpjpeg_outcome outcome_of(const char *head)
{
	struct mpjpeg_part part;

	return mpjpeg_next((const uint8_t *)head, strlen(head), &part);
}

static void an_invalid_length_ends_the_stream(void **state)
{
	static uint8_t endless[MPJPEG_HEAD_MAX];
	struct mpjpeg_part part;

	(void)state;
	assert_int_equal(outcome_of("--ffmpeg\r\nContent-length: 0\r\n\r\n"), MPJPEG_BAD);
	assert_int_equal(outcome_of("--ffmpeg\r\nContent-length: -1\r\n\r\n"), MPJPEG_BAD);
	assert_int_equal(outcome_of("--ffmpeg\r\nContent-length: 12x\r\n\r\n"), MPJPEG_BAD);
	assert_int_equal(outcome_of("--ffmpeg\r\nContent-length: 99999999\r\n\r\n"), MPJPEG_BAD);
	assert_int_equal(outcome_of("--ffmpeg\r\nContent-length: 18446744073709551621\r\n\r\n"), MPJPEG_BAD);
	assert_int_equal(outcome_of("--ffmpeg\r\nContent-length:\r\n\r\n"), MPJPEG_BAD);
	assert_int_equal(outcome_of("--ffmpeg\r\n\r\nbody"), MPJPEG_BAD);
	memset(endless, 'x', sizeof(endless));
	assert_int_equal(mpjpeg_next(endless, sizeof(endless), &part), MPJPEG_BAD);
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pictures_keep_coming_after_the_opening_thread_exits),
		CASE(an_ffmpeg_that_cannot_draw_text_gives_a_picture_without_text),
		CASE(the_error_message_of_ffmpeg_is_the_reason),
		CASE(an_ffmpeg_that_does_not_send_pictures_is_refused),
		CASE(an_ffmpeg_that_exits_is_a_failure_after_its_last_picture),
		CASE(parts_are_found_wherever_a_read_ends),
		CASE(an_invalid_length_ends_the_stream),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
