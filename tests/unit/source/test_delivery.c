/* test_delivery.c - pictures reach the recorder, and a recorder that is slow delays nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/net/unix_listener.h"
#include "shared/ring/user_folder.h"
#include "shared/source/source_socket.h"
#include "source/delivery.h"

#define PICTURE_BYTES 1000000u

static char camera[32];
static struct loop *loop;
static struct unix_listener listener;
static struct delivery delivery;
static int recorder = -1;
static unsigned done;
static uint8_t picture[PICTURE_BYTES];

static void count_done(void *context)
{
	(void)context;
	done++;
	loop_stop(loop);
}

static int begin(void **state)
{
	struct helper_address address;
	char path[USER_FOLDER_BYTES];
	struct reason why;

	(void)state;
	snprintf(camera, sizeof(camera), "delivery-%d", (int)getpid());
	loop = loop_create();
	memset(picture, 'x', sizeof(picture));
	return loop && user_folder_create(path, &why) && helper_address_of_server(&source_helper, camera, &address) &&
			       unix_listener_open(&listener, SOCK_STREAM, &address.address, address.bytes, 0600, 1)
		       ? 0
		       : -1;
}

static int end(void **state)
{
	(void)state;
	unix_listener_close(&listener);
	loop_destroy(loop);
	return 0;
}

static int open_both(void **state)
{
	(void)state;
	done = 0;
	delivery = (struct delivery){.loop = loop, .done = count_done, .watch.fd = -1};
	if (!delivery_open(&delivery, camera))
		return -1;
	recorder = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return recorder >= 0 ? 0 : -1;
}

static int close_both(void **state)
{
	(void)state;
	delivery_close(&delivery);
	if (recorder >= 0)
		close(recorder);
	recorder = -1;
	return 0;
}

/* Reads that many bytes, while the other end has its turns. */
static void read_bytes(void *out, size_t bytes)
{
	for (uint8_t *to = out; bytes > 0;) {
		ssize_t got = recv(recorder, to, bytes, 0);
		if (got > 0) {
			to += got;
			bytes -= (size_t)got;
		} else {
			loop_turn(loop);
		}
	}
}

static struct source_header read_header(void)
{
	struct source_header header;
	uint8_t data[sizeof(header)];

	read_bytes(data, sizeof(data));
	assert_true(source_header_read(data, &header));
	return header;
}

static void pictures_arrive_whole_in_order_and_with_their_times(void **state)
{
	static uint8_t data[PICTURE_BYTES];

	(void)state;
	assert_int_equal(read_header().kind, SOURCE_HELLO);
	for (int i = 1; i <= 3; i++)
		delivery_picture(&delivery, picture, sizeof(picture), (mono_t){1000 * i});
	for (int i = 1; i <= 3; i++) {
		struct source_header header = read_header();
		assert_int_equal(header.kind, SOURCE_PICTURE);
		assert_int_equal(header.number, i);
		assert_int_equal(header.arrived_us, 1000 * i);
		assert_int_equal(header.bytes, sizeof(picture));
		read_bytes(data, sizeof(data));
		assert_memory_equal(data, picture, sizeof(data));
	}
	assert_int_equal(done, 0);
}

static void read_picture(uint64_t number)
{
	static uint8_t data[PICTURE_BYTES];

	assert_int_equal(read_header().number, number);
	read_bytes(data, sizeof(data));
}

static void what_a_slow_recorder_does_not_take_is_missing_in_the_numbers(void **state)
{
	uint64_t kept = 0, sent = 2 * DELIVERY_KEPT_BYTES / PICTURE_BYTES;

	(void)state;
	read_header();
	for (uint64_t i = 1; i <= sent; i++) {
		delivery_picture(&delivery, picture, sizeof(picture), mono_now());
		kept += delivery.dropped == 0;
	}
	assert_true(kept > 0 && kept < sent);
	assert_int_equal(delivery.dropped, sent - kept);
	for (uint64_t i = 1; i <= kept; i++)
		read_picture(i);
	delivery_picture(&delivery, picture, sizeof(picture), mono_now());
	read_picture(sent + 1);
	assert_int_equal(delivery.dropped, 0);
}

static void the_reason_of_the_end_comes_last(void **state)
{
	char text[] = "exit status 1", data[sizeof(text)] = "";

	(void)state;
	read_header();
	delivery_picture(&delivery, picture, sizeof(picture), mono_now());
	delivery_end(&delivery, text);
	assert_int_equal(done, 0); /* the socket has no room for it yet */
	read_picture(1);
	struct source_header header = read_header();
	assert_int_equal(header.kind, SOURCE_ENDED);
	read_bytes(data, header.bytes);
	assert_string_equal(data, text);
	assert_int_equal(done, 1);
}

static void the_end_of_the_connection_is_noticed(void **state)
{
	(void)state;
	close(recorder);
	recorder = -1;
	loop_run(loop);
	assert_int_equal(done, 1);
}

static void nothing_is_opened_without_a_recorder(void **state)
{
	struct delivery other = {.loop = loop, .done = count_done, .watch.fd = -1};

	(void)state;
	assert_false(delivery_open(&other, "no-such-camera"));
	assert_false(delivery_is_open(&other));
	delivery_close(&other);
}

#define on_both(test) cmocka_unit_test_setup_teardown(test, open_both, close_both)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_both(pictures_arrive_whole_in_order_and_with_their_times),
		on_both(what_a_slow_recorder_does_not_take_is_missing_in_the_numbers),
		on_both(the_reason_of_the_end_comes_last),
		on_both(the_end_of_the_connection_is_noticed),
		cmocka_unit_test(nothing_is_opened_without_a_recorder),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
