/* test_config_edit.c - what the set-up writes into recorder.ini: comments stay, and a broken choice changes nothing. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/setup/config_edit.h"
#include "recorderd/setup/config_replace.h"

static struct reason why;

static struct config_edit edit_of(const char *section, const char *key, const char *value)
{
	struct config_edit edit = {.section = section};

	snprintf(edit.key, sizeof(edit.key), "%s", key);
	snprintf(edit.value, sizeof(edit.value), "%s", value);
	return edit;
}

static void assert_edited(const char *before, const char *key, const char *value, const char *after)
{
	const struct config_edit edit = edit_of("camera", key, value);
	struct buffer out = {0};

	assert_true(config_edit_text(before, strlen(before), &edit, 1, &out, &why));
	buffer_u8(&out, '\0');
	assert_string_equal((const char *)out.data, after);
	buffer_free(&out);
}

static void a_value_is_replaced_in_its_line_with_the_comment_kept(void **state)
{
	(void)state;
	assert_edited("[camera]\nfps = 60\n", "fps", "30", "[camera]\nfps = 30\n");
	assert_edited("; mine\n[Camera]\n  FPS=60 ; enough\nwidth = 640\n", "fps", "30",
		      "; mine\n[Camera]\n  FPS= 30 ; enough\nwidth = 640\n");
	assert_edited("[camera]\nfps\t=\t60   # enough", "fps", "5", "[camera]\nfps\t=\t5   # enough");
	assert_edited("[camera]\nfps = ; none\n", "fps", "5", "[camera]\nfps = 5 ; none\n");
	assert_edited("[camera]\ndevice = \"/dev/a;b\" ; odd\n", "device", "/dev/video0",
		      "[camera]\ndevice = /dev/video0 ; odd\n");
	assert_edited("[camera]\r\nfps = 60\r\n[record]\r\n", "fps", "5", "[camera]\r\nfps = 5\r\n[record]\r\n");
}

static void a_key_that_is_missing_comes_after_the_last_one_of_its_section(void **state)
{
	(void)state;
	assert_edited("[camera]\nwidth = 640\n\n; next\n[record]\nfps = 1\n", "fps", "30",
		      "[camera]\nwidth = 640\nfps = 30\n\n; next\n[record]\nfps = 1\n");
	assert_edited("[camera]\n; fps = 60\n", "fps", "30", "[camera]\nfps = 30\n; fps = 60\n");
	assert_edited("[camera]", "fps", "30", "[camera]\nfps = 30\n");
	assert_edited("[camera]\r\nwidth = 640\r\n", "fps", "30", "[camera]\r\nwidth = 640\r\nfps = 30\r\n");
	assert_edited("[record]\nenabled = no", "fps", "30", "[record]\nenabled = no\n\n[camera]\nfps = 30\n");
	assert_edited("", "fps", "30", "[camera]\nfps = 30\n");
	assert_edited("[camera]\nname = a \\\nfps = 9\n", "fps", "30", "[camera]\nname = a \\\nfps = 9\nfps = 30\n");
}

static void a_value_with_a_comment_sign_is_quoted_and_one_that_needs_an_escape_is_invalid(void **state)
{
	static const char *const invalid[] = {"", " a", "a ", "a\nb", "a\"b", "a'b", "a\\b", "a\x7f", "T\xc3\xbcr"};

	(void)state;
	assert_edited("[camera]\ndevice = auto\n", "device", "/dev/a;b", "[camera]\ndevice = \"/dev/a;b\"\n");
	assert_true(config_edit_value_valid("/dev/v4l/by-id/usb-A B_c-video-index0"));
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		assert_false(config_edit_value_valid(invalid[i]));
}

static void a_line_that_goes_on_is_left_to_an_editor(void **state)
{
	const struct config_edit edit = edit_of("camera", "device", "auto");
	const char *text = "[camera]\ndevice = /dev/\\\nvideo0\n";
	struct buffer out = {0};

	(void)state;
	assert_false(config_edit_text(text, strlen(text), &edit, 1, &out, &why));
	assert_non_null(strstr(why.text, "editor"));
	text = "[retention]\nhours = 1\\\n\n"; /* the next line would be a part of it */
	assert_false(config_edit_text(text, strlen(text), &edit, 1, &out, &why));
	text = "[camera]\n; \\\ndevice = a\n"; /* a comment that goes on */
	assert_true(config_edit_text(text, strlen(text), &edit, 1, &out, &why));
	buffer_free(&out);
	assert_edited("[camera]\n\\\n[mask]\n", "fps", "30",
		      "[camera]\nfps = 30\n\\\n[mask]\n"); /* one alone does not */
	assert_edited("[camera]\n \\\nfps = 9\n", "fps", "30", "[camera]\n \\\nfps = 30\n");
}

