/* test_handover.c - connections on their way from the master to a worker. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/pool/handover.h"
#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/in_range.h"

#define PEERS 40 /* more than the channel has room for */

static struct handover handover;
static char socket_path[108];
static int listen_fd, peers[PEERS];

static int start(void **state)
{
	struct reason why;

	(void)state;
	snprintf(socket_path, sizeof(socket_path), "/tmp/recorder-handover-%d.sock", (int)getpid());
	listen_fd = fastcgi_listen(socket_path, &why);
	assert_true(listen_fd >= 0);
	assert_true(handover_open(&handover, listen_fd));
	for (int i = 0; i < PEERS; i++)
		peers[i] = -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < PEERS; i++)
		if (peers[i] >= 0)
			close(peers[i]);
	handover_close(&handover);
	close(listen_fd);
	unlink(socket_path);
	return 0;
}

/* Peer number i sends i. */
static void connect_peers(int count)
{
	for (int i = 0; i < count; i++) {
		uint8_t number = (uint8_t)i;
		peers[i] = client_connect(socket_path);
		assert_true(peers[i] >= 0);
		assert_int_equal(send(peers[i], &number, 1, 0), 1);
	}
}

static void assert_received(int number)
{
	struct handover_note note;
	uint8_t heard;
	int fd = handover_receive(handover.workers_fd, 0, &note);

	assert_true(fd >= 0);
	assert_int_equal(recv(fd, &heard, 1, 0), 1);
	assert_int_equal(heard, number);
	close(fd);
}

static void without_a_connection_nothing_is_received(void **state)
{
	struct handover_note note;

	(void)state;
	assert_true(handover_run(&handover));
	assert_false(handover_is_full(&handover));
	assert_int_equal(handover_receive(handover.workers_fd, 0, &note), -1);
	assert_int_equal(errno, EAGAIN);
}

static void all_connections_arrive_in_order(void **state)
{
	(void)state;
	connect_peers(PEERS);
	assert_true(handover_run(&handover));
	assert_true(handover_is_full(&handover));
	for (int i = 0; i < PEERS; i++) {
		assert_received(i);
		assert_true(handover_run(&handover));
	}
	assert_false(handover_is_full(&handover));
}

static void room_in_a_full_channel_is_reported(void **state)
{
	struct pollfd writable = {handover.fd, POLLOUT, 0};

	(void)state;
	writable.fd = handover.fd;
	connect_peers(PEERS);
	assert_true(handover_run(&handover));
	assert_int_equal(poll(&writable, 1, 0), 0);
	for (int i = 0; poll(&writable, 1, 0) == 0; i++) {
		assert_int_in_range(i, 0, PEERS - 1);
		assert_received(i);
	}
}

static void a_worker_without_descriptors_leaves_the_connection_to_others(void **state)
{
	struct handover_note note;
	struct rlimit limit, none;

	(void)state;
	connect_peers(1);
	assert_true(handover_run(&handover));
	int next = dup(listen_fd);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){(rlim_t)next, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int taken = handover_receive(handover.workers_fd, 0, &note), error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(taken, -1);
	assert_int_equal(error, EMFILE);
	assert_received(0);
}

static void a_worker_notices_that_the_master_is_gone(void **state)
{
	struct handover_note note;

	(void)state;
	int workers_fd = dup(handover.workers_fd);
	handover_close(&handover);
	assert_int_equal(handover_receive(workers_fd, 0, &note), -1);
	assert_int_equal(errno, ECONNRESET);
	close(workers_fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_a_connection_nothing_is_received),
		CASE(all_connections_arrive_in_order),
		CASE(room_in_a_full_channel_is_reported),
		CASE(a_worker_without_descriptors_leaves_the_connection_to_others),
		CASE(a_worker_notices_that_the_master_is_gone),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
