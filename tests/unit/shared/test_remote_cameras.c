/* test_remote_cameras.c - the cameras in a cache become cameras of the configuration: shared/store/remote_cameras.h. */
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

#include "shared/base/crc32c.h"
#include "shared/store/remote_cameras.h"

static char cache[] = "/tmp/recorder-remote-XXXXXX";

static int make_cache(void **state)
{
	(void)state;
	return mkdtemp(cache) ? 0 : -1;
}

static int remove_cache(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", cache);
	return system(command);
}

/* Makes the folder of a camera; newest_us 0: without a status. */
static void make_camera(const char *name, int64_t newest_us)
{
	struct fetch_status status = {.magic = FETCH_STATUS_MAGIC, .newest_wall_us = newest_us};
	char path[128];

	status.crc = crc32c(0, &status, offsetof(struct fetch_status, crc));
	snprintf(path, sizeof(path), "%s/%s", cache, name);
	assert_int_equal(mkdir(path, 0700), 0);
	if (newest_us == 0)
		return;
	snprintf(path, sizeof(path), "%s/%s/" FETCH_STATUS_FILE, cache, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, &status, sizeof(status)), sizeof(status));
	close(fd);
}

static struct config_set viewer_set(void)
{
	struct config_set set = {.viewer = calloc(1, sizeof(struct config))};

	assert_non_null(set.viewer);
	set.viewer->viewer = true;
	snprintf(set.viewer->store.read_url, sizeof(set.viewer->store.read_url), "http://127.0.0.1/footage");
	snprintf(set.viewer->store.cache, sizeof(set.viewer->store.cache), "%s", cache);
	snprintf(set.viewer->http.tokens, sizeof(set.viewer->http.tokens), "/etc/tokens");
	return set;
}

static void only_complete_folders_with_a_camera_s_name_are_listed(void **state)
{
	struct remote_camera *cameras;

	(void)state;
	make_camera("yard", 7);
	make_camera("door", 5);
	make_camera("half", 0);
	make_camera("Not a name", 5);
	make_camera("-x", 5);
	assert_int_equal(remote_cameras_list(cache, 10, &cameras), 2);
	assert_string_equal(cameras[0].name, "door");
	assert_string_equal(cameras[1].name, "yard");
	assert_int_equal(cameras[1].status.newest_wall_us, 7);
	free(cameras);
	assert_int_equal(remote_cameras_list(cache, 1, &cameras), 1);
	free(cameras);
	assert_int_equal(remote_cameras_list("/nonexistent", 1, &cameras), -1);
}

static void a_damaged_status_is_no_status(void **state)
{
	struct fetch_status status;
	char path[128];

	(void)state;
	make_camera("torn", 9);
	snprintf(path, sizeof(path), "%s/torn", cache);
	int folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(remote_camera_status(folder, &status));
	int fd = openat(folder, FETCH_STATUS_FILE, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 20), 1);
	close(fd);
	assert_false(remote_camera_status(folder, &status));
	assert_int_equal(status.newest_wall_us, 0);
	close(folder);
}

static void they_follow_the_cameras_of_this_machine_which_keep_their_names(void **state)
{
	static const char names[][CONFIG_NAME_BYTES] = {"door", "yard"};
	struct config_set set = viewer_set();
	char path[128];

	(void)state;
	set.cameras = calloc(1, sizeof(struct config));
	set.count = 1;
	strcpy(set.cameras[0].camera.name, "door");
	assert_true(remote_cameras_add(&set, names, 2));
	assert_int_equal(set.count, 2);
	assert_false(set.cameras[0].remote);
	assert_true(set.cameras[1].remote);
	assert_string_equal(set.cameras[1].camera.name, "yard");
	snprintf(path, sizeof(path), "%s/yard", cache);
	assert_string_equal(set.cameras[1].record.directory, path);
	assert_string_equal(set.cameras[1].http.tokens, "/etc/tokens");
	assert_string_equal(set.cameras[1].clips.directory, "");
	remote_cameras_stand_in(&set);
	assert_int_equal(set.count, 2);
	config_set_free(&set);
}

static void a_set_without_a_camera_has_one_that_stands_in(void **state)
{
	struct config_set set = viewer_set();

	(void)state;
	assert_true(remote_cameras_add(&set, NULL, 0));
	remote_cameras_stand_in(&set);
	assert_int_equal(set.count, 1);
	assert_true(set.cameras[0].viewer);
	assert_ptr_equal(config_set_reader(&set), &set.cameras[0]);
	config_set_free(&set);
}

static void a_set_that_serves_no_store_does_not_change(void **state)
{
	static const char names[][CONFIG_NAME_BYTES] = {"door"};
	struct config_set set = {.cameras = calloc(1, sizeof(struct config)), .count = 1};

	(void)state;
	assert_true(remote_cameras_add(&set, names, 1));
	assert_int_equal(set.count, 1);
	config_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_complete_folders_with_a_camera_s_name_are_listed),
		cmocka_unit_test(a_damaged_status_is_no_status),
		cmocka_unit_test(they_follow_the_cameras_of_this_machine_which_keep_their_names),
		cmocka_unit_test(a_set_without_a_camera_has_one_that_stands_in),
		cmocka_unit_test(a_set_that_serves_no_store_does_not_change),
	};

	return cmocka_run_group_tests_name("remote_cameras", tests, make_cache, remove_cache);
}
