/* test_jpeg_splitter.c - the pictures in what programs and network cameras send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/buffer.h"
#include "shared/source/source_socket.h"
#include "source/jpeg_splitter.h"

/* SOI, APP1 with a thumbnail, SOS, data with a stuffed FF and a restart marker, fill bytes, EOI */
static const uint8_t picture[] = {0xff, 0xd8, 0xff, 0xe1, 0,    9, 0xff, 0xd8, 0xff, 0xda, 0xff, 0xd9, 'x',  0xff,
				  0xda, 0,    2,    'a',  0xff, 0, 'b',  0xff, 0xd0, 'c',  0xff, 0xff, 0xff, 0xd9};
static const uint8_t without_end[] = {0xff, 0xd8, 0xff, 0xda, 0, 2, 'a', 'b', 0, 0};
static const uint8_t leads_nowhere[] = {0xff, 0xd8, 0xff, 0xe0, 0, 4, 'a', 'b', 'c', 'd'};

static struct buffer stream;
static uint8_t found[4096];
static size_t sizes[16], count;

/* Reads the stream in pieces of that many bytes. Returns false if there are no pictures to be found. */
static bool split(size_t piece)
{
	struct jpeg_splitter splitter = {0};
	struct jpeg_part part;
	size_t from = 0, out = 0;

	count = 0;
	for (size_t to = 0; to < stream.length;) {
		enum jpeg_splitter_outcome outcome;

		to = stream.length - to < piece ? stream.length : to + piece;
		uint8_t *copy = malloc(to - from); /* so that a sanitizer sees each byte that is read beyond */
		memcpy(copy, stream.data + from, to - from);
		size_t used = 0;
		while ((outcome = jpeg_splitter_next(&splitter, copy + used, to - from - used, &part)) ==
		       JPEG_SPLITTER_PICTURE) {
			if (out + part.length <= sizeof(found) && count < 16) {
				memcpy(found + out, copy + used + part.begin, part.length);
				sizes[count++] = part.length;
				out += part.length;
			}
			used += part.begin + part.length;
		}
		from += used;
		free(copy);
		if (outcome == JPEG_SPLITTER_JUNK)
			return false;
	}
	return true;
}

static void add(const void *data, size_t bytes)
{
	buffer_append(&stream, data, bytes);
}

static void add_text(const char *text)
{
	add(text, strlen(text));
}

static int clear(void **state)
{
	(void)state;
	buffer_clear(&stream);
	return 0;
}

static void has_pictures(size_t number)
{
	for (size_t piece = 1; piece < 64; piece++) {
		assert_true(split(piece));
		assert_int_equal(count, number);
		for (size_t i = 0; i < number; i++) {
			assert_int_equal(sizes[i], sizeof(picture));
			assert_memory_equal(found + i * sizeof(picture), picture, sizeof(picture));
		}
	}
}

static void pictures_one_after_the_other_are_found(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		add(picture, sizeof(picture));
	has_pictures(3);
}

static void a_multipart_stream_needs_neither_lengths_nor_a_known_boundary(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		add_text("\r\n--whatever\r\nContent-Type: image/jpeg\r\nContent-Length: 999999\r\n\r\n");
		add(picture, sizeof(picture));
	}
	has_pictures(3);
}

static void a_picture_without_an_end_ends_where_the_next_one_begins(void **state)
{
	(void)state;
	add(without_end, sizeof(without_end));
	add_text("\r\n--b\r\n\r\n");
	add(picture, sizeof(picture));
	for (size_t piece = 1; piece < 64; piece++) {
		assert_true(split(piece));
		assert_int_equal(count, 2);
		assert_memory_equal(found, without_end, sizeof(without_end));
		assert_memory_equal(found + sizes[0], picture, sizeof(picture));
	}
}

static void a_picture_whose_segments_lead_nowhere_costs_no_other(void **state)
{
	(void)state;
	add(leads_nowhere, sizeof(leads_nowhere));
	add(picture, sizeof(picture));
	for (size_t piece = 1; piece < 64; piece++) {
		assert_true(split(piece));
		assert_int_equal(count, 2);
		assert_int_equal(sizes[0], sizeof(leads_nowhere));
		assert_memory_equal(found + sizes[0], picture, sizeof(picture));
	}
}

static void bytes_without_a_picture_are_given_up(void **state)
{
	static const char html[] = "<p>No camera here</p>";

	(void)state;
	for (size_t i = 0; i * sizeof(html) < JPEG_SPLITTER_JUNK_MAX - sizeof(html); i++)
		add(html, sizeof(html));
	assert_true(split(65536));
	for (int i = 0; i < 3; i++)
		add(html, sizeof(html));
	assert_false(split(65536));
	assert_int_equal(count, 0);
}

static void a_picture_without_bounds_is_given_up(void **state)
{
	uint8_t zeros[65536] = {0};

	(void)state;
	add(without_end, sizeof(without_end));
	while (stream.length <= SOURCE_PICTURE_MAX - sizeof(zeros))
		add(zeros, sizeof(zeros));
	assert_true(split(1 << 24));
	add(zeros, sizeof(zeros));
	assert_false(split(1 << 24));
}

static int end(void **state)
{
	(void)state;
	buffer_free(&stream);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pictures_one_after_the_other_are_found, clear),
		cmocka_unit_test_setup(a_multipart_stream_needs_neither_lengths_nor_a_known_boundary, clear),
		cmocka_unit_test_setup(a_picture_without_an_end_ends_where_the_next_one_begins, clear),
		cmocka_unit_test_setup(a_picture_whose_segments_lead_nowhere_costs_no_other, clear),
		cmocka_unit_test_setup(bytes_without_a_picture_are_given_up, clear),
		cmocka_unit_test_setup(a_picture_without_bounds_is_given_up, clear),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
