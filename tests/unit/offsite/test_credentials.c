/* test_credentials.c - the key of the store: what a file may look like, who may read it, and that a new one is noticed. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/store/credentials.h"
#include "tests/unit/support/media_cases.h"

static const char *key_file(const char *text, mode_t mode, char path[PATH_BYTES])
{
	unlink(path_of("store.key", path));
	file_write(path, text, strlen(text));
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void a_key_has_two_lines_or_three(void **state)
{
	(void)state;
	struct store_key key;
	struct reason why;
	static const char *const bad[] = {"",
					  "id\n",
					  "id\n\n",
					  "id hush\n",
					  "\nid\nhush\n",
					  "id\nhu sh\n",
					  "id\nhush\n\n",
					  "id\nhush\ntoken\nmore\n"};

	assert_true(store_key_parse("test:tester\nse/cr+et", 20, &key, &why));
	assert_string_equal(key.id, "test:tester");
	assert_string_equal(key.secret, "se/cr+et");
	assert_string_equal(key.token, "");
	assert_true(store_key_parse("id\r\nsecret\r\ntoken==\r\n", 21, &key, &why));
	assert_string_equal(key.secret, "secret");
	assert_string_equal(key.token, "token==");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(store_key_parse(bad[i], strlen(bad[i]), &key, &why));
		assert_null(strstr(why.text, "hu"));
	}
	assert_false(store_key_parse("id\nse\0cret\n", 11, &key, &why));
}

static void a_file_that_others_may_read_is_refused(void **state)
{
	(void)state;
	char path[PATH_BYTES];
	struct reason why;
	struct credentials *credentials = credentials_open(path_of("store.key", path), false);

	assert_non_null(credentials);
	key_file("id\nsecret\n", 0440, path);
	assert_null(credentials_get(credentials, &why));
	assert_non_null(strstr(why.text, "chmod 400"));
	key_file("id\nsecret\n", 0404, path);
	assert_null(credentials_get(credentials, &why));
	key_file("id\nsecret\n", 0400, path);
	assert_non_null(credentials_get(credentials, &why));
	unlink(path);
	assert_null(credentials_get(credentials, &why));
	assert_non_null(strstr(why.text, "No such file"));
	credentials_close(credentials);
	credentials =
		credentials_open(path, true); /* systemd's, with an access list that shows as a right of the group */
	key_file("id\nsecret\n", 0440, path);
	assert_non_null(credentials_get(credentials, &why));
	credentials_close(credentials);
}

static void a_new_key_is_noticed_and_a_damaged_one_is_no_key(void **state)
{
	(void)state;
	char path[PATH_BYTES];
	struct reason why;
	struct credentials *credentials = credentials_open(path_of("store.key", path), false);

	key_file("id\nsecret\n", 0400, path);
	assert_string_equal(credentials_get(credentials, &why)->secret, "secret");
	key_file("id2\nsecret2\ntoken\n", 0400, path);
	assert_string_equal(credentials_get(credentials, &why)->secret, "secret2");
	assert_string_equal(credentials_get(credentials, &why)->token, "token");
	key_file("id2\n", 0400, path);
	assert_null(credentials_get(credentials, &why));
	assert_null(credentials_get(credentials, &why));
	assert_non_null(strstr(why.text, "secret on the second"));
	key_file("id3\nsecret3\n", 0400, path);
	assert_string_equal(credentials_get(credentials, &why)->id, "id3");
	credentials_close(credentials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_has_two_lines_or_three),
		cmocka_unit_test(a_file_that_others_may_read_is_refused),
		cmocka_unit_test(a_new_key_is_noticed_and_a_damaged_one_is_no_key),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
