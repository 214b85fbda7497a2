/* test_response_writer.c - responses of memory and files arrive complete, whatever the socket and the reader's pace. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <fastcgi.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/response_writer.h"
#include "fcgi/io/zero_copy.h"

#define FILE_BYTES 200000u

/* Replaces the check of the kernel: each test runs both ways. */
static bool sharing;

bool zero_copy_is_supported(void)
{
	return sharing;
}

static unsigned pages_sent; /* calls of sendfile() that sent something */

/* If a long has 32 bits, the older call has a 32-bit offset. */
#ifdef SYS_sendfile64
#define SENDFILE_CALL SYS_sendfile64
#else
#define SENDFILE_CALL SYS_sendfile
#endif

/* Replaces that of the C library. */
ssize_t sendfile(int out, int in, off_t *at, size_t length)
{
	ssize_t sent = syscall(SENDFILE_CALL, out, in, at, length);

	pages_sent += sent > 0;
	return sent;
}

static uint8_t pattern[FILE_BYTES * 2];

static int pattern_fd(void)
{
	int fd = memfd_create("pattern", MFD_CLOEXEC);

	assert_int_equal(write(fd, pattern, sizeof(pattern)), sizeof(pattern));
	return fd;
}

/* A head and ranges of two files out of order; `expected` gets the same bytes. */
static struct virtual_file *mixed_file(size_t head_bytes, struct buffer *expected)
{
	struct virtual_file *file = virtual_file_create();
	struct buffer head = {0};
	int one = pattern_fd(), two = pattern_fd();

	assert_non_null(file);
	buffer_append(&head, pattern, head_bytes);
	buffer_append(expected, pattern, head_bytes);
	assert_true(virtual_file_adopt_fd(file, one) && virtual_file_adopt_fd(file, two));
	assert_true(virtual_file_append_range(file, one, 1000, 70000));
	buffer_append(expected, pattern + 1000, 70000);
	assert_true(virtual_file_append_range(file, two, 0, 1));
	buffer_append(expected, pattern, 1);
	assert_true(virtual_file_append_range(file, one, 5, FILE_BYTES));
	buffer_append(expected, pattern + 5, FILE_BYTES);
	assert_true(virtual_file_set_head(file, &head));
	assert_int_equal(virtual_file_size(file), expected->length);
	return file;
}

/* Joins the contents of the records. The end must have arrived. */
static struct buffer contents_of(const struct buffer *stream)
{
	struct buffer out = {0};
	size_t at = 0;

	while (at + 8 <= stream->length && stream->data[at + 1] == FCGI_STDOUT) {
		size_t length = (size_t)stream->data[at + 4] << 8 | stream->data[at + 5];
		assert_true(at + 8 + length <= stream->length);
		assert_int_equal(stream->data[at], 1);
		buffer_append(&out, stream->data + at + 8, length);
		at += 8 + length;
		if (length == 0)
			break;
	}
	assert_int_equal(stream->length - at, 16);
	assert_int_equal(stream->data[at + 1], FCGI_END_REQUEST);
	return out;
}

/* Sends through a socket with that buffer to a reader that takes up to `bite` bytes whenever the socket is full. */
static struct buffer sent_through(struct response_writer *writer, int sndbuf, size_t bite, size_t scratch_bytes)
{
	struct buffer stream = {0};
	uint8_t *scratch = malloc(scratch_bytes), *bytes = malloc(bite);
	enum response_writer_outcome outcome;
	int ends[2];
	ssize_t got;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)), 0);
	while ((outcome = response_writer_send(writer, ends[0], scratch, scratch_bytes)) == RESPONSE_WRITER_BLOCKED) {
		got = recv(ends[1], bytes, bite, MSG_DONTWAIT);
		assert_true(got > 0);
		buffer_append(&stream, bytes, (size_t)got);
	}
	assert_int_equal(outcome, RESPONSE_WRITER_DONE);
	close(ends[0]);
	while ((got = recv(ends[1], bytes, bite, 0)) > 0)
		buffer_append(&stream, bytes, (size_t)got);
	close(ends[1]);
	free(scratch);
	free(bytes);
	return stream;
}

