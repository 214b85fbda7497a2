/* test_partial_files.c - a response waits for bytes that are not there, and never sends others: fcgi/io/virtual_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <fastcgi.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/response_writer.h"
#include "shared/segment/block_map.h"

#define NAME       "recording_20260517_102300.mp4"
#define BLOCKS     4u
#define FILE_BYTES (BLOCKS * FETCH_BLOCK_BYTES - 1000u)
#define FROM       5000u
#define HEAD       "Status: 200\r\n\r\n"

static char folder_path[] = "/tmp/recorder-partial-XXXXXX";
static int folder;
static uint8_t *whole; /* FILE_BYTES */

static int make_folder(void **state)
{
	(void)state;
	folder = mkdtemp(folder_path) ? open(folder_path, O_RDONLY | O_DIRECTORY) : -1;
	whole = malloc(FILE_BYTES);
	for (size_t i = 0; whole && i < FILE_BYTES; i++)
		whole[i] = (uint8_t)(1 + i % 251);
	return folder < 0 || !whole;
}

static int remove_folder(void **state)
{
	(void)state;
	unlinkat(folder, NAME FETCH_BLOCKS_SUFFIX, 0);
	unlinkat(folder, NAME, 0);
	close(folder);
	free(whole);
	return rmdir(folder_path);
}

/* Makes the file, of which nothing is there. */
static void make_file(void)
{
	struct fetch_blocks header = {.magic = FETCH_BLOCKS_MAGIC, .file_bytes = FILE_BYTES};

	unlinkat(folder, NAME FETCH_BLOCKS_SUFFIX, 0);
	unlinkat(folder, NAME, 0);
	int fd = openat(folder, NAME, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	close(fd);
	fd = openat(folder, NAME FETCH_BLOCKS_SUFFIX, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, "", 1), 1);
	close(fd);
}

/* As recorder-fetch does: the bytes, then the bit. */
static void fill(unsigned block)
{
	size_t at = block * (size_t)FETCH_BLOCK_BYTES, end = at + FETCH_BLOCK_BYTES;
	int fd = openat(folder, NAME, O_WRONLY), map = openat(folder, NAME FETCH_BLOCKS_SUFFIX, O_RDWR);
	uint8_t bits;

	end = end < FILE_BYTES ? end : FILE_BYTES;
	assert_int_equal(pwrite(fd, whole + at, end - at, (off_t)at), end - at);
	assert_int_equal(pread(map, &bits, 1, sizeof(struct fetch_blocks)), 1);
	bits |= (uint8_t)(1u << block);
	assert_int_equal(pwrite(map, &bits, 1, sizeof(struct fetch_blocks)), 1);
	close(fd);
	close(map);
}

/* Bytes [FROM, FILE_BYTES) of the file; lazy: known by its name. The first block is there. */
static struct virtual_file *open_file(bool lazy)
{
	struct virtual_file *file = virtual_file_create();
	struct block_map *map;

	make_file();
	fill(0);
	int fd = block_map_open(folder, NAME, &map);
	assert_true(fd >= 0);
	if (lazy) {
		assert_true(virtual_file_add_lazy_file(file, folder, NAME, fd, true));
		assert_true(virtual_file_append_lazy_range(file, FROM, FILE_BYTES - FROM));
		block_map_close(map);
		close(fd);
	} else {
		assert_true(virtual_file_adopt_partial(file, fd, map, folder));
		assert_true(virtual_file_append_range(file, fd, FROM, FILE_BYTES - FROM));
	}
	return file;
}

/* Sends all that can be sent, and appends it to `got`; returns what ended that. */
static enum response_writer_outcome send_all(struct response_writer *writer, const int pair[2], struct buffer *got)
{
	static uint8_t scratch[1 << 16], received[1 << 18];
	enum response_writer_outcome outcome = RESPONSE_WRITER_BLOCKED;

	while (outcome == RESPONSE_WRITER_BLOCKED) {
		outcome = response_writer_send(writer, pair[0], scratch, sizeof(scratch));
		ssize_t n = recv(pair[1], received, sizeof(received), MSG_DONTWAIT);
		if (n > 0)
			buffer_append(got, received, (size_t)n);
	}
	return outcome;
}

static struct response_writer writer_of(struct virtual_file *file)
{
	struct response_writer writer = {.file = file, .end = virtual_file_size(file)};

