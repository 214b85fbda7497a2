/* test_token_edit.c - the token file and its changes. */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/command/token_edit.h"
#include "shared/config/token_file.h"

static char folder[32], path[64], model[64];
static struct reason why;
static struct token_list list;

static int start(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-token-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/tokens", folder);
	snprintf(model, sizeof(model), "%s/recorder.ini", folder);
	FILE *file = fopen(model, "w");
	return file ? fclose(file) : -1;
}

static int teardown(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static bool add(const char *name)
{
	struct token token = {.scopes = TOKEN_LIVE, .expires = {US_PER_S}};
	snprintf(token.name, sizeof(token.name), "%s", name);
	return token_edit_add(path, model, &token, &why);
}

static bool readable(void)
{
	int fd = token_file_open(path);
	bool good = fd >= 0 && token_file_read(fd, path, &list, &why);
	if (fd >= 0)
		close(fd);
	return good;
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0640);
}

static void read_file(char text[4096])
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, 4095, file)] = '\0';
	fclose(file);
}

static void tokens_are_added_and_removed_and_the_mode_is_kept(void **state)
{
	struct stat status;
	(void)state;
	umask(0);
	assert_true(add("first"));
	assert_true(add("second"));
	assert_false(add("first"));
	assert_non_null(strstr(why.text, "already"));
	assert_true(readable());
	assert_int_equal(list.count, 2);
	stat(path, &status);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_true(token_edit_remove(path, "first", &why));
	assert_false(token_edit_remove(path, "first", &why));
	assert_true(readable());
	assert_int_equal(list.count, 1);
	assert_string_equal(list.tokens[0].name, "second");
}

/* As in the package: root creates tokens, and the workers, which do not run as root, read them. */
static void the_file_gets_the_group_of_a_set_group_id_folder(void **state)
{
	struct stat status;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(add("first"));
	assert_int_equal(chown(folder, 0, 4711), 0);
	assert_true(add("before"));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_gid, getegid());
	assert_int_equal(chmod(folder, 02755), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(i == 1 ? token_edit_remove(path, "again", &why) : add("again"));
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_uid, 0);
		assert_int_equal(status.st_gid, 4711);
		assert_int_equal(status.st_mode & 07777, 0640);
	}
	unlink(path);
	assert_true(add("first"));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_gid, 4711);
}

static void comments_are_kept_in_place(void **state)
{
	char text[4096];
	(void)state;
	write_file("; the door's\n");
	assert_true(add("door"));
	assert_true(add("gate"));
	assert_true(token_edit_remove(path, "door", &why));
	read_file(text);
	assert_ptr_equal(strstr(text, "; the door's\n[tokens]\ngate = "), text);
}

static void a_file_without_a_final_line_feed_is_continued(void **state)
{
	(void)state;
	write_file("[tokens]");
	assert_true(add("door"));
	assert_true(readable());
	assert_int_equal(list.count, 1);
}

static void a_file_that_others_may_read_or_write_is_refused(void **state)
{
	static const mode_t wrong[] = {0644, 0660, 0641, 0750, 0666, 04640};
	(void)state;
	assert_true(add("door"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		chmod(path, wrong[i]);
		assert_false(readable());
		assert_non_null(strstr(why.text, "chmod 0640"));
		assert_int_equal(list.count, 0);
		assert_false(add("gate"));
	}
	chmod(path, 0400);
	assert_true(readable());
}

static void an_invalid_file_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0640), 0);
	assert_false(readable());
	unlink(path);
	assert_int_equal(mkdir(path, 0640), 0);
	assert_false(readable());
	rmdir(path);
	write_file("[tokens]\n");
	assert_int_equal(truncate(path, 70000), 0);
	assert_false(readable());
	assert_non_null(strstr(why.text, "too large"));
	write_file("hello\n");
	assert_false(add("door"));
	assert_non_null(strstr(why.text, "line 1"));
}

static void concurrent_writers_lose_no_token(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		char name[16];
		snprintf(name, sizeof(name), "t%d", i);
		if (fork() == 0)
			_exit(!add(name));
	}
	for (int i = 0, status; i < 8; i++) {
		wait(&status);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_true(readable());
	assert_int_equal(list.count, 8);
}

/* Anybody can open the folder. */
static void a_lock_on_the_folder_blocks_nobody(void **state)
{
	char lock[PATH_MAX];
	int folder_fd;

	(void)state;
	snprintf(lock, sizeof(lock), "%s", path);
	folder_fd = open(dirname(lock), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(folder_fd, LOCK_EX), 0);
	alarm(30);
	assert_true(add("door"));
	alarm(0);
	close(folder_fd);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	assert_int_equal(access(lock, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tokens_are_added_and_removed_and_the_mode_is_kept, start, teardown),
		cmocka_unit_test_setup_teardown(the_file_gets_the_group_of_a_set_group_id_folder, start, teardown),
		cmocka_unit_test_setup_teardown(comments_are_kept_in_place, start, teardown),
		cmocka_unit_test_setup_teardown(a_file_without_a_final_line_feed_is_continued, start, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_others_may_read_or_write_is_refused, start, teardown),
		cmocka_unit_test_setup_teardown(an_invalid_file_is_refused, start, teardown),
		cmocka_unit_test_setup_teardown(concurrent_writers_lose_no_token, start, teardown),
		cmocka_unit_test_setup_teardown(a_lock_on_the_folder_blocks_nobody, start, teardown),
	};

	return cmocka_run_group_tests_name("token_edit", tests, NULL, NULL);
}
