/* test_slow_clients.c - clients that read nothing lose their connection, slow ones do not. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <fastcgi.h>

#include "fcgi/server/client_probe.h"
#include "tests/unit/support/api_pool.h"
#include "tests/unit/support/fastcgi_client.h"

#define HASTY 2 /* the camera whose clients have to read something within a second */

/*
 * A client that reads SLOW_BYTES per second, twice the minimum, of the first SLOW_MAX bytes that the kernel holds
 * for it.
 */
#define SLOW_PORT  "1"
#define SLOW_BYTES 1024
#define SLOW_MAX   (32 * SLOW_BYTES) /* less than it is sent before its connection is full */

/* Replaces the kernel, so that the client keeps reading even if this test is slow. */
bool client_probe_queued_bytes(const struct fastcgi_request *request, uint32_t *queued_bytes)
{
	static int64_t since_us;

	if (strcmp(fastcgi_param(request, "REMOTE_PORT"), SLOW_PORT) != 0)
		return false;
	if (since_us == 0)
		since_us = mono_now().us;
	int64_t taken = (mono_now().us - since_us) * SLOW_BYTES / US_PER_S;
	*queued_bytes = taken < SLOW_MAX ? (uint32_t)(SLOW_MAX - taken) : 0;
	return true;
}

enum client_state client_probe(const struct fastcgi_request *request)
{
	(void)request;
	return CLIENT_UNKNOWN;
}

static void dispatch(struct api_request *request)
{
	request->camera = &request->cameras[strcmp(request->fcgi->query, "hasty") == 0 ? HASTY : 0];
	pool_respond_big(request);
}

static int start(void **state)
{
	(void)state;
	for (int i = 0; i < CAMERAS; i++)
		pool.configs[i].http.address_share = 100;
	pool.configs[HASTY].http.stall_seconds = 1;
	pool_start(dispatch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pool_stop();
	return 0;
}

static void a_client_that_reads_nothing_is_cut_off(void **state)
{
	int stalled[DOWNLOADS_MAX], others[DOWNLOADS_MAX];
	struct buffer answer = {0};

	(void)state;
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		stalled[i] = pool_download("/big?hasty");
	for (int i = 0; i < DOWNLOADS_MAX; i++) /* so each of them has lost its permit */
		others[i] = pool_download("/big");
	for (int i = 0; i < DOWNLOADS_MAX; i++) {
		close(others[i]);
		assert_false(client_read_all(stalled[i], &answer)); /* it ends early */
		assert_true(answer.length < BIG_BYTES);
		buffer_clear(&answer);
		close(stalled[i]);
	}
	buffer_free(&answer);
}

/* The web server reads nothing meanwhile, since the kernel holds enough for that client. */
static void a_client_that_reads_what_the_kernel_holds_is_kept(void **state)
{
	static const char *const slow_client[] = {"REMOTE_PORT", SLOW_PORT, NULL};

	(void)state;
	client_from.also = slow_client;
	int slow = pool_download("/big?hasty");
	client_from.also = NULL;
	for (int i = 0; i < 2; i++) {
		int other = pool_download("/big?hasty");
		assert_int_equal(poll(&(struct pollfd){other, POLLRDHUP, 0}, 1, -1), 1);
		close(other);
	}
	assert_int_equal(poll(&(struct pollfd){slow, POLLRDHUP, 0}, 1, 0), 0);
	close(slow);
}

static void a_slow_client_that_keeps_reading_gets_everything(void **state)
{
	struct buffer answer = {0};
	int fd = pool_download("/big?hasty"), type = FCGI_STDOUT;

	(void)state;
	while (answer.length < BIG_BYTES - 1000 && type == FCGI_STDOUT) {
		type = client_read_record(fd, &answer);
		usleep(15000);
	}
	assert_true(answer.length >= BIG_BYTES - 1000);
	assert_true(client_read_all(fd, &answer));
	buffer_free(&answer);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_reads_nothing_is_cut_off),
		cmocka_unit_test(a_client_that_reads_what_the_kernel_holds_is_kept),
		cmocka_unit_test(a_slow_client_that_keeps_reading_gets_everything),
	};

	return cmocka_run_group_tests(tests, start, teardown);
}
