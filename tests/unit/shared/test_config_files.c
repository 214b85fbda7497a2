/* test_config_files.c - files that are not a configuration, and folders of configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/ini_files.h"

static void an_unreadable_file_is_refused_with_its_path(void **state)
{
	static struct config config;
	struct reason why;

	(void)state;
	assert_false(config_load(ini_path("missing.ini"), &config, &why));
	assert_non_null(strstr(why.text, "missing.ini"));
	assert_non_null(strstr(why.text, "No such file"));

	assert_false(config_load(ini_folder, &config, &why));
	assert_non_null(strstr(why.text, "not a regular file"));

	assert_int_equal(mkfifo(ini_path("fifo.ini"), 0600), 0);
	assert_false(config_load(ini_path("fifo.ini"), &config, &why));
	assert_non_null(strstr(why.text, "not a regular file"));

	assert_false(config_load("", &config, &why));
}

static void a_file_without_permission_is_refused(void **state)
{
	static struct config config;
	struct reason why;

	(void)state;
	assert_int_equal(chmod(ini_folder, 0755), 0);
	assert_int_equal(chmod(ini_write("secret.ini", ""), 0), 0);
	bool root = geteuid() == 0; /* root may read everything */
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	bool loaded = config_load(ini_path("secret.ini"), &config, &why);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_false(loaded);
	assert_non_null(strstr(why.text, "secret.ini"));
	assert_non_null(strstr(why.text, "Permission denied"));
}

static void binary_files_are_refused(void **state)
{
	static const char nul[] = "[camera]\nname = a\0b\n";
	static char huge[100000];
	static struct config config;
	struct reason why;

	(void)state;
	assert_false(config_load(ini_write_bytes("bad.ini", nul, sizeof(nul) - 1), &config, &why));
	assert_non_null(strstr(why.text, "NUL"));
	memset(huge, '\n', sizeof(huge));
	assert_false(config_load(ini_write_bytes("bad.ini", huge, sizeof(huge)), &config, &why));
	assert_non_null(strstr(why.text, "too large"));
}

/* Any file results in a configuration or an error; the sanitizers watch. */
static void damaged_files_never_cause_a_memory_error(void **state)
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
		if (!config_load(ini_write_bytes("fuzz.ini", text, sizeof(good) - 1), &config, &why))
			assert_true(strlen(why.text) > 0);
	}
}

static void make_set_folder(const char *name)
{
	assert_int_equal(mkdir(ini_path(name), 0755), 0);
}

static void a_folder_of_files_is_a_set_sorted_by_name(void **state)
{
	struct config_set set;
	struct reason why;
	char ring[64];

	(void)state;
	make_set_folder("set");
	ini_write("set/2-back.ini", "[camera]\nname = back\n[clips]\ndirectory = saved\n");
	ini_write("set/1-front.ini", "[camera]\nname = front\n");
	ini_write("set/.hidden.ini", "nonsense\n");
	ini_write("set/notes.txt", "nonsense\n");
	if (!config_set_load(ini_path("set"), &set, &why))
		fail_msg("%s", why.text);
	assert_int_equal(set.count, 2);
	assert_string_equal(set.cameras[0].record.directory, ini_path("set/recordings/front"));
	assert_string_equal(set.cameras[0].clips.directory, ini_path("set/clips/front"));
	assert_string_equal(set.cameras[1].record.directory, ini_path("set/recordings/back"));
	assert_string_equal(set.cameras[1].clips.directory, ini_path("set/saved"));
	assert_ptr_equal(config_set_find(&set, NULL), &set.cameras[0]);
	assert_ptr_equal(config_set_find(&set, ""), &set.cameras[0]);
	assert_ptr_equal(config_set_find(&set, "back"), &set.cameras[1]);
	assert_null(config_set_find(&set, "side"));
	config_ring_name(&set.cameras[1], ring);
	assert_string_equal(ring, "/recorder.back");
	config_set_free(&set);
	config_set_free(&set);
	assert_null(config_set_find(&set, NULL));
}

static void one_file_is_a_set_of_one(void **state)
{
	struct config_set set;
	struct reason why;

	(void)state;
	assert_true(config_set_load(ini_write("one.ini", ""), &set, &why));
	assert_int_equal(set.count, 1);
	assert_string_equal(set.cameras[0].record.directory, ini_path("recordings"));
	config_set_free(&set);
}

#define READS "read_url = https://s3.example.org/footage\n"