static void assert_leaves_whole(size_t head_bytes, uint64_t first, uint64_t cut, int sndbuf, size_t bite,
				size_t scratch)
{
	struct buffer expected = {0};
	struct response_writer writer = {.file = mixed_file(head_bytes, &expected)};

	writer.first = first;
	writer.end = expected.length - cut;
	fastcgi_append(&writer.head, "Status: 200\r\n\r\n", 15);
	pages_sent = 0;
	struct buffer stream = sent_through(&writer, sndbuf, bite, scratch);
	/* What is sent of the first range together with the head is copied. */
	assert_int_equal(pages_sent > 0, sharing && writer.end - first > scratch);
	assert_false(writer.copies);
	struct buffer got = contents_of(&stream);
	assert_int_equal(got.length, 15 + writer.end - first);
	assert_memory_equal(got.data, "Status: 200\r\n\r\n", 15);
	assert_memory_equal(got.data + 15, expected.data + first, (size_t)(writer.end - first));
	response_writer_free(&writer);
	buffer_free(&stream);
	buffer_free(&got);
	buffer_free(&expected);
}

static void everything_arrives_through_sockets_of_any_size(void **state)
{
	static const int sndbufs[] = {2048, 4608, 24576, 200000, 1000000};

	(void)state;
	for (size_t i = 0; i < sizeof(sndbufs) / sizeof(sndbufs[0]); i++)
		assert_leaves_whole(5000, 0, 0, sndbufs[i], 300000, 32768);
}

static void a_slow_reader_gets_the_same(void **state)
{
	(void)state;
	assert_leaves_whole(70000, 0, 0, 4608, 997, 32768);
	assert_leaves_whole(3, 0, 0, 4608, 4099, 100);
}

static void ranges_begin_and_end_anywhere(void **state)
{
	(void)state;
	for (uint64_t first = 0; first < 270000; first += 9973)
		assert_leaves_whole(9000, first, first % 501, 50000, 65536, 32768);
	assert_leaves_whole(9000, 279000, 0, 50000, 65536, 32768);
}

static void a_long_head_is_not_kept_in_memory(void **state)
{
	(void)state;
	struct virtual_file *file = virtual_file_create();
	struct buffer head = {0};
	uint8_t got[100];

	assert_true(buffer_reserve(&head, VIRTUAL_FILE_HEAD_MAX + 100));
	head.length = VIRTUAL_FILE_HEAD_MAX + 100;
	for (size_t i = 0; i < head.length; i++)
		head.data[i] = (uint8_t)(i * 7);
	assert_true(virtual_file_set_head(file, &head));
	assert_null(head.data);
	assert_int_equal(virtual_file_size(file), VIRTUAL_FILE_HEAD_MAX + 100);
	assert_int_equal(virtual_file_read(file, VIRTUAL_FILE_HEAD_MAX, got, sizeof(got)), sizeof(got));
	for (size_t i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], (uint8_t)((VIRTUAL_FILE_HEAD_MAX + i) * 7));
	virtual_file_unref(file);
}