/* --- the file --- */

static char folder[64], file[96];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/config-edit.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/recorder.ini", folder);
	return 0;
}

static int drop_folder(void **state)
{
	static const char *const names[] = {"recorder.ini", "recorder.ini.previous", "."};
	char path[160];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (remove(path) != 0 && i == 2)
			return rmdir(folder); /* fails if anything else was left there */
	}
	return 0;
}

static void write_ini(const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void assert_file(const char *name, const char *wanted)
{
	char path[160], got[256] = "";

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	got[fread(got, 1, sizeof(got) - 1, in)] = '\0';
	fclose(in);
	assert_string_equal(got, wanted);
}

static void a_choice_replaces_the_file_and_the_old_one_stays_beside_it(void **state)
{
	const struct config_edit edits[] = {edit_of("camera", "fps", "25"), edit_of("controls", "brightness", "9")};
	static struct config running, fresh;
	struct stat status;

	(void)state;
	write_ini("[camera]\nname = a ; mine\n");
	assert_int_equal(chmod(file, 0640), 0);
	assert_true(config_load(file, &running, &why));
	assert_int_equal(config_replace(&running, edits, 2, &why), CONFIG_REPLACED);
	assert_file("recorder.ini", "[camera]\nname = a ; mine\nfps = 25\n\n[controls]\nbrightness = 9\n");
	assert_file("recorder.ini.previous", "[camera]\nname = a ; mine\n");
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_true(config_reload(&running, &fresh, &why));
	assert_int_equal(fresh.camera.fps, 25);
	assert_int_equal(config_replace(&running, edits, 2, &why), CONFIG_REPLACED); /* again */
}

static void a_choice_that_would_not_start_changes_nothing(void **state)
{
	const struct config_edit edit = edit_of("camera", "fps", "9999");
	static struct config running;

	(void)state;
	write_ini("[camera]\nname = a\n");
	assert_true(config_load(file, &running, &why));
	assert_int_equal(config_replace(&running, &edit, 1, &why), CONFIG_REFUSED);
	assert_non_null(strstr(why.text, "/recorder.ini: [camera] fps = 9999"));
	assert_file("recorder.ini", "[camera]\nname = a\n");
	/* One that somebody has broken since is not made worse. */
	write_ini("[camera]\nname = a\nwhat = 3\n");
	const struct config_edit good = edit_of("camera", "fps", "25");
	assert_int_equal(config_replace(&running, &good, 1, &why), CONFIG_REFUSED);
	assert_file("recorder.ini", "[camera]\nname = a\nwhat = 3\n");
}

static void a_file_that_is_gone_cannot_be_written(void **state)
{
	const struct config_edit edit = edit_of("camera", "fps", "25");
	static struct config running;

	(void)state;
	write_ini("[camera]\nname = a\n");
	assert_true(config_load(file, &running, &why));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(config_replace(&running, &edit, 1, &why), CONFIG_UNWRITABLE);
	snprintf(running.file, sizeof(running.file), "/proc/recorder.ini");
	assert_int_equal(config_replace(&running, &edit, 1, &why), CONFIG_UNWRITABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_replaced_in_its_line_with_the_comment_kept),
		cmocka_unit_test(a_key_that_is_missing_comes_after_the_last_one_of_its_section),
		cmocka_unit_test(a_value_with_a_comment_sign_is_quoted_and_one_that_needs_an_escape_is_invalid),
		cmocka_unit_test(a_line_that_goes_on_is_left_to_an_editor),
		cmocka_unit_test_setup_teardown(a_choice_replaces_the_file_and_the_old_one_stays_beside_it, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(a_choice_that_would_not_start_changes_nothing, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(a_file_that_is_gone_cannot_be_written, make_folder, drop_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
