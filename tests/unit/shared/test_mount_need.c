/* test_mount_need.c - require_mount, and whether a disk is mounted, in a mount namespace of this test's own. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/config/config.h"
#include "shared/config/mount_need.h"

static char folder[] = "/tmp/test-mount-XXXXXX";
static bool may_mount;

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s%s", folder, name);
	return path;
}

/* On the file system of /, where /tmp may not be. */
static int start(void **state)
{
	struct stat here, root;

	(void)state;
	may_mount = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (!mkdtemp(folder) || stat(folder, &here) != 0 || stat("/", &root) != 0)
		return -1;
	may_mount = may_mount && here.st_dev == root.st_dev;
	return mkdir(path_of("/disk"), 0755);
}

static int finish(void **state)
{
	(void)state;
	while (may_mount && umount2(path_of("/disk"), MNT_DETACH) == 0)
		;
	return rmdir(path_of("/disk")) || rmdir(folder);
}

static void assert_there(bool there, const char *need, const char *of)
{
	struct reason why = {""};

	errno = 0;
	assert_int_equal(mount_need_is_met(need, of, &why), there);
	if (!there)
		assert_int_equal(errno, ENODEV);
	assert_int_equal(why.text[0] != '\0', !there);
}

static void without_the_requirement_any_folder_will_do(void **state)
{
	(void)state;
	assert_there(true, "no", "/nowhere/at/all");
	assert_there(true, "", "/");
}

static void a_folder_below_the_mount_counts_before_it_exists(void **state)
{
	(void)state;
	if (!may_mount)
		skip();
	assert_there(false, "yes", path_of("/disk/recordings"));
	assert_there(false, path_of("/disk"), path_of("/disk/recordings"));
	assert_int_equal(mount("none", path_of("/disk"), "tmpfs", 0, "size=1m"), 0);
	assert_there(true, "yes", path_of("/disk/recordings"));
	assert_there(true, path_of("/disk"), path_of("/disk/recordings/door"));
	assert_there(true, path_of("/disk"), path_of("/disk"));
	assert_int_equal(umount(path_of("/disk")), 0);
	assert_there(false, "yes", path_of("/disk/recordings"));
}

/* A service's own view of the file system makes each of its folders a mount point. */
static void a_bind_mount_of_the_same_disk_is_not_enough(void **state)
{
	(void)state;
	if (!may_mount)
		skip();
	assert_int_equal(mount(path_of("/disk"), path_of("/disk"), NULL, MS_BIND, NULL), 0);
	assert_there(false, "yes", path_of("/disk/recordings"));
	assert_there(false, path_of("/disk"), path_of("/disk/recordings"));
	assert_int_equal(umount(path_of("/disk")), 0);
}

/* Such as /var, with the mount point of a disk below it. */
static void a_file_system_above_the_path_does_not_count(void **state)
{
	(void)state;
	if (!may_mount)
		skip();
	assert_int_equal(mount("none", path_of("/disk"), "tmpfs", 0, "size=1m"), 0);
	assert_int_equal(mkdir(path_of("/disk/place"), 0755), 0);
	assert_there(true, "yes", path_of("/disk/place/recordings"));
	assert_there(false, path_of("/disk/place"), path_of("/disk/place/recordings"));
	assert_int_equal(umount(path_of("/disk")), 0);
	assert_there(false, path_of("/disk/place"), path_of("/disk/place/recordings"));
}

static bool load(const char *text, struct config *out, struct reason *why)
{
	FILE *file = fopen(path_of("/disk/one.ini"), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	bool good = config_load(path_of("/disk/one.ini"), out, why);
	assert_int_equal(unlink(path_of("/disk/one.ini")), 0);
	return good;
}

static void the_key_takes_a_word_or_a_folder_above(void **state)
{
	static const struct {
		const char *text, *record, *clips;
	} good[] = {
		{"[record]\n", "no", "no"},
		{"[record]\nrequire_mount = Yes\n", "yes", "no"},
		{"[clips]\nrequire_mount = on\n", "no", "yes"},
		{"[record]\ndirectory = /mnt/disk/a\nrequire_mount = /mnt//disk/\n", "/mnt/disk", "no"},
		{"[clips]\ndirectory = /mnt\nrequire_mount = /mnt\n", "no", "/mnt"},
	};
	static struct config config;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!load(good[i].text, &config, &why))
			fail_msg("%s", why.text);
		assert_string_equal(config.record.require_mount, good[i].record);
		assert_string_equal(config.clips.require_mount, good[i].clips);
	}
}

static void other_values_are_refused_with_what_is_expected(void **state)
{
	static const char *const bad[][2] = {
		{"[record]\nrequire_mount = maybe\n", "[record] require_mount = maybe is invalid; expected yes, no"},
		{"[clips]\nrequire_mount = mnt\n", "[clips] require_mount = mnt is invalid; expected yes, no"},
		{"[record]\nrequire_mount = /\n", "[record] require_mount = / is invalid; expected yes, no"},
		{"[record]\ndirectory = /mnt/disks\nrequire_mount = /mnt/disk\n",
		 "[record] require_mount = /mnt/disk is not above"},
		{"[clips]\ndirectory = /mnt\nrequire_mount = /mnt/disk\n",
		 "[clips] require_mount = /mnt/disk is not above"},
	};
	static struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reason why = {""};
		if (load(bad[i][0], &config, &why) || !strstr(why.text, bad[i][1]))
			fail_msg("%s says: %s", bad[i][0], why.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_takes_a_word_or_a_folder_above),
		cmocka_unit_test(other_values_are_refused_with_what_is_expected),
		cmocka_unit_test(without_the_requirement_any_folder_will_do),
		cmocka_unit_test(a_folder_below_the_mount_counts_before_it_exists),
		cmocka_unit_test(a_bind_mount_of_the_same_disk_is_not_enough),
		cmocka_unit_test(a_file_system_above_the_path_does_not_count),
	};

	return cmocka_run_group_tests_name("mount_need", tests, start, finish);
}
