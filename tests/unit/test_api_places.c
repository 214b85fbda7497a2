/* test_api_places.c - what all workers together may take up: downloads, and answers that are sent from memory. */
#include "tests/unit/api_pool.h"

#define LONG_BYTES (1u << 20)
#define HELD_MAX   64 /* long answers: what api_request.c lets workers hold */

static const char long_body[LONG_BYTES];

static void answer_long(struct api_request *request)
{
	answer_bytes(request, 200, "text/plain", NULL, long_body, sizeof(long_body));
}

static void dispatch(struct api_request *request)
{
	request->camera = &request->cameras[strcmp(request->fcgi->query, "second") == 0];
	if (strcmp(request->fcgi->path, "/big") == 0)
		answer_big(request);
	else if (strcmp(request->fcgi->path, "/long") == 0)
		answer_long(request);
	else
		answer_pid(request);
}

static int start(void **state)
{
	(void)state;
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

/* Asks until a download begins: places come back when the pool has noticed. Its descriptor. */
static int download_begun(const char *uri)
{
	for (int tries = 0; tries < 6000; tries++) {
		struct buffer answer = {0};
		int fd = client_ask(socket_path, "GET", uri);
		bool begun = fd >= 0 && client_read_until(fd, &answer, 0, "Status: 200");
		buffer_finish(&answer);
		if (begun)
			return fd;
		close(fd);
		usleep(10000);
	}
	fail_msg("no download begins");
	return -1;
}

static void assert_no_place(const char *uri)
{
	int fd = client_ask(socket_path, "GET", uri);
	struct buffer answer = status_of(fd);

	assert_non_null(strstr((char *)answer.data, "Status: 503"));
	assert_non_null(strstr((char *)answer.data, "Retry-After: "));
	buffer_finish(&answer);
	close(fd);
}

static void downloads_are_counted_over_all_workers_and_cameras(void **state)
{
	int stalled[DOWNLOADS_MAX];

	(void)state;
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		stalled[i] = download_begun(i % 2 ? "/big?second" : "/big");
	assert_no_place("/big");
	assert_no_place("/big?second");
	assert_true(ask_pid() > 0);
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		close(stalled[i]);
	close(download_begun("/big"));
}

static void places_of_killed_workers_come_back(void **state)
{
	int stalled[DOWNLOADS_MAX];

	(void)state;
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		stalled[i] = download_begun("/big");
	assert_no_place("/big");
	assert_true(workers_each(kill_worker) > 0);
	for (int i = 0; i < DOWNLOADS_MAX; i++) {
		close(stalled[i]);
		stalled[i] = download_begun("/big");
	}
	assert_no_place("/big");
	for (int i = 0; i < DOWNLOADS_MAX; i++)
		close(stalled[i]);
}

/* Asks for a long answer and takes its head alone: true where there is one, and a 503 else. */
static bool long_begun(int *fd)
{
	*fd = client_ask(socket_path, "GET", "/long");
	struct buffer answer = status_of(*fd);
	bool begun = strstr((char *)answer.data, "Status: 200");

	assert_true(begun ||
		    (strstr((char *)answer.data, "Status: 503") && strstr((char *)answer.data, "Retry-After: ")));
	buffer_finish(&answer);
	return begun;
}

static void answers_that_nobody_takes_are_held_up_to_a_limit(void **state)
{
	int stalled[2 * HELD_MAX];
	int begun = 0;

	(void)state;
	for (int i = 0; i < 2 * HELD_MAX; i++)
		begun += long_begun(&stalled[i]);
	assert_int_equal(begun, HELD_MAX);
	assert_true(ask_pid() > 0);
	for (int i = 0; i < 2 * HELD_MAX; i++)
		close(stalled[i]);
	for (int tries = 0; !long_begun(&stalled[0]); tries++) {
		assert_true(tries < 6000);
		close(stalled[0]);
		usleep(10000);
	}
	close(stalled[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(downloads_are_counted_over_all_workers_and_cameras),
		cmocka_unit_test(places_of_killed_workers_come_back),
		cmocka_unit_test(answers_that_nobody_takes_are_held_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, start, teardown);
}
