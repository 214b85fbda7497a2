/* test_permits.c - limits over all workers: downloads, encodings, and memory for responses. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/server/client_probe.h"
#include "tests/unit/support/api_pool.h"
#include "tests/unit/support/fastcgi_client.h"

#define LONG_BYTES     (1u << 20)
#define LONG_RESPONSES 64 /* long responses that fit into the memory for responses (permits.c) */

static const char long_body[LONG_BYTES];

bool client_probe_queued_bytes(const struct fastcgi_request *request, uint32_t *queued_bytes)
{
	(void)request;
	(void)queued_bytes;
	return false;
}

enum client_state client_probe(const struct fastcgi_request *request)
{
	(void)request;
	return CLIENT_UNKNOWN;
}

static void respond_long(struct api_request *request)
{
	respond_bytes(request, 200, "text/plain", NULL, long_body, sizeof(long_body));
}

/* Never ends without ?quick. */
static void respond_encoded(struct api_request *request)
{
	if (!api_acquire(request, API_PERMIT_TRANSCODE))
		respond_no_permit(request, 1, "Too many at once.");
	else if (strcmp(request->fcgi->query, "quick") == 0)
		pool_respond_pid(request);
	else
		api_wait(request, 600000, respond_encoded);
}

static void dispatch(struct api_request *request)
{
	request->camera = &request->cameras[0];
	if (strcmp(request->fcgi->query, "second") == 0)
		request->camera = &request->cameras[1];
	if (strcmp(request->fcgi->path, "/big") == 0)
		pool_respond_big(request);
	else if (strcmp(request->fcgi->path, "/encode") == 0)
		respond_encoded(request);
	else if (strcmp(request->fcgi->path, "/long") == 0)
		respond_long(request);
	else
		pool_respond_pid(request);
}