static void a_file_with_nothing_but_a_store_to_read_is_a_viewer(void **state)
{
	struct config_set set;
	struct reason why;

	(void)state;
	assert_true(
		config_set_load(ini_write("viewer.ini", "[store]\n" READS "[http]\nmax_downloads = 7\n"), &set, &why));
	assert_int_equal(set.count, 0);
	assert_null(set.cameras);
	assert_ptr_equal(config_set_first(&set), set.viewer);
	assert_ptr_equal(config_set_reader(&set), set.viewer);
	assert_int_equal(set.viewer->http.max_downloads, 7);
	assert_string_equal(set.viewer->store.cache, ini_path("cache"));
	assert_null(config_set_find(&set, NULL));
	config_set_free(&set);
	config_set_free(&set);
	assert_null(config_set_first(&set));

	/* A camera, or footage that is shipped, makes it a recorder. */
	assert_true(config_set_load(ini_write("viewer.ini", "[camera]\n[store]\n" READS), &set, &why));
	assert_int_equal(set.count, 1);
	assert_null(set.viewer);
	assert_ptr_equal(config_set_reader(&set), set.cameras);
	config_set_free(&set);
	assert_true(config_set_load(ini_write("viewer.ini", "[store]\nurl = https://a.example/bucket\n" READS), &set,
				    &why));
	assert_int_equal(set.count, 1);
	config_set_free(&set);
}

static void a_viewer_may_stand_beside_cameras(void **state)
{
	struct config_set set;
	struct reason why;

	(void)state;
	make_set_folder("beside");
	ini_write("beside/1-store.ini", "[store]\n" READS);
	ini_write("beside/2-door.ini", "[camera]\nname = door\n");
	if (!config_set_load(ini_path("beside"), &set, &why))
		fail_msg("%s", why.text);
	assert_int_equal(set.count, 1);
	assert_string_equal(set.cameras[0].camera.name, "door");
	assert_ptr_equal(config_set_first(&set), set.cameras);
	assert_ptr_equal(config_set_reader(&set), set.viewer);
	assert_string_equal(set.viewer->store.cache, ini_path("beside/cache"));
	config_set_free(&set);
}

/* Loads the folder and expects an error with both words. */
static void set_refused(const char *name, const char *word, const char *another)
{
	struct config_set set;
	struct reason why = {0};

	assert_false(config_set_load(ini_path(name), &set, &why));
	if (!strstr(why.text, word) || !strstr(why.text, another))
		fail_msg("%s", why.text);
	assert_int_equal(set.count, 0);
	assert_null(set.cameras);
}

static void files_that_read_different_stores_are_refused(void **state)
{
	(void)state;
	make_set_folder("stores");
	ini_write("stores/1.ini", "[camera]\nname = a\n[store]\n" READS);
	ini_write("stores/2.ini", "[store]\nread_url = https://s3.example.org/other\n");
	set_refused("stores", "1.ini", "read_url");
	ini_write("stores/1.ini", "[store]\n" READS);
	set_refused("stores", "2.ini", "read_url");
}

static void cameras_that_share_a_name_or_a_folder_are_refused(void **state)
{
	(void)state;
	make_set_folder("twins");
	set_refused("twins", "no .ini file", "twins");
	ini_write("twins/a.ini", "[camera]\nname = a\n");
	ini_write("twins/b.ini", "[camera]\nname = a\n[record]\ndirectory=r\n[clips]\ndirectory=c\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	ini_write("twins/b.ini", "[camera]\nname = b\n[record]\ndirectory = recordings/a\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	ini_write("twins/b.ini", "[camera]\nname = b\n[clips]\ndirectory = recordings//a/\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	ini_write("twins/b.ini", "[camera]\nname = b\n");
	ini_write("twins/a.ini", "[camera]\nname = a\n[clips]\ndirectory = recordings/b\n");
	set_refused("twins", "twins/b.ini", "twins/a.ini");
	ini_write("twins/b.ini", "[camera]\nname = b\nfps = x\n");
	set_refused("twins", "twins/b.ini", "fps");
	set_refused("nowhere", "nowhere", "No such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unreadable_file_is_refused_with_its_path),
		cmocka_unit_test(a_file_without_permission_is_refused),
		cmocka_unit_test(binary_files_are_refused),
		cmocka_unit_test(damaged_files_never_cause_a_memory_error),
		cmocka_unit_test(a_folder_of_files_is_a_set_sorted_by_name),
		cmocka_unit_test(one_file_is_a_set_of_one),
		cmocka_unit_test(a_file_with_nothing_but_a_store_to_read_is_a_viewer),
		cmocka_unit_test(a_viewer_may_stand_beside_cameras),
		cmocka_unit_test(files_that_read_different_stores_are_refused),
		cmocka_unit_test(cameras_that_share_a_name_or_a_folder_are_refused),
	};

	return cmocka_run_group_tests_name("config_files", tests, ini_folder_make, ini_folder_remove);
}
