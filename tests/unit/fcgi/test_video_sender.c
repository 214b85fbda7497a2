/* test_video_sender.c - what is sent to a web server from memory and from shared files, in turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/zero_copy.h"
#include "fcgi/video/video_sender.h"

#define SIZES 4

static const size_t sizes[SIZES] = {300, 90000, 5000, 61000};
static int ours, theirs;
static struct video_sender sender;
static struct buffer expected;

static int start(void **state)
{
	int ends[2], sndbuf = FASTCGI_SNDBUF_BYTES;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	ours = ends[0];
	theirs = ends[1];
	assert_int_equal(setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)), 0);
	sender = (struct video_sender){0};
	expected = (struct buffer){0};
	return 0;
}

static int stop(void **state)
{
	(void)state;
	video_sender_clear(&sender);
	buffer_free(&expected);
	close(ours);
	close(theirs);
	return 0;
}

static struct video_chunk *make_chunk(size_t bytes, bool shared)
{
	uint8_t *payload = malloc(bytes);

	assert_non_null(payload);
	for (size_t i = 0; i < bytes; i++)
		payload[i] = (uint8_t)(i * 31 + bytes);
	struct video_chunk *chunk = video_chunk_create(payload, bytes);
	free(payload);
	assert_non_null(chunk);
	if (shared)
		video_chunk_share(chunk);
	return chunk;
}

/* Queues chunks of all sizes; bit n of `shared` says whether the nth has a file. */
static void queue_chunks(unsigned shared)
{
	for (unsigned n = 0; n < SIZES; n++) {
		struct video_chunk *chunk = make_chunk(sizes[n], shared >> n & 1);

		if (shared >> n & 1 && zero_copy_is_supported())
			assert_true(chunk->file >= 0);
		buffer_append(&expected, chunk->wire, chunk->wire_bytes);
		assert_true(video_sender_add(&sender, chunk));
	}
}

/* What the other end reads, in turns of at most one socket full. */
static void receive_all(struct buffer *out)
{
	uint8_t bytes[FASTCGI_TURN_BYTES];

	while (sender.count > 0) {
		size_t before = out->length;
		ssize_t n;

		assert_true(video_sender_send(&sender, ours));
		while ((n = read(theirs, bytes, sizeof(bytes))) > 0)
			buffer_append(out, bytes, (size_t)n);
		assert_true(out->length > before && out->length - before <= FASTCGI_TURN_BYTES);
		video_sender_socket_empty(&sender);
	}
}

static void chunks_arrive_in_order_whether_shared_or_not(void **state)
{
	(void)state;
	for (unsigned shared = 0; shared < 1u << SIZES; shared++) {
		struct buffer got = {0};

		buffer_clear(&expected);
		queue_chunks(shared);
		receive_all(&got);
		assert_int_equal(got.length, expected.length);
		assert_memory_equal(got.data, expected.data, expected.length);
		assert_int_equal(sender.pending, 0);
		buffer_free(&got);
	}
}

static void a_shared_chunk_is_closed_with_its_last_reference(void **state)
{
	struct video_chunk *chunk = make_chunk(1000, true);
	int file = chunk->file;

	(void)state;
	if (file < 0)
		skip();
	video_chunk_ref(chunk);
	video_chunk_unref(chunk);
	assert_int_not_equal(fcntl(file, F_GETFD), -1);
	video_chunk_unref(chunk);
	assert_int_equal(fcntl(file, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void a_peer_that_has_gone_is_an_error(void **state)
{
	(void)state;
	for (unsigned shared = 0; shared < 2; shared++) {
		queue_chunks(shared);
		shutdown(theirs, SHUT_RD);
		assert_false(video_sender_send(&sender, ours));
		video_sender_clear(&sender);
		buffer_clear(&expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chunks_arrive_in_order_whether_shared_or_not, start, stop),
		cmocka_unit_test_setup_teardown(a_shared_chunk_is_closed_with_its_last_reference, start, stop),
		cmocka_unit_test_setup_teardown(a_peer_that_has_gone_is_an_error, start, stop),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
