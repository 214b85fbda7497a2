/* test_slow_clients.c - which clients lose their place: those that take nothing, and not those that are slow. */
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

#define HASTY 2 /* the camera whose clients have to take something within a second */

/* A client that takes SLOW_BYTES a second, twice what it has to, of the first SLOW_MAX that the kernel has for it. */
#define SLOW_PORT  "1"
#define SLOW_BYTES 1024
#define SLOW_MAX   (32 * SLOW_BYTES) /* less than what it is sent before its connection is full */

/* In place of the kernel, so that the client goes on whatever holds up this test. */
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
	pool_answer_big(request);
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

static void who_takes_nothing_loses_its_place(void **state)
{
	int stalled[DOWNLOADS_MAX], others[DOWNLOADS_MAX];
	struct buffer answer = {0};

	(void)state;
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		stalled[i] = pool_download("/big?hasty");
	for (int i = 0; i < DOWNLOADS_MAX; i++) /* so many others: each of them has lost its place */
		others[i] = pool_download("/big");
	for (int i = 0; i < DOWNLOADS_MAX; i++) {
		close(others[i]);
		assert_false(client_read_all(stalled[i], &answer)); /* it ends in the middle */
		assert_true(answer.length < BIG_BYTES);
		buffer_clear(&answer);
		close(stalled[i]);
	}
	buffer_free(&answer);
}

/* The web server takes nothing meanwhile, since the kernel has enough for that client. */
static void who_takes_what_the_kernel_has_keeps_its_place(void **state)
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

static void who_is_slow_but_goes_on_gets_all(void **state)
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
		cmocka_unit_test(who_takes_nothing_loses_its_place),
		cmocka_unit_test(who_takes_what_the_kernel_has_keeps_its_place),
		cmocka_unit_test(who_is_slow_but_goes_on_gets_all),
	};

	return cmocka_run_group_tests(tests, start, teardown);
}
