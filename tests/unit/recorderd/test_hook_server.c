/* test_hook_server.c - recorder-hooks learns what happens, and what it has missed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/notify/hook_server.h"
#include "shared/base/log.h"
#include "shared/notify/hook_socket.h"

static char camera[32], ring_name[64];
static struct loop *loop;
static struct notification_writer *events;
static struct motion_ring_writer *motion;
static struct hook_server *server;

static void turned(void *context)
{
	*(bool *)context = true;
}

/* Runs the loop until it has nothing to do at once. */
static void settle(void)
{
	for (int i = 0; i < 4; i++) {
		bool done = false;
		struct loop_timer timer = {.due = turned, .context = &done};
		loop_timer_set(loop, &timer, mono_now());
		while (!done)
			loop_turn(loop);
	}
}

static int begin(void **state)
{
	struct reason why;

	(void)state;
	log_set_level(LOG_ERROR);
	snprintf(camera, sizeof(camera), "unit-hooks-%d", (int)getpid());
	snprintf(ring_name, sizeof(ring_name), "/recorder.%s", camera);
	loop = loop_create();
	events = notification_writer_open(ring_name);
	motion = motion_ring_writer_open(ring_name);
	server = hook_server_create(&(struct hook_server_parts){loop, camera, events, motion}, &why);
	return server && events && motion ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	hook_server_destroy(server);
	notification_writer_close(events);
	motion_ring_writer_close(motion);
	loop_destroy(loop);
	return 0;
}

static void tell_of(enum notification_kind kind, wall_t at)
{
	const uint8_t *record;
	size_t bytes = notification_writer_put(events, kind, at, "{}", 2, &record);

	assert_true(bytes > 0);
	hook_server_notify(server, record, bytes);
}

static void tell(enum notification_kind kind)
{
	tell_of(kind, wall_now());
}

static void move(int64_t second)
{
	struct motion_record record = {.second = second};

	motion_record_seal(&record, 0);
	motion_ring_writer_put(motion, &record);
	hook_server_motion(server, &record);
}

static int connected(void)
{
	struct helper_address address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(helper_address_of_client(&hook_helper, camera, 0, &address));
	assert_int_equal(connect(fd, (struct sockaddr *)&address.address, address.bytes), 0);
	return fd;
}

static const struct hook_hello first_hello = {.magic = HOOK_MAGIC, .version = HOOK_VERSION, .motion_second = -1};

