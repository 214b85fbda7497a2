/* test_list_document.c - lists of objects as stores write them, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "offsite/store/list_document.h"
#include "tests/unit/support/media_cases.h"

#define BEGIN                                                                                                          \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "                                                 \
	"xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define END "</ListBucketResult>"

struct seen {
	struct list_item items[4];
	size_t count;
};

static bool take(const struct list_item *item, void *context)
{
	struct seen *seen = context;

	if (seen->count == sizeof(seen->items) / sizeof(seen->items[0]))
		return false;
	seen->items[seen->count++] = *item;
	return true;
}

static bool parse(const char *text, struct seen *seen, struct list_page *page)
{
	*seen = (struct seen){0};
	return list_document_parse(text, strlen(text), take, seen, page);
}

static void keys_prefixes_and_the_token_are_read(void **state)
{
	struct list_page page;
	struct seen seen;

	(void)state;
	assert_true(parse(BEGIN "<Name>footage</Name><Prefix>v1/</Prefix><IsTruncated>true</IsTruncated>"
				"<Contents><Key>v1/days/a&amp;b</Key><ETag>&quot;0f&quot;</ETag><Size>28</Size>"
				"<Owner><ID>x</ID></Owner></Contents>"
				"<CommonPrefixes><Prefix>v1/live/door/</Prefix></CommonPrefixes>"
				"<NextContinuationToken>a+/=</NextContinuationToken>" END,
			  &seen, &page));
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.items[0].name, "v1/days/a&b");
	assert_string_equal(seen.items[0].etag, "\"0f\"");
	assert_int_equal(seen.items[0].bytes, 28);
	assert_string_equal(seen.items[1].name, "v1/live/door/");
	assert_true(page.truncated);
	assert_string_equal(page.token, "a+/=");

	assert_true(parse(BEGIN "<IsTruncated>false</IsTruncated>" END, &seen, &page));
	assert_int_equal(seen.count, 0);
	assert_false(page.truncated);
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"<html><body>It works!</body></html>",
		"<Error><Code>NoSuchBucket</Code></Error>",
		BEGIN "<Contents><Key>a</Key>" END,
		BEGIN "<Contents><Key>a</Key><Size>-1</Size></Contents>" END,
		BEGIN "<Contents><Key>a</Key><Size>1e9</Size></Contents>" END,
		BEGIN "<IsTruncated>true</IsTruncated>" END,
		BEGIN END "<ListBucketResult/>",
		"<!DOCTYPE l [<!ENTITY a "
		"\"aaaaaaaa\">]><ListBucketResult><Contents><Key>&a;</Key></Contents></ListBucketResult>",
		BEGIN "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>" END,
	};
	struct list_page page;
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], &seen, &page))
			fail_msg("accepted: %s", bad[i]);
}

static void a_key_that_no_object_of_ours_can_have_is_skipped(void **state)
{
	char text[2048] = BEGIN "<Contents><Key>";
	struct list_page page;
	struct seen seen;

	(void)state;
	memset(text + strlen(text), 'x', 1024);
	strcat(text, "</Key></Contents><Contents><Key>v1/b</Key></Contents>" END);
	assert_true(parse(text, &seen, &page));
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.items[0].name, "v1/b");
}

static void the_receiver_may_end_the_list(void **state)
{
	struct list_page page;
	struct seen seen;

	(void)state;
	assert_false(parse(
		BEGIN
		"<Contents><Key>1</Key></Contents><Contents><Key>2</Key></Contents><Contents><Key>3</Key></Contents>"
		"<Contents><Key>4</Key></Contents><Contents><Key>5</Key></Contents>" END,
		&seen, &page));
	assert_int_equal(seen.count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_prefixes_and_the_token_are_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_key_that_no_object_of_ours_can_have_is_skipped),
		cmocka_unit_test(the_receiver_may_end_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
