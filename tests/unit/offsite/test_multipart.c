/* test_multipart.c - objects in parts: which parts, what the store may say, and when an upload is another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "offsite/store/multipart.h"

#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)
#define NAME "v1/segments/door/x/20270115/000000000001-1800000000000000.mp4"

static bool begin(struct multipart *multipart, off_t bytes, const char *body)
{
	struct store_answer answer = {.status = 200, .length = strlen(body)};
	const struct stat file = {.st_ino = 1, .st_size = bytes};
	struct reason why;

	memcpy(answer.body, body, answer.length + 1);
	return multipart_begin(multipart, NAME, &file, &answer, &why);
}

static void parts_fit_into_what_stores_take(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {64 * MIB + 1, 100 * MIB, 5 * GIB, 160 * GIB, 5000 * GIB};

	assert_int_equal(multipart_part_bytes(100 * MIB), MULTIPART_PART_BYTES);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t part = multipart_part_bytes(sizes[i]);
		assert_true((sizes[i] + part - 1) / part <= MULTIPART_PARTS_MAX);
		assert_true(part >= 5 * MIB && part <= 5 * GIB);
	}
}

static void the_parts_are_the_whole_and_the_last_one_is_the_rest(void **state)
{
	(void)state;
	struct multipart multipart = {0};
	struct body body = {.ranges = {{.fd = 7, .bytes = 70 * MIB + 5}}, .count = 1};
	struct reason why;
	uint64_t at = 0;

	assert_true(begin(&multipart, 70 * MIB + 5, "<R><UploadId>2~a/b+c</UploadId></R>"));
	assert_string_equal(multipart.id, "2~a%2Fb%2Bc");
	assert_int_equal(multipart.count, 5);
	while (multipart.done < multipart.count) {
		struct body part = multipart_next(&multipart, &body);
		assert_int_equal(part.ranges[0].fd, 7);
		assert_int_equal(part.ranges[0].at, at);
		at += body_bytes(&part);
		assert_true(multipart_add(&multipart, "\"0af\"", &why));
	}
	assert_int_equal(at, 70 * MIB + 5);
	multipart_forget(&multipart);
}

static void the_document_names_each_part_with_its_etag(void **state)
{
	(void)state;
	struct multipart multipart = {0};
	struct buffer document = {0};
	struct reason why;

	assert_true(begin(&multipart, 65 * MIB, "<UploadId>u</UploadId>"));
	assert_true(multipart_add(&multipart, "\"aa\"", &why));
	assert_true(multipart_add(&multipart, "\"bb\"", &why));
	multipart_document(&multipart, &document);
	buffer_u8(&document, '\0');
	assert_string_equal((char *)document.data,
			    "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			    "<Part><PartNumber>1</PartNumber><ETag>\"aa\"</ETag></Part>"
			    "<Part><PartNumber>2</PartNumber><ETag>\"bb\"</ETag></Part></CompleteMultipartUpload>");
	buffer_free(&document);
	multipart_forget(&multipart);
}

static void what_the_store_says_is_checked(void **state)
{
	(void)state;
	struct multipart multipart = {0};
	struct reason why;
	char longest[MULTIPART_ID_BYTES + 40];
	static const char *const bad[] = {"",
					  "<UploadId></UploadId>",
					  "<UploadId>a b</UploadId>",
					  "<UploadId>a&amp;b</UploadId>",
					  "<UploadId>a\nb</UploadId>",
					  "<UploadId>not finished"};
	static const char *const bad_etags[] = {"", "\"a b\"", "<Part>", "&quot;"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(begin(&multipart, 65 * MIB, bad[i]));
	snprintf(longest, sizeof(longest), "<UploadId>%0*d</UploadId>", MULTIPART_ID_BYTES, 0);
	assert_false(begin(&multipart, 65 * MIB, longest));
	assert_true(begin(&multipart, 65 * MIB, "<UploadId>u</UploadId>"));
	for (size_t i = 0; i < sizeof(bad_etags) / sizeof(bad_etags[0]); i++)
		assert_false(multipart_add(&multipart, bad_etags[i], &why));
	snprintf(longest, sizeof(longest), "%0*d", MULTIPART_ETAG_BYTES, 0);
	assert_false(multipart_add(&multipart, longest, &why));
	assert_int_equal(multipart.done, 0);
	multipart_forget(&multipart);
}

static void a_file_that_has_changed_is_another_upload(void **state)
{
	(void)state;
	struct multipart multipart = {0};
	struct stat file = {.st_ino = 1, .st_size = 65 * MIB};

	assert_false(multipart_matches(&multipart, NAME, &file));
	assert_true(begin(&multipart, file.st_size, "<UploadId>u</UploadId>"));
	assert_true(multipart_matches(&multipart, NAME, &file));
	assert_false(multipart_matches(&multipart, "v1/clips/other.mp4", &file));
	file.st_mtim.tv_nsec++;
	assert_false(multipart_matches(&multipart, NAME, &file));
	multipart_forget(&multipart);
	assert_false(multipart_matches(&multipart, NAME, &file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_fit_into_what_stores_take),
		cmocka_unit_test(the_parts_are_the_whole_and_the_last_one_is_the_rest),
		cmocka_unit_test(the_document_names_each_part_with_its_etag),
		cmocka_unit_test(what_the_store_says_is_checked),
		cmocka_unit_test(a_file_that_has_changed_is_another_upload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
