/* test_instance_lock.c - one recorder per user and camera name, and nobody else can hold its lock. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/lock/instance_lock.h"
#include "shared/ring/control.h"
#include "shared/ring/user_folder.h"

static struct reason why;
static char name[32];

static void one_recorder_holds_a_name_until_it_ends(void **state)
{
	int first = instance_lock_take(name, &why), second;

	(void)state;
	assert_true(first >= 0);
	second = instance_lock_take(name, &why);
	assert_int_equal(second, -1);
	assert_non_null(strstr(why.text, name));
	assert_non_null(strstr(why.text, "already running"));
	assert_int_equal(instance_lock_query(geteuid(), name), INSTANCE_LOCK_HELD);
	close(first);
	assert_int_equal(instance_lock_query(geteuid(), name), INSTANCE_LOCK_FREE);
	second = instance_lock_take(name, &why);
	assert_true(second >= 0);
	instance_lock_release(second, name);
	assert_int_equal(instance_lock_query(geteuid(), name), INSTANCE_LOCK_FREE);
}

static void a_lock_whose_folder_is_removed_is_no_longer_intact(void **state)
{
	char user_folder[USER_FOLDER_BYTES], path[128];
	int first = instance_lock_take(name, &why), second;

	(void)state;
	assert_true(instance_lock_is_intact(first, name));
	user_folder_own(user_folder);
	snprintf(path, sizeof(path), "%s/%s.lock", user_folder, name);
	assert_int_equal(rmdir(path), 0);
	assert_false(instance_lock_is_intact(first, name));
	second = instance_lock_take(name, &why);
	assert_true(second >= 0);
	assert_false(instance_lock_is_intact(first, name));
	instance_lock_release(first, name); /* must leave the new folder alone */
	assert_true(instance_lock_is_intact(second, name));
	instance_lock_release(second, name);
}

#define STRANGER 12345
#define VICTIM   23456

static void as_user(uid_t uid, void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(uid) != 0 || setuid(uid) != 0)
			_exit(2);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define must(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			_exit(3);                                                                                      \
	} while (0)

static int victims_lock[2]; /* a byte through it: release */

static void hold_as_victim(void)
{
	char folder_of_user[USER_FOLDER_BYTES], go;

	must(user_folder_create(folder_of_user, &why));
	int lock = instance_lock_take(name, &why);
	must(lock >= 0 && instance_lock_query(VICTIM, name) == INSTANCE_LOCK_HELD);
	must(write(victims_lock[1], "x", 1) == 1 && read(victims_lock[1], &go, 1) == 1);
	instance_lock_release(lock, name);
}

static void try_as_stranger(void)
{
	char folder_of_user[USER_FOLDER_BYTES], path[128];

	must(user_folder_find(VICTIM, folder_of_user));
	snprintf(path, sizeof(path), "%s/%s.lock", folder_of_user, name);
	must(open(path, O_RDONLY) < 0 && open(folder_of_user, O_RDONLY) < 0 && rmdir(path) < 0 &&
	     rmdir(folder_of_user) < 0);
	must(rename(folder_of_user, "/dev/shm/recorder-moved") < 0);
	must(instance_lock_query(VICTIM, name) == INSTANCE_LOCK_UNKNOWN);
	/* This user's own camera of that name has another lock. */
	int lock = instance_lock_take(name, &why);
	must(lock >= 0);
	instance_lock_release(lock, name);
}

/* Whatever is in place of this user's folder is not taken for a recorder. */
static void find_no_control_socket(void)
{
	struct sockaddr_un address;

	must(control_address(name, &address) == 0);
}

static void create_obstacle(const char *path, int kind)
{
	if (kind == 0)
		assert_int_equal(mkdir(path, 0777), 0);
	else if (kind == 1)
		close(open(path, O_RDWR | O_CREAT | O_EXCL, 0666));
	else if (kind == 2)
		assert_int_equal(symlink("/tmp", path), 0);
	else
		assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(lchown(path, STRANGER, STRANGER), 0);
}

/* Whatever has the usual name of the victim's folder, the victim can start and nobody else can hold its locks. */
static void a_stranger_can_neither_hold_nor_block_a_lock(void **state)
{
	char usual[USER_FOLDER_BYTES], other[USER_FOLDER_BYTES], byte;

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(usual, sizeof(usual), SHM_FOLDER "/recorder-%d", VICTIM);
	for (int kind = -1; kind < 4; kind++) {
		if (kind >= 0)
			create_obstacle(usual, kind);
		as_user(VICTIM, find_no_control_socket);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, victims_lock), 0);
		pid_t victim = fork();
		if (victim == 0) {
			must(setgid(VICTIM) == 0 && setuid(VICTIM) == 0);
			hold_as_victim();
			_exit(0);
		}
		close(victims_lock[1]);
		assert_int_equal(read(victims_lock[0], &byte, 1), 1);
		as_user(STRANGER, try_as_stranger);
		assert_int_equal(instance_lock_query(VICTIM, name), INSTANCE_LOCK_HELD); /* root may look */
		assert_int_equal(write(victims_lock[0], "x", 1), 1);
		int status;
		assert_int_equal(waitpid(victim, &status, 0), victim);
		assert_int_equal(status, 0);
		close(victims_lock[0]);
		assert_true(user_folder_find(VICTIM, other));
		assert_int_equal(strcmp(usual, other) == 0, kind < 0);
		assert_int_equal(rmdir(other), 0);
		if (kind >= 0)
			assert_int_equal(unlink(usual) == 0 ? 0 : rmdir(usual), 0);
	}
	snprintf(usual, sizeof(usual), SHM_FOLDER "/recorder-%d", STRANGER);
	assert_int_equal(rmdir(usual), 0);
}

static void a_killed_recorder_leaves_no_lock(void **state)
{
	pid_t pid = fork();
	int status, fd;

	(void)state;
	if (pid == 0) {
		instance_lock_take(name, &why);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fd = instance_lock_take(name, &why);
	assert_true(fd >= 0);
	instance_lock_release(fd, name);
}

static void names_with_the_same_beginning_are_different(void **state)
{
	int first = instance_lock_take(name, &why), second;
	char longer[40];

	(void)state;
	snprintf(longer, sizeof(longer), "%s2", name);
	second = instance_lock_take(longer, &why);
	assert_true(first >= 0 && second >= 0);
	instance_lock_release(first, name);
	instance_lock_release(second, longer);
}

static int make_name(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "lock-%d", (int)getpid());
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_recorder_holds_a_name_until_it_ends),
		cmocka_unit_test(a_lock_whose_folder_is_removed_is_no_longer_intact),
		cmocka_unit_test(a_killed_recorder_leaves_no_lock),
		cmocka_unit_test(names_with_the_same_beginning_are_different),
		cmocka_unit_test(a_stranger_can_neither_hold_nor_block_a_lock),
	};

	return cmocka_run_group_tests_name("instance_lock", tests, make_name, NULL);
}