/* A client that has said hello and has got the first packet. */
static int greeted(struct hook_hello hello)
{
	uint8_t data[HOOK_BYTES_MAX];
	struct hook_news news;
	int fd = connected();

	assert_int_equal(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	settle();
	ssize_t got = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	assert_true(got > 0 && hook_packet_read(data, (size_t)got, &news));
	assert_int_equal(news.kind, HOOK_CONFIG);
	return fd;
}

/* The next packet; returns false if there is none. */
static bool next(int fd, struct hook_news *out)
{
	static uint8_t data[HOOK_BYTES_MAX];

	settle();
	ssize_t got = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	if (got < 0)
		return false;
	if (!hook_packet_read(data, (size_t)got, out))
		fail_msg("no packet, of %zd bytes", got);
	return true;
}

static void expect_notification(int fd, enum notification_kind kind)
{
	struct hook_news news;

	assert_true(next(fd, &news));
	assert_int_equal(news.kind, HOOK_NOTIFICATION);
	assert_int_equal(news.notification.record.kind, kind);
	assert_memory_equal(news.notification.json, "{}", 2);
}

static void expect_nothing(int fd)
{
	struct hook_news news;

	assert_false(next(fd, &news));
	assert_int_equal(errno, EAGAIN);
}

static bool is_closed(int fd)
{
	uint8_t byte;

	settle();
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

static struct hook_hello since_now(void)
{
	struct hook_hello hello = first_hello;

	hello.since_us = mono_now().us;
	return hello;
}

static void a_client_gets_what_happens_from_now_on(void **state)
{
	struct hook_news news;

	(void)state;
	tell(NOTIFY_CAMERA_LOST);
	move(100);
	usleep(1000);
	int fd = greeted(since_now());
	expect_nothing(fd);
	tell(NOTIFY_CAMERA_BACK);
	expect_notification(fd, NOTIFY_CAMERA_BACK);
	move(101);
	assert_true(next(fd, &news));
	assert_int_equal(news.kind, HOOK_MOTION);
	assert_int_equal(news.motion.second, 101);
	hook_server_reloaded(server);
	assert_true(next(fd, &news));
	assert_int_equal(news.kind, HOOK_CONFIG);
	expect_nothing(fd);
	close(fd);
}

/* It starts before the recorder, and finds its first notification in the ring. */
static void a_client_that_waited_gets_what_happened_since(void **state)
{
	struct hook_hello hello = since_now();

	(void)state;
	usleep(1000);
	tell(NOTIFY_STARTED);
	int fd = greeted(hello);
	expect_notification(fd, NOTIFY_STARTED);
	expect_nothing(fd);
	close(fd);
}

/* What is told has begun before, or the clock was set back. */
static void a_client_gets_what_is_told_from_now_on_whenever_it_happened(void **state)
{
	struct hook_hello hello = since_now();
	wall_t hour_ago = {wall_now().us - 3600 * US_PER_S};

	(void)state;
	usleep(1000);
	tell_of(NOTIFY_STARTED, hour_ago);
	int fd = greeted(hello);
	expect_notification(fd, NOTIFY_STARTED);
	close(fd);
	settle();

	fd = greeted(since_now());
	tell_of(NOTIFY_CAMERA_LOST, hour_ago);
	expect_notification(fd, NOTIFY_CAMERA_LOST);
	expect_nothing(fd);
	close(fd);
	settle();
}

static void a_client_that_comes_back_gets_what_it_has_missed(void **state)
{
	struct hook_hello hello = since_now();
	struct hook_news news;

	(void)state;
	int fd = greeted(hello);
	tell(NOTIFY_SEGMENT);
	move(200);
	assert_true(next(fd, &news));
	hello.series = news.notification.record.series;
	hello.number = news.notification.record.number;
	assert_true(next(fd, &news));
	hello.motion_second = news.motion.second;
	close(fd);
	settle();

	tell(NOTIFY_DISK_FAILING);
	tell(NOTIFY_DISK_WORKING);
	move(201);
	fd = greeted(hello);
	expect_notification(fd, NOTIFY_DISK_FAILING);
	expect_notification(fd, NOTIFY_DISK_WORKING);
	assert_true(next(fd, &news));
	assert_int_equal(news.motion.second, 201);
	expect_nothing(fd);
	close(fd);
}

/* More than the socket and the ring hold together. */
static void a_client_that_is_slow_is_told_what_it_has_lost(void **state)
{
	uint64_t number = 0, lost = 0, seen = 0, before = hook_server_counts(server).lost;
	struct hook_news news;
	int fd = greeted(since_now());
	const unsigned told = 20000;

	(void)state;
	for (unsigned i = 0; i < told; i++)
		tell(NOTIFY_SEGMENT);
	for (; next(fd, &news); seen += news.kind == HOOK_NOTIFICATION) {
		lost += news.count;
		if (news.kind == HOOK_NOTIFICATION && number > 0)
			assert_true(news.notification.record.number > number);
		if (news.kind == HOOK_NOTIFICATION)
			number = news.notification.record.number;
	}
	assert_true(lost > 0);
	assert_int_equal(seen + lost, told);
	assert_int_equal(hook_server_counts(server).lost - before, lost);
	tell(NOTIFY_STOPPING);
	expect_notification(fd, NOTIFY_STOPPING);
	close(fd);
	settle();
	assert_int_equal(hook_server_counts(server).lost - before, lost);
	assert_int_equal(hook_server_counts(server).clients, 0);
}

static void lost_motion_records_are_counted_by_themselves(void **state)
{
	struct hook_server_counts before = hook_server_counts(server), after;
	uint64_t lost = 0, seen = 0;
	struct hook_news news;
	int fd = greeted(since_now());
	const unsigned told = 20000;

	(void)state;
	for (unsigned i = 0; i < told; i++)
		move(1000 + i);
	for (; next(fd, &news); seen += news.kind == HOOK_MOTION)
		lost += news.kind == HOOK_MOTION_LOST ? news.count : 0;
	after = hook_server_counts(server);
	assert_true(lost > 0);
	assert_int_equal(seen + lost, told);
	assert_int_equal(after.lost_motion - before.lost_motion, lost);
	assert_int_equal(after.lost, before.lost);
	close(fd);
	settle();
	assert_int_equal(hook_server_counts(server).lost_motion, after.lost_motion);
}

static void what_is_no_hello_ends_the_connection(void **state)
{
	struct hook_hello wrong[] = {first_hello, first_hello};
	int fd;

	(void)state;
	wrong[0].magic++;
	wrong[1].version++;
	for (size_t i = 0; i < 2; i++) {
		fd = connected();
		assert_int_equal(send(fd, &wrong[i], sizeof(wrong[i]), 0), sizeof(wrong[i]));
		assert_true(is_closed(fd));
		close(fd);
	}
	fd = connected();
	assert_int_equal(send(fd, &first_hello, sizeof(first_hello) - 1, 0), sizeof(first_hello) - 1);
	assert_true(is_closed(fd));
	close(fd);
	fd = greeted(since_now());
	assert_int_equal(send(fd, &first_hello, sizeof(first_hello), 0), sizeof(first_hello));
	assert_true(is_closed(fd)); /* a second one */
	close(fd);
}

static void others_wait_while_all_places_are_taken(void **state)
{
	int clients[4], more;

	(void)state;
	for (int i = 0; i < 4; i++)
		clients[i] = greeted(since_now());
	more = connected();
	settle();
	assert_int_equal(hook_server_counts(server).clients, 4);
	close(clients[0]);
	settle();
	assert_int_equal(send(more, &first_hello, sizeof(first_hello), 0), sizeof(first_hello));
	settle();
	assert_int_equal(hook_server_counts(server).clients, 4);
	for (int i = 1; i < 4; i++)
		close(clients[i]);
	close(more);
	settle();
}

static void only_this_user_can_connect(void **state)
{
	struct helper_address address;
	struct stat status;

	(void)state;
	assert_true(helper_address_of_server(&hook_helper, camera, &address));
	assert_int_equal(stat(address.address.sun_path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_removed_socket_is_made_again(void **state)
{
	struct helper_address address;

	(void)state;
	assert_true(helper_address_of_server(&hook_helper, camera, &address));
	assert_int_equal(unlink(address.address.sun_path), 0);
	hook_server_check(server);
	int fd = greeted(since_now());
	tell(NOTIFY_STARTED);
	expect_notification(fd, NOTIFY_STARTED);
	close(fd);
}

static void packets_that_are_wrong_are_refused(void **state)
{
	struct hook_packet packet = {.magic = HOOK_MAGIC, .kind = HOOK_CONFIG};
	uint8_t data[sizeof(packet) + 1] = {0};
	struct hook_news news;

	(void)state;
	memcpy(data, &packet, sizeof(packet));
	assert_true(hook_packet_read(data, sizeof(packet), &news));
	assert_false(hook_packet_read(data, sizeof(packet) - 1, &news));
	assert_false(hook_packet_read(data, sizeof(packet) + 1, &news));
	assert_false(hook_packet_read(data, 0, &news));
	for (uint32_t kind = HOOK_NOTIFICATION; kind <= HOOK_PACKET_KINDS; kind++) {
		packet.kind = kind;
		memcpy(data, &packet, sizeof(packet));
		bool has_no_data = kind == HOOK_LOST || kind == HOOK_MOTION_LOST;
		assert_int_equal(hook_packet_read(data, sizeof(packet), &news), has_no_data);
	}
	packet.magic++;
	packet.kind = HOOK_CONFIG;
	memcpy(data, &packet, sizeof(packet));
	assert_false(hook_packet_read(data, sizeof(packet), &news));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_gets_what_happens_from_now_on),
		cmocka_unit_test(a_client_that_waited_gets_what_happened_since),
		cmocka_unit_test(a_client_gets_what_is_told_from_now_on_whenever_it_happened),
		cmocka_unit_test(a_client_that_comes_back_gets_what_it_has_missed),
		cmocka_unit_test(a_client_that_is_slow_is_told_what_it_has_lost),
		cmocka_unit_test(lost_motion_records_are_counted_by_themselves),
		cmocka_unit_test(what_is_no_hello_ends_the_connection),
		cmocka_unit_test(others_wait_while_all_places_are_taken),
		cmocka_unit_test(only_this_user_can_connect),
		cmocka_unit_test(a_removed_socket_is_made_again),
		cmocka_unit_test(packets_that_are_wrong_are_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
