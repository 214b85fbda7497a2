/* test_archive_id.c - the id of a recordings folder: kept on its machine, renewed on another, never taken from junk. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/store/archive_id.h"
#include "tests/unit/support/media_cases.h"

static int folder = -1;

static int open_folder(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	folder = open(media_folder, O_RDONLY | O_DIRECTORY);
	return folder < 0 ? -1 : 0;
}

static int close_folder(void **state)
{
	close(folder);
	return remove_folder(state);
}

/* A file with a machine's id. */
static const char *machine(const char *name, const char *id, char path[PATH_BYTES])
{
	file_write(path_of(name, path), id, strlen(id));
	return path;
}

/* Without a serial number. */
static bool ensure(const char *machine_id, struct archive_id *out)
{
	const struct archive_id_sources sources = {machine_id, "/nonexistent"};

	return archive_id_ensure(folder, &sources, out);
}

static int no_id(void **state)
{
	(void)state;
	return unlinkat(folder, ARCHIVE_ID_FILE, 0) == 0 || errno == ENOENT ? 0 : -1;
}

static void an_id_is_made_once(void **state)
{
	(void)state;
	char path[PATH_BYTES];
	struct archive_id first, again, read;

	errno = 0;
	assert_false(archive_id_read(folder, &read));
	assert_int_equal(errno, ENOENT);
	assert_true(ensure(machine("m1", "0123\n", path), &first));
	assert_true(archive_id_valid(first.id));
	assert_true(ensure(path, &again));
	assert_true(archive_id_read(folder, &read));
	assert_string_equal(again.id, first.id);
	assert_string_equal(read.id, first.id);
}

static void a_copied_folder_gets_another_id_on_another_machine(void **state)
{
	(void)state;
	char path[PATH_BYTES];
	struct archive_id first, other;

	assert_true(ensure(machine("m1", "0123\n", path), &first));
	assert_true(ensure(machine("m2", "4567\n", path), &other));
	assert_string_not_equal(other.id, first.id);
}

static void a_machine_without_an_id_keeps_the_one_of_the_folder(void **state)
{
	(void)state;
	char path[PATH_BYTES];
	struct archive_id first, unknown, later;

	assert_true(ensure(machine("m1", "0123\n", path), &first));
	assert_true(ensure(path_of("nothing", path), &unknown));
	assert_string_equal(unknown.id, first.id);
	assert_int_equal(no_id(state), 0);
	assert_true(ensure(path, &unknown));
	assert_true(ensure(machine("m1", "0123\n", path), &later));
	assert_string_equal(later.id, unknown.id);
}

static void a_damaged_file_is_no_id_and_is_replaced(void **state)
{
	(void)state;
	char path[PATH_BYTES], id_path[PATH_BYTES];
	struct archive_id id, read;
	static const char *const damaged[] = {"", "00112233445566778899aabbccddeeff\n", "../../etc 0\n"};

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		file_write(path_of(ARCHIVE_ID_FILE, id_path), damaged[i], strlen(damaged[i]));
		errno = 0;
		assert_false(archive_id_read(folder, &read));
		assert_int_equal(errno, EBADMSG);
		assert_true(ensure(machine("m1", "0123\n", path), &id));
		assert_true(archive_id_read(folder, &read));
		assert_string_equal(read.id, id.id);
	}
}

static void only_the_exact_line_is_an_id(void **state)
{
	(void)state;
	char line[] = "00112233445566778899aabbccddeeff "
		      "0000000000000000000000000000000000000000000000000000000000000000\n";
	struct archive_id id;

	assert_true(archive_id_parse(line, ARCHIVE_ID_TEXT_BYTES, &id));
	assert_string_equal(id.id, "00112233445566778899aabbccddeeff");
	assert_false(archive_id_parse(line, ARCHIVE_ID_TEXT_BYTES - 1, &id));
	line[3] = 'A';
	assert_false(archive_id_parse(line, ARCHIVE_ID_TEXT_BYTES, &id));
	line[3] = '\0';
	assert_false(archive_id_parse(line, ARCHIVE_ID_TEXT_BYTES, &id));
}

static void the_copy_of_a_card_gets_another_id_in_another_board(void **state)
{
	(void)state;
	char id[PATH_BYTES], serial[PATH_BYTES];
	struct archive_id first, again, other;
	struct archive_id_sources sources = {machine("m1", "0123\n", id), machine("s1", "10000000a1", serial)};

	assert_true(archive_id_ensure(folder, &sources, &first));
	assert_true(archive_id_ensure(folder, &sources, &again));
	assert_string_equal(again.id, first.id);
	sources.serial_number = machine("s2", "10000000b2", serial);
	assert_true(archive_id_ensure(folder, &sources, &other));
	assert_string_not_equal(other.id, first.id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_id_is_made_once, no_id),
		cmocka_unit_test_setup(a_copied_folder_gets_another_id_on_another_machine, no_id),
		cmocka_unit_test_setup(a_machine_without_an_id_keeps_the_one_of_the_folder, no_id),
		cmocka_unit_test_setup(a_damaged_file_is_no_id_and_is_replaced, no_id),
		cmocka_unit_test(only_the_exact_line_is_an_id),
		cmocka_unit_test_setup(the_copy_of_a_card_gets_another_id_in_another_board, no_id),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
