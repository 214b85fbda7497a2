/* test_run.c - one run of a camera's program: its pictures, its messages and its end. */
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

#include "source/redact.h"
#include "source/run.h"

#define JPEG "\\377\\330\\377\\332\\000\\002x\\377\\331" /* for printf(1) */

static char folder[] = "/tmp/test-run-XXXXXX", program[64], password[64];
static struct loop *loop;
static struct source_run run;
static struct config config;
static unsigned pictures;
static mono_t last;
static char why[320];

static void picture(void *context, const uint8_t *jpeg, size_t bytes, mono_t arrived)
{
	(void)context;
	pictures++;
	assert_int_equal(bytes, 9);
	assert_memory_equal(jpeg, "\xff\xd8\xff\xda\0\2x\xff\xd9", 9);
	assert_true(arrived.us > last.us);
	last = arrived;
}

static void ended(void *context, const char *text)
{
	(void)context;
	snprintf(why, sizeof(why), "%s", text);
	loop_stop(loop);
}

static int begin(void **state)
{
	(void)state;
	loop = loop_create();
	if (!loop || !mkdtemp(folder))
		return -1;
	snprintf(program, sizeof(program), "%s/program", folder);
	snprintf(password, sizeof(password), "%s/password", folder);
	snprintf(config.camera.name, sizeof(config.camera.name), "front");
	config.camera.width = 640;
	config.camera.height = 480;
	config.camera.fps = 15;
	return 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	unlink(path);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static bool start(const char *arguments, struct reason *wrong)
{
	snprintf(config.camera.device, sizeof(config.camera.device), "command:%s %s", program, arguments);
	pictures = 0;
	why[0] = '\0';
	run = (struct source_run){.loop = loop, .picture = picture, .ended = ended, .child = SUBPROCESS_NONE};
	return source_run_start(&run, &config, wrong);
}

/* Runs a script until it ends. */
static void run_text(const char *text)
{
	struct reason wrong = {""};

	write_file(program, text, 0755);
	if (!start("first 'second part'", &wrong))
		fail_msg("%s", wrong.text);
	loop_run(loop);
	assert_false(source_run_is_running(&run));
}

static void its_pictures_come_in_order_also_those_before_its_end(void **state)
{
	(void)state;
	run_text("#!/bin/sh\nprintf '" JPEG JPEG "'\nsleep 0.1\nprintf 'x--x\\r\\n\\r\\n" JPEG "'\nexit 3\n");
	assert_int_equal(pictures, 3);
	assert_string_equal(why, "exit status 3");
}

static void it_gets_its_words_and_an_environment_of_its_own(void **state)
{
	(void)state;
	setenv("SECRET", "x", 1);
	run_text("#!/bin/sh\n"
		 "echo \"$#,$1,$2,$3,$RECORDER_CAMERA,$RECORDER_WIDTH,$RECORDER_HEIGHT,$RECORDER_FPS,$SECRET,$(pwd)\" "
		 ">&2\n");
	assert_string_equal(why, "exit status 0: 3,first,'second,part',front,640,480,15,,/");
}

static void its_last_message_tells_why_it_ended_without_a_password(void **state)
{
	(void)state;
	run_text("#!/bin/sh\necho one >&2\necho 'rtsp://viewer:sec@ret@cam/1: 401 Unauthorized' >&2\nkill -TERM $$\n");
	assert_string_equal(why, "ended by signal 15 (Terminated): rtsp://..............@cam/1: 401 Unauthorized");
	run_text("#!/bin/sh\necho '[tcp @ 0x55d1] [in#0 @ 0x2a] Connection refused' >&2\nexit 1\n");
	assert_string_equal(why, "exit status 1: Connection refused");
}

static void what_is_no_picture_ends_it(void **state)
{
	(void)state;
	run_text("#!/bin/sh\nexec yes\n");
	assert_string_equal(why, "it writes what is neither MJPEG nor multipart/x-mixed-replace");
}

static void its_children_end_with_it(void **state)
{
	char path[96];
	int pid = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/child", folder);
	setenv("HOME", folder, 1);
	run_text("#!/bin/sh\nsleep 1000 & echo $! >$HOME/child\n");
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (char status = 'S'; status != 'Z';) { /* its new parent may leave it a zombie */
		file = fopen(path, "r");
		if (!file)
			break;
		if (fscanf(file, "%*d %*s %c", &status) != 1)
			status = 'Z';
		fclose(file);
		usleep(1000);
	}
}

static void its_standard_input_is_the_password_file(void **state)
{
	(void)state;
	snprintf(config.camera.password_file, sizeof(config.camera.password_file), "%s", password);
	write_file(password, "ffconcat version 1.0\nfile x\n", 0400);
	run_text("#!/bin/sh\ncat >&2\n");
	assert_string_equal(why, "exit status 0: file x");
	config.camera.password_file[0] = '\0';
	run_text("#!/bin/sh\nread -r line || echo nothing >&2\n");
	assert_string_equal(why, "exit status 0: nothing");
}

static void a_password_that_others_can_read_is_refused(void **state)
{
	struct reason wrong;

	(void)state;
	snprintf(config.camera.password_file, sizeof(config.camera.password_file), "%s", password);
	write_file(password, "x\n", 0440);
	assert_false(start("", &wrong));
	assert_non_null(strstr(wrong.text, "can be used by others; chmod 400 it"));
	unlink(password);
	assert_false(start("", &wrong));
	assert_non_null(strstr(wrong.text, "cannot open camera.password_file"));
	config.camera.password_file[0] = '\0';
}

static void a_program_that_others_can_replace_is_refused(void **state)
{
	struct reason wrong;

	(void)state;
	write_file(program, "#!/bin/sh\n", 0777);
	assert_false(start("", &wrong));
	assert_non_null(strstr(wrong.text, "group or others may write to it"));
	assert_false(source_run_is_running(&run));
}

static void users_and_passwords_leave_urls(void **state)
{
	static const char *const texts[][2] = {
		{"no url @ all", "no url @ all"},
		{"http://cam/a", "http://cam/a"},
		{"'rtsp://u:p@cam/a' and rtsp://v:q@cam", "'rtsp://...@cam/a' and rtsp://...@cam"},
		{"http://@cam", "http://@cam"},
		{"x://", "x://"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s", texts[i][0]);
		redact_urls(text);
		assert_string_equal(text, texts[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_pictures_come_in_order_also_those_before_its_end),
		cmocka_unit_test(it_gets_its_words_and_an_environment_of_its_own),
		cmocka_unit_test(its_last_message_tells_why_it_ended_without_a_password),
		cmocka_unit_test(what_is_no_picture_ends_it),
		cmocka_unit_test(its_children_end_with_it),
		cmocka_unit_test(its_standard_input_is_the_password_file),
		cmocka_unit_test(a_password_that_others_can_read_is_refused),
		cmocka_unit_test(a_program_that_others_can_replace_is_refused),
		cmocka_unit_test(users_and_passwords_leave_urls),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
