/* test_ring_names.c - a ring whose usual name, or the name of its copy, is taken by a foreign object. */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "recorderd/ring/ring_object.h"
#include "shared/ring/shm_name.h"
#include "tests/unit/support/ring_cases.h"

/* What another user can create in /dev/shm, where only that user can remove it. */
enum foreign_kind { FOREIGN_FOLDER, FOREIGN_PIPE, FOREIGN_LINK, FOREIGN_DANGLING, FOREIGN_SOCKET, FOREIGN_KINDS };

static void create_foreign(const char *path, enum foreign_kind kind)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	switch (kind) {
	case FOREIGN_FOLDER:
		assert_int_equal(mkdir(path, 0777), 0);
		break;
	case FOREIGN_PIPE:
		assert_int_equal(mkfifo(path, 0666), 0);
		break;
	case FOREIGN_LINK:
		assert_int_equal(symlink("/etc/passwd", path), 0);
		break;
	case FOREIGN_DANGLING:
		assert_int_equal(symlink("/dev/shm/recorder-nowhere", path), 0);
		break;
	case FOREIGN_SOCKET:
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
		assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
		break;
	case FOREIGN_KINDS:
		break;
	}
}

static void remove_foreign(const char *path)
{
	assert_int_equal(unlink(path) == 0 ? 0 : rmdir(path), 0);
}

static void a_foreign_object_with_the_copy_s_name_does_not_prevent_a_new_size(void **state)
{
	char path[120];

	(void)state;
	snprintf(path, sizeof(path), RING_FOLDER "%s.new", ring_case.name);
	for (enum foreign_kind kind = 0; kind < FOREIGN_KINDS; kind++) {
		uint64_t adopted;
		struct ring_writer *writer = open_writer_of(4 * MIB, 64, &adopted);
		put_frames(writer, 1, 10);
		ring_writer_detach(writer);
		create_foreign(path, kind);
		writer = open_writer_of(8 * MIB, 256, &adopted);
		if (!writer)
			fail_msg("%s", ring_case.why.text);
		assert_int_equal(adopted, 10);
		put_frames(writer, 11, 100);
		struct ring_reader *reader = open_reader();
		assert_int_equal(ring_reader_data_bytes(reader), 8 * MIB);
		assert_int_equal(assert_newest(reader, 110), 110);
		ring_reader_close(reader);
		ring_writer_close(writer);
		remove_foreign(path);
	}
}

static size_t other_names;

static void count_other_name(void *context, const char *name, const struct stat *status)
{
	(void)context;
	(void)name;
	(void)status;
	other_names++;
}

/* How many objects of the ring have a name other than the usual one. */
static size_t others(void)
{
	other_names = 0;
	shm_name_each_alternate(ring_case.name, count_other_name, NULL);
	return other_names;
}