static int start(void **state)
{
	(void)state;
	for (int i = 0; i < CAMERAS; i++) {
		pool.configs[i].http.address_share = 75;
		snprintf(pool.configs[i].http.proxies, sizeof(pool.configs[i].http.proxies), "10.0.0.0/8");
	}
	pool_start(dispatch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pool_stop();
	return 0;
}

static int kill_worker(pid_t worker)
{
	return kill(worker, SIGKILL) == 0;
}

static void assert_refused(const char *uri, const char *status)
{
	int fd = client_ask(pool.socket_path, "GET", uri);
	struct buffer answer = pool_head_of(fd);

	assert_non_null(strstr((char *)answer.data, status));
	assert_non_null(strstr((char *)answer.data, "Retry-After: "));
	buffer_free(&answer);
	close(fd);
}

static void assert_unavailable(const char *uri)
{
	assert_refused(uri, "Status: 503");
}

static void downloads_are_counted_over_all_workers_and_cameras(void **state)
{
	int stalled[DOWNLOADS_MAX];

	(void)state;
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		stalled[i] = pool_download(i % 2 ? "/big?second" : "/big");
	assert_unavailable("/big");
	assert_unavailable("/big?second");
	assert_true(pool_ask_pid() > 0);
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		close(stalled[i]);
	close(pool_download("/big"));
}

static void permits_of_killed_workers_are_released(void **state)
{
	int stalled[DOWNLOADS_MAX];

	(void)state;
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		stalled[i] = pool_download("/big");
	assert_unavailable("/big");
	assert_true(pool_each_worker(kill_worker) > 0);
	for (int i = 0; i < DOWNLOADS_MAX; i++) {
		close(stalled[i]);
		stalled[i] = pool_download("/big");
	}
	assert_unavailable("/big");
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		close(stalled[i]);
}

/* Asks for a long response and reads only its headers. True for 200, false for 503. */
static bool long_response_begins(int *fd)
{
	*fd = client_ask(pool.socket_path, "GET", "/long");
	struct buffer answer = pool_head_of(*fd);
	bool begun = strstr((char *)answer.data, "Status: 200");

	assert_true(begun ||
		    (strstr((char *)answer.data, "Status: 503") && strstr((char *)answer.data, "Retry-After: ")));
	buffer_free(&answer);
	return begun;
}

static void unread_responses_are_limited(void **state)
{
	int stalled[2 * LONG_RESPONSES];
	int begun = 0;

	(void)state;
	for (int i = 0; i < 2 * LONG_RESPONSES; i++)
		begun += long_response_begins(&stalled[i]);
	assert_int_equal(begun, LONG_RESPONSES);
	assert_true(pool_ask_pid() > 0);
	for (int i = 0; i < 2 * LONG_RESPONSES; i++)
		close(stalled[i]);
	for (int tries = 0; !long_response_begins(&stalled[0]); tries++) {
		assert_true(tries < 6000);
		close(stalled[0]);
		usleep(10000);
	}
	close(stalled[0]);
}

/* 75 percent of three is two. */
static void one_address_cannot_take_all_downloads(void **state)
{
	int stalled[DOWNLOADS_MAX];

	(void)state;
	client_from.remote = "2001:db8::1";
	stalled[0] = pool_download("/big");
	client_from.remote = "2001:db8::2"; /* the same /64 */
	stalled[1] = pool_download("/big?second");
	for (int i = 0; i < RETIRE_AFTER; i++) /* so that each worker is asked */
		assert_refused("/big", "Status: 429");
	assert_true(pool_ask_pid() > 0);
	client_from.remote = "2001:db8:1::1";
	stalled[2] = pool_download("/big");
	assert_unavailable("/big");
	close(stalled[0]);
	client_from.remote = "2001:db8::1";
	stalled[0] = pool_download("/big");
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		close(stalled[i]);
	client_from.remote = NULL;
}

static bool encoding_gets(const char *remote, const char *status)
{
	client_from.remote = remote;
	int fd = client_ask(pool.socket_path, "GET", "/encode?quick");
	struct buffer answer = pool_head_of(fd);
	bool found = strstr((char *)answer.data, status);

	buffer_free(&answer);
	close(fd);
	return found;
}

/* A single permit cannot be shared. */
static void addresses_take_turns_at_a_single_permit(void **state)
{
	(void)state;
	client_from.remote = "192.0.2.1";
	int held = client_ask(pool.socket_path, "GET", "/encode");
	while (!encoding_gets("192.0.2.2", "Status: 503"))
		usleep(10000);
	close(held);
	assert_true(encoding_gets("192.0.2.1", "Status: 429"));
	client_from.remote = "192.0.2.2";
	close(pool_download("/encode?quick"));
	client_from.remote = "192.0.2.1";
	close(pool_download("/encode?quick"));
	client_from.remote = NULL;
}

static void claims_of_killed_workers_are_returned(void **state)
{
	int stalled[2];

	(void)state;
	client_from.remote = "192.0.2.1";
	for (int i = 0; i < 2; i++)
		stalled[i] = pool_download("/big");
	assert_refused("/big", "Status: 429");
	assert_true(pool_each_worker(kill_worker) > 0);
	for (int i = 0; i < 2; i++) {
		close(stalled[i]);
		stalled[i] = pool_download("/big");
	}
	assert_refused("/big", "Status: 429");
	for (int i = 0; i < 2; i++)
		close(stalled[i]);
	client_from.remote = NULL;
}

/* Headers that the client made up do not matter: the last one is the proxy's own. */
static void behind_a_proxy_its_clients_are_counted(void **state)
{
	int stalled[DOWNLOADS_MAX];

	(void)state;
	client_from.remote = "10.0.0.1";
	for (int i = 0; i < DOWNLOADS_MAX; i++) {
		client_from.forwarded = i < 2 ? "198.51.100.1, 192.0.2.1" : "192.0.2.2";
		stalled[i] = pool_download("/big");
		client_from.forwarded = "192.0.2.1, 10.0.0.7";
		if (i == 1)
			assert_refused("/big", "Status: 429");
	}
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		close(stalled[i]);
	client_from.remote = client_from.forwarded = NULL;
}

static void this_machine_and_proxies_are_exempt(void **state)
{
	static const char *const remotes[] = {"127.0.0.1", "::1", "10.0.0.1"};
	int stalled[DOWNLOADS_MAX];

	(void)state;
	for (size_t remote = 0; remote < sizeof(remotes) / sizeof(remotes[0]); remote++) {
		client_from.remote = remotes[remote];
		for (int i = 0; i < DOWNLOADS_MAX; i++)
			stalled[i] = pool_download("/big");
		assert_unavailable("/big");
		for (int i = 0; i < DOWNLOADS_MAX; i++)
			close(stalled[i]);
	}
	client_from.remote = NULL;
}

static void one_address_cannot_reserve_all_memory(void **state)
{
	int stalled[LONG_RESPONSES + 1], begun = 0;

	(void)state;
	client_from.remote = "192.0.2.1";
	for (int i = 0; i < LONG_RESPONSES; i++) {
		stalled[i] = client_ask(pool.socket_path, "GET", "/long");
		struct buffer answer = pool_head_of(stalled[i]);
		bool good = strstr((char *)answer.data, "Status: 200");
		assert_true(good || strstr((char *)answer.data, "Status: 429"));
		begun += good;
		buffer_free(&answer);
	}
	assert_int_equal(begun, LONG_RESPONSES * 3 / 4);
	client_from.remote = "192.0.2.2";
	assert_true(long_response_begins(&stalled[LONG_RESPONSES]));
	for (int i = 0; i <= LONG_RESPONSES; i++)
		close(stalled[i]);
	client_from.remote = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(downloads_are_counted_over_all_workers_and_cameras),
		cmocka_unit_test(permits_of_killed_workers_are_released),
		cmocka_unit_test(unread_responses_are_limited),
		cmocka_unit_test(one_address_cannot_take_all_downloads),
		cmocka_unit_test(addresses_take_turns_at_a_single_permit),
		cmocka_unit_test(claims_of_killed_workers_are_returned),
		cmocka_unit_test(behind_a_proxy_its_clients_are_counted),
		cmocka_unit_test(this_machine_and_proxies_are_exempt),
		cmocka_unit_test(one_address_cannot_reserve_all_memory),
	};

	return cmocka_run_group_tests(tests, start, teardown);
}