static void a_truncated_file_ends_the_connection(void **state)
{
	uint8_t scratch[4096], sink[65536];
	struct response_writer writer = {.file = virtual_file_create()};
	int ends[2], fd = pattern_fd();
	enum response_writer_outcome outcome;

	(void)state;
	assert_true(virtual_file_adopt_fd(writer.file, fd) &&
		    virtual_file_append_range(writer.file, fd, 0, FILE_BYTES));
	writer.end = FILE_BYTES;
	assert_int_equal(ftruncate(fd, 1000), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	while ((outcome = response_writer_send(&writer, ends[0], scratch, sizeof(scratch))) == RESPONSE_WRITER_BLOCKED)
		assert_true(recv(ends[1], sink, sizeof(sink), MSG_DONTWAIT) > 0);
	assert_int_equal(outcome, RESPONSE_WRITER_FAILED);
	close(ends[0]);
	close(ends[1]);
	response_writer_free(&writer);
}

/* /proc has files that can be read but not spliced; so do some file systems. */
static void a_file_without_sendfile_is_copied(void **state)
{
	uint8_t own[1024];
	struct response_writer writer = {.file = virtual_file_create()};
	int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);

	(void)state;
	ssize_t length = read(fd, own, sizeof(own));
	assert_true(length > 30);
	assert_true(virtual_file_adopt_fd(writer.file, fd) &&
		    virtual_file_append_range(writer.file, fd, 0, (uint64_t)length));
	writer.end = (uint64_t)length;
	struct buffer stream = sent_through(&writer, 50000, 4096, 4096);
	assert_true(writer.copies);
	struct buffer got = contents_of(&stream);
	assert_int_equal(got.length, length);
	assert_memory_equal(got.data, own, (size_t)length);
	response_writer_free(&writer);
	buffer_free(&stream);
	buffer_free(&got);
}

static void a_closed_peer_is_noticed(void **state)
{
	uint8_t scratch[4096];
	struct buffer expected = {0};
	struct response_writer writer = {.file = mixed_file(10, &expected)};
	int ends[2];

	(void)state;
	writer.end = expected.length;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	close(ends[1]);
	assert_int_equal(response_writer_send(&writer, ends[0], scratch, sizeof(scratch)), RESPONSE_WRITER_FAILED);
	close(ends[0]);
	response_writer_free(&writer);
	buffer_free(&expected);
}

/* The last record fills the socket, so its end has to wait, and the peer may close meanwhile. */
static void content_without_its_end_is_delivered(void **state)
{
	uint8_t scratch[FASTCGI_TURN_BYTES], sink[FASTCGI_TURN_BYTES];
	struct response_writer writer = {.file = virtual_file_create(), .end = FILE_BYTES};
	int ends[2], fd = pattern_fd(), sndbuf = 4608;
	enum response_writer_outcome outcome;

	(void)state;
	assert_true(virtual_file_adopt_fd(writer.file, fd) &&
		    virtual_file_append_range(writer.file, fd, 0, FILE_BYTES));
	fastcgi_append(&writer.head, "Status: 200\r\n\r\n", 15);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)), 0);
	do {
		assert_false(response_writer_is_delivered(&writer) && writer.sent < FILE_BYTES);
		outcome = response_writer_send(&writer, ends[0], scratch, sizeof(scratch));
		if (!response_writer_is_delivered(&writer))
			assert_true(recv(ends[1], sink, sizeof(sink), 0) > 0);
	} while (outcome == RESPONSE_WRITER_BLOCKED && !response_writer_is_delivered(&writer));
	assert_true(response_writer_is_delivered(&writer));
	close(ends[1]);
	close(ends[0]);
	response_writer_free(&writer);
	assert_false(response_writer_is_delivered(&writer));
}

static int share_pages(void **state)
{
	(void)state;
	sharing = true;
	return 0;
}

static int copy_pages(void **state)
{
	(void)state;
	sharing = false;
	return 0;
}

#define BOTH_WAYS(test)                                                                                                \
	{#test ", sharing pages", test, share_pages, NULL, NULL},                                                      \
	{                                                                                                              \
#test ", copying", test, copy_pages, NULL, NULL                                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(everything_arrives_through_sockets_of_any_size),
		BOTH_WAYS(a_slow_reader_gets_the_same),
		BOTH_WAYS(ranges_begin_and_end_anywhere),
		BOTH_WAYS(a_truncated_file_ends_the_connection),
		BOTH_WAYS(a_closed_peer_is_noticed),
		BOTH_WAYS(content_without_its_end_is_delivered),
		cmocka_unit_test_setup(a_file_without_sendfile_is_copied, share_pages),
		cmocka_unit_test(a_long_head_is_not_kept_in_memory),
	};

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