/* The whole life of a ring whose usual name is taken by the object at `path`. */
static void live_with_another_name(const char *path)
{
	struct stat before, after;
	char published[SHM_NAME_BYTES];
	uint64_t adopted;

	assert_int_equal(lstat(path, &before), 0);
	struct ring_writer *writer = open_writer_of(4 * MIB, 64, &adopted);
	if (!writer)
		fail_msg("%s", ring_case.why.text);
	assert_true(strlen(ring_writer_name_warning(writer)) > 20);
	assert_non_null(strstr(ring_writer_name_warning(writer), path));
	assert_true(ring_writer_has_name(writer));
	put_frames(writer, 1, 10);
	struct ring_reader *reader = open_reader();
	assert_int_equal(assert_newest(reader, 10), 10);
	assert_true(ring_reader_is_current(reader, ring_case.name));
	ring_writer_detach(writer);
	/* A restart, and one with another size. */
	writer = open_writer_of(4 * MIB, 64, &adopted);
	assert_int_equal(adopted, 10);
	assert_true(ring_reader_is_current(reader, ring_case.name));
	ring_writer_detach(writer);
	writer = open_writer_of(8 * MIB, 256, &adopted);
	assert_int_equal(adopted, 10);
	assert_false(ring_reader_is_current(reader, ring_case.name));
	ring_reader_close(reader);
	put_frames(writer, 11, 5);
	/* Somebody removes the published name. */
	shm_name_withdraw(ring_case.name);
	assert_null(ring_reader_open(ring_case.name, &ring_case.why));
	ring_writer_republish_name(writer);
	reader = open_reader();
	assert_int_equal(assert_newest(reader, 15), 15);
	ring_writer_detach(writer);
	shm_name_withdraw(ring_case.name);
	writer = open_writer_of(8 * MIB, 256, &adopted);
	assert_int_equal(adopted, 15);
	assert_true(ring_reader_is_current(reader, ring_case.name));
	assert_int_equal(others(), 1);
	ring_writer_close(writer);
	assert_false(ring_reader_is_current(reader, ring_case.name));
	ring_reader_close(reader);
	assert_int_equal(others(), 0);
	assert_false(shm_name_find_published(ring_case.name, published));
	assert_int_equal(lstat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(before.st_size, after.st_size);
}

static void if_the_name_is_not_a_regular_file_the_ring_has_another(void **state)
{
	char path[100];

	(void)state;
	snprintf(path, sizeof(path), RING_FOLDER "%s", ring_case.name);
	for (enum foreign_kind kind = 0; kind < FOREIGN_KINDS; kind++) {
		create_foreign(path, kind);
		live_with_another_name(path);
		remove_foreign(path);
	}
}

static void if_the_name_is_another_user_s_the_ring_has_another(void **state)
{
	static const mode_t modes[] = {0666, 0640, 0600, 0000};
	char path[100];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(path, sizeof(path), RING_FOLDER "%s", ring_case.name);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(in_child(write_ten_and_die), 0);
		assert_int_equal(truncate(path, INT64_C(1) << 40), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_null(ring_reader_open(ring_case.name, &ring_case.why)); /* root could open it */
		assert_non_null(strstr(ring_case.why.text, "not trusted"));
		live_with_another_name(path);
		const struct passwd *nobody = getpwuid(65534);
		uint64_t adopted;
		struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
		assert_non_null(strstr(ring_writer_name_warning(writer), nobody ? nobody->pw_name : "65534"));
		ring_writer_close(writer);
		assert_int_equal(unlink(path), 0);
	}
}

static void when_the_name_is_free_the_ring_has_it_again(void **state)
{
	uint64_t adopted;
	char path[100], published[SHM_NAME_BYTES];

	(void)state;
	snprintf(path, sizeof(path), RING_FOLDER "%s", ring_case.name);
	assert_int_equal(mkfifo(path, 0666), 0);
	struct ring_writer *writer = open_writer_of(4 * MIB, 64, &adopted);
	assert_non_null(writer);
	put_frames(writer, 1, 10);
	ring_writer_detach(writer);
	struct ring_reader *reader = open_reader();
	assert_int_equal(unlink(path), 0);
	assert_true(ring_reader_is_current(reader, ring_case.name));
	writer = open_writer_of(4 * MIB, 64, &adopted);
	assert_int_equal(adopted, 10);
	assert_string_equal(ring_writer_name_warning(writer), "");
	assert_int_equal(others(), 0);
	assert_false(shm_name_find_published(ring_case.name, published));
	assert_true(ring_reader_is_current(reader, ring_case.name));
	put_frames(writer, 11, 3);
	assert_int_equal(assert_newest(reader, 13), 13);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* The file with the published name is bytes from outside: only a name of this ring is accepted. */
static void a_published_name_leads_to_no_other_object(void **state)
{
	static const char *const lines[] = {"",
					    "\n",
					    "/etc/passwd\n",
					    "%s\n",
					    "%s.0123456789abcde\n",
					    "%s.0123456789abcdeg\n",
					    "%s.0123456789abcdef",
					    "%s.0123456789abcdef0\n",
					    "%s/../passwd\n"};
	char file[USER_FOLDER_BYTES + SHM_NAME_BYTES], text[200], folder[USER_FOLDER_BYTES], got[SHM_NAME_BYTES];

	(void)state;
	assert_true(user_folder_create(folder, &ring_case.why));
	snprintf(file, sizeof(file), "%s%s", folder, ring_case.name);
	for (size_t i = 0; i <= sizeof(lines) / sizeof(lines[0]); i++) {
		bool valid = i == sizeof(lines) / sizeof(lines[0]);
		snprintf(text, sizeof(text), valid ? "%s.0123456789abcdef\n" : lines[i], ring_case.name);
		int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0640);
		assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
		close(fd);
		assert_int_equal(shm_name_find_published(ring_case.name, got), valid);
	}
	assert_int_equal(chmod(file, 0666), 0);
	assert_false(shm_name_find_published(ring_case.name, got));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("/etc/hostname", file), 0);
	assert_false(shm_name_find_published(ring_case.name, got));
	assert_int_equal(unlink(file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(a_foreign_object_with_the_copy_s_name_does_not_prevent_a_new_size),
		RING_CASE(if_the_name_is_not_a_regular_file_the_ring_has_another),
		RING_CASE(if_the_name_is_another_user_s_the_ring_has_another),
		RING_CASE(when_the_name_is_free_the_ring_has_it_again),
		RING_CASE(a_published_name_leads_to_no_other_object),
	};
	return cmocka_run_group_tests_name("ring_names", tests, name_ring, remove_ring);
}
