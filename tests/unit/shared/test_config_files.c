/* Files that are no configuration, and folders of them: shared/config/config.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/config/config.h"

static char folder[PATH_MAX];

static int make_folder(void **state)
{
	char template[] = "/tmp/test-config-XXXXXX";

	(void)state;
	return mkdtemp(template) && realpath(template, folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* Good until it was called eight times more. */
static const char *path_of(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static const char *write_bytes(const char *name, const void *bytes, size_t length)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
	return path;
}

static const char *write_text(const char *name, const char *text)
{
	return write_bytes(name, text, strlen(text));
}

static void what_cannot_be_read_is_refused_with_its_path(void **state)
{
	static struct config config;
	struct reason why;

	(void)state;
	assert_false(config_load(path_of("missing.ini"), &config, &why));
	assert_non_null(strstr(why.text, "missing.ini"));
	assert_non_null(strstr(why.text, "No such file"));

	assert_false(config_load(folder, &config, &why));
	assert_non_null(strstr(why.text, "not a file"));

	assert_int_equal(mkfifo(path_of("fifo.ini"), 0600), 0);
	assert_false(config_load(path_of("fifo.ini"), &config, &why));
	assert_non_null(strstr(why.text, "not a file"));

	assert_false(config_load("", &config, &why));
}

static void a_file_without_permission_is_refused(void **state)
{
	static struct config config;
	struct reason why;

	(void)state;
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(write_text("secret.ini", ""), 0), 0);
	bool root = geteuid() == 0; /* who may read all */
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	bool taken = config_load(path_of("secret.ini"), &config, &why);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_false(taken);
	assert_non_null(strstr(why.text, "secret.ini"));
	assert_non_null(strstr(why.text, "Permission denied"));
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char nul[] = "[camera]\nname = a\0b\n";
	static char huge[100000];
	static struct config config;
	struct reason why;

	(void)state;
	assert_false(config_load(write_bytes("bad.ini", nul, sizeof(nul) - 1), &config, &why));
	assert_non_null(strstr(why.text, "NUL"));
	memset(huge, '\n', sizeof(huge));
	assert_false(config_load(write_bytes("bad.ini", huge, sizeof(huge)), &config, &why));
	assert_non_null(strstr(why.text, "larger"));
}

/* Any file gives a configuration or a sentence; the sanitizers watch. */
static void damaged_files_are_taken_or_refused_but_never_trip(void **state)
{
	static const char good[] =
		"[camera]\nname = a\ndevice = 3 ; x\n[controls]\nx = \"y\"\n[record]\nquality = 2\\\n3\n";
	static struct config config;
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[sizeof(good)];
		struct reason why = {0};

		memcpy(text, good, sizeof(good));
		for (int flips = 0; flips < 3; flips++) {
			random = random * 1664525u + 1013904223u;
			text[(random >> 8) % (sizeof(good) - 1)] = "[]=\n;#\"'\\: \t\x80z"[(random >> 20) % 14];
		}
		if (!config_load(write_bytes("fuzz.ini", text, sizeof(good) - 1), &config, &why))
			assert_true(strlen(why.text) > 0);
	}
}

static void make_set_folder(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0755), 0);
}

static void a_folder_of_files_is_a_set_in_the_order_of_names(void **state)
{
	struct config_set set;
	struct reason why;
	char ring[64];

	(void)state;
	make_set_folder("set");
	write_text("set/2-back.ini", "[camera]\nname = back\n[clips]\ndirectory = saved\n");
	write_text("set/1-front.ini", "[camera]\nname = front\n");
	write_text("set/.hidden.ini", "nonsense\n");
	write_text("set/notes.txt", "nonsense\n");
	if (!config_set_load(path_of("set"), &set, &why))
		fail_msg("%s", why.text);
	assert_int_equal(set.count, 2);
	assert_string_equal(set.cameras[0].record.directory, path_of("set/recordings/front"));
	assert_string_equal(set.cameras[0].clips.directory, path_of("set/clips/front"));
	assert_string_equal(set.cameras[1].record.directory, path_of("set/recordings/back"));
	assert_string_equal(set.cameras[1].clips.directory, path_of("set/saved"));
	assert_ptr_equal(config_set_find(&set, NULL), &set.cameras[0]);
	assert_ptr_equal(config_set_find(&set, ""), &set.cameras[0]);
	assert_ptr_equal(config_set_find(&set, "back"), &set.cameras[1]);
	assert_null(config_set_find(&set, "side"));
	config_ring_name(&set.cameras[1], ring);
	assert_string_equal(ring, "/recorder.back");
	config_set_finish(&set);
	config_set_finish(&set);
	assert_null(config_set_find(&set, NULL));
}

static void one_file_is_a_set_of_one(void **state)
{
	struct config_set set;
	struct reason why;

	(void)state;
	assert_true(config_set_load(write_text("one.ini", ""), &set, &why));
	assert_int_equal(set.count, 1);
	assert_string_equal(set.cameras[0].record.directory, path_of("recordings"));
	config_set_finish(&set);
}

/* Loads the folder and expects a sentence with both words in it. */
static void set_refused(const char *name, const char *word, const char *another)
{
	struct config_set set;
	struct reason why = {0};

	assert_false(config_set_load(path_of(name), &set, &why));
	if (!strstr(why.text, word) || !strstr(why.text, another))
		fail_msg("%s", why.text);
	assert_int_equal(set.count, 0);
	assert_null(set.cameras);
}

static void cameras_that_share_a_name_or_a_folder_are_refused(void **state)
{
	(void)state;
	make_set_folder("twins");
	set_refused("twins", "no .ini file", "twins");
	write_text("twins/a.ini", "[camera]\nname = a\n");
	write_text("twins/b.ini", "[camera]\nname = a\n[record]\ndirectory=r\n[clips]\ndirectory=c\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	write_text("twins/b.ini", "[camera]\nname = b\n[record]\ndirectory = recordings/a\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	write_text("twins/b.ini", "[camera]\nname = b\n[clips]\ndirectory = recordings//a/\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	write_text("twins/b.ini", "[camera]\nname = b\n");
	write_text("twins/a.ini", "[camera]\nname = a\n[clips]\ndirectory = recordings/b\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	write_text("twins/b.ini", "[camera]\nname = b\nfps = x\n");
	set_refused("twins", "twins/b.ini", "fps");
	set_refused("nowhere", "nowhere", "No such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_read_is_refused_with_its_path),
		cmocka_unit_test(a_file_without_permission_is_refused),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(damaged_files_are_taken_or_refused_but_never_trip),
		cmocka_unit_test(a_folder_of_files_is_a_set_in_the_order_of_names),
		cmocka_unit_test(one_file_is_a_set_of_one),
		cmocka_unit_test(cameras_that_share_a_name_or_a_folder_are_refused),
	};

	return cmocka_run_group_tests_name("config_files", tests, make_folder, remove_folder);
}