	fastcgi_append(&writer.head, HEAD, strlen(HEAD));
	return writer;
}

/* The content of the records (FastCGI specification 1.0, section 3.3) is the head and the bytes of the file. */
static void assert_content(const struct buffer *got)
{
	struct buffer content = {0};
	size_t at = 0;

	while (at + FCGI_HEADER_LEN <= got->length && got->data[at + 1] == FCGI_STDOUT) {
		size_t length = (size_t)got->data[at + 4] << 8 | got->data[at + 5];
		buffer_append(&content, got->data + at + FCGI_HEADER_LEN, length);
		at += FCGI_HEADER_LEN + length + got->data[at + 6];
	}
	assert_int_equal(content.length, strlen(HEAD) + FILE_BYTES - FROM);
	assert_memory_equal(content.data + strlen(HEAD), whole + FROM, FILE_BYTES - FROM);
	buffer_free(&content);
}

static void waits_for_each_block(bool lazy)
{
	struct response_writer writer = writer_of(open_file(lazy));
	struct buffer got = {0};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	for (unsigned block = 1; block < BLOCKS; block++) {
		assert_int_equal(send_all(&writer, pair, &got), RESPONSE_WRITER_LACKS_BYTES);
		assert_string_equal(writer.need.file, NAME);
		assert_int_equal(writer.need.from, block * FETCH_BLOCK_BYTES);
		assert_int_equal(response_writer_file_position(&writer), block * FETCH_BLOCK_BYTES - FROM);
		fill(block);
		assert_true(virtual_file_renew(writer.file, &writer.need));
	}
	assert_int_equal(send_all(&writer, pair, &got), RESPONSE_WRITER_DONE);
	assert_content(&got);
	buffer_free(&got);
	response_writer_free(&writer);
	close(pair[0]);
	close(pair[1]);
}

static void a_response_waits_for_each_block_and_is_then_whole(void **state)
{
	(void)state;
	waits_for_each_block(false);
}

static void a_file_that_is_opened_by_name_waits_as_well(void **state)
{
	(void)state;
	waits_for_each_block(true);
}

/* The descriptor that is open gets no more blocks then. */
static void left_the_cache(bool lazy)
{
	struct response_writer writer = writer_of(open_file(lazy));
	struct buffer got = {0};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(send_all(&writer, pair, &got), RESPONSE_WRITER_LACKS_BYTES);
	make_file();
	fill(1);
	assert_true(virtual_file_renew(writer.file, &writer.need));
	assert_int_equal(send_all(&writer, pair, &got), RESPONSE_WRITER_LACKS_BYTES);
	assert_int_equal(writer.need.from, 0); /* which segment it is, first */
	for (unsigned block = 0; block < BLOCKS; block++)
		fill(block);
	assert_true(virtual_file_renew(writer.file, &writer.need));
	assert_int_equal(send_all(&writer, pair, &got), RESPONSE_WRITER_DONE);
	assert_content(&got);
	buffer_free(&got);
	response_writer_free(&writer);
	close(pair[0]);
	close(pair[1]);
}

static void what_left_the_cache_meanwhile_is_read_from_the_file_that_was_made_again(void **state)
{
	(void)state;
	left_the_cache(false);
	left_the_cache(true);
}

static void reading_what_is_not_there_fails(void **state)
{
	struct virtual_file *file = open_file(false);
	struct virtual_file_extent extent;
	uint8_t byte;

	(void)state;
	assert_int_equal(virtual_file_read(file, FETCH_BLOCK_BYTES - FROM, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_false(virtual_file_extent_at(file, FETCH_BLOCK_BYTES - FROM, &extent));
	assert_true(virtual_file_extent_at(file, 0, &extent));
	assert_int_equal(extent.length, FETCH_BLOCK_BYTES - FROM);
	virtual_file_unref(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_waits_for_each_block_and_is_then_whole),
		cmocka_unit_test(a_file_that_is_opened_by_name_waits_as_well),
		cmocka_unit_test(what_left_the_cache_meanwhile_is_read_from_the_file_that_was_made_again),
		cmocka_unit_test(reading_what_is_not_there_fails),
	};

	return cmocka_run_group_tests_name("partial_files", tests, make_folder, remove_folder);
}
