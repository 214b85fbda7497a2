/* test_archive_folder_lock.c - only another recorder can keep a recorder out of its recordings folder. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/archive/archive_internal.h"

static char folder[32], lock[48];
static int folder_fd = -1, lock_fd = -1;
static struct reason why;

static int flock_error; /* of flock(); 0: it is the kernel's */

int flock(int fd, int operation)
{
	errno = flock_error;
	return flock_error ? -1 : (int)syscall(SYS_flock, fd, operation);
}

static int start(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-lock-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(lock, sizeof(lock), "%s/.lock", folder);
	folder_fd = archive_folder_open(folder, &lock_fd, &why);
	return folder_fd >= 0 ? 0 : -1;
}

static void let_go(void)
{
	close(folder_fd);
	close(lock_fd);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	let_go();
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* The user of the folder, without any privileges. Run as root, the test gives the folder to another user. */
static bool user_may_open(int flags)
{
	const uid_t nobody = 65534;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 &&
		    (chown(folder, nobody, nobody) != 0 || chown(lock, nobody, nobody) != 0 ||
		     setresgid(nobody, nobody, nobody) != 0 || setresuid(nobody, nobody, nobody) != 0))
			_exit(2);
		_exit(open(lock, flags | O_CLOEXEC) < 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

static void a_second_recorder_is_refused(void **state)
{
	int other_fd = -1;

	(void)state;
	assert_int_equal(archive_folder_open(folder, &other_fd, &why), -1);
	assert_non_null(strstr(why.text, "another recorder records into"));
}

/* The workers run as the recorder's user, in a sandbox that allows them to read the folder. */
static void a_reader_of_the_folder_cannot_hold_its_lock(void **state)
{
	(void)state;
	assert_false(user_may_open(O_RDONLY));
	assert_true(user_may_open(O_WRONLY));
}

static void the_lock_file_of_an_older_version_becomes_unreadable(void **state)
{
	(void)state;
	let_go();
	assert_int_equal(chmod(lock, 0644), 0);
	assert_true(user_may_open(O_RDONLY));
	folder_fd = archive_folder_open(folder, &lock_fd, &why);
	assert_true(folder_fd >= 0);
	assert_false(user_may_open(O_RDONLY));
}

/* As on NFS without lockd. */
static void a_file_system_without_locks_can_be_recorded_to(void **state)
{
	static const int errors[] = {ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		let_go();
		flock_error = errors[i];
		folder_fd = archive_folder_open(folder, &lock_fd, &why);
		flock_error = 0;
		assert_true(folder_fd >= 0);
	}
	let_go();
	flock_error = EIO;
	folder_fd = archive_folder_open(folder, &lock_fd, &why);
	flock_error = 0;
	assert_int_equal(folder_fd, -1);
	assert_non_null(strstr(why.text, "Input/output error"));
	folder_fd = archive_folder_open(folder, &lock_fd, &why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_second_recorder_is_refused, start, teardown),
		cmocka_unit_test_setup_teardown(a_reader_of_the_folder_cannot_hold_its_lock, start, teardown),
		cmocka_unit_test_setup_teardown(a_file_system_without_locks_can_be_recorded_to, start, teardown),
		cmocka_unit_test_setup_teardown(the_lock_file_of_an_older_version_becomes_unreadable, start, teardown),
	};

	return cmocka_run_group_tests_name("archive_folder_lock", tests, NULL, NULL);
}
