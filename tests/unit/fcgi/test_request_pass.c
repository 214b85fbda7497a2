/* test_request_pass.c - while a disk hangs, only requests that need it wait, and for a limited time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/server/request_pass.h"
#include "tests/unit/support/api_pool.h"
#include "tests/unit/support/fastcgi_client.h"

static struct pool_disk {
	_Atomic bool hangs; /* for the first camera */
	_Atomic int waiting;
	_Atomic bool crashes;
} * disk;

static void respond_from_disk(struct api_request *request)
{
	if (atomic_load(&disk->crashes))
		abort();
	if (request->camera == request->cameras && atomic_load(&disk->hangs)) {
		atomic_fetch_add(&disk->waiting, 1);
		while (atomic_load(&disk->hangs))
			usleep(1000);
		atomic_fetch_sub(&disk->waiting, 1);
	}
	pool_respond_pid(request);
}

static void dispatch(struct api_request *request)
{
	const char *path = request->fcgi->path;

	request->camera = &request->cameras[strcmp(request->fcgi->query, "second") == 0];
	if (strcmp(path, "/disk") != 0)
		pool_respond_pid(request);
	else if (!api_pass(request, respond_disk_hangs))
		respond_from_disk(request);
}

static int start(void **state)
{
	struct reason why;

	(void)state;
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(disk != MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		snprintf(pool.configs[i].camera.name, sizeof(pool.configs[i].camera.name), "test-hang-%d-%d",
			 (int)getpid(), i);
		snprintf(pool.configs[i].record.directory, sizeof(pool.configs[i].record.directory), "/nonexistent");
		snprintf(pool.configs[i].clips.directory, sizeof(pool.configs[i].clips.directory), "/proc/nonexistent");
	}
	snprintf(pool.socket_path, sizeof(pool.socket_path), "/tmp/recorder-hang-%d.sock", (int)getpid());
	int listen_fd = fastcgi_listen(pool.socket_path, &why);
	assert_true(listen_fd >= 0);
	pool.master = fork();
	if (pool.master == 0)
		_exit(master_run(&(struct master_setup){.listen_fd = listen_fd,
							.config = &pool.cameras,
							.workers = WORKERS,
							.disk_workers = WORKERS,
							.retire_after = RETIRE_AFTER,
							.dispatch = dispatch}));
	close(listen_fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	atomic_store(&disk->hangs, false);
	pool_stop();
	munmap(disk, sizeof(*disk));
	return 0;
}

static pid_t pid_of(const char *uri)
{
	struct buffer answer = pool_body_of(client_ask(pool.socket_path, "GET", uri));
	pid_t pid = (pid_t)atoi((char *)answer.data);

	buffer_free(&answer);
	return pid;
}

static void assert_refused(int fd)
{
	struct buffer answer = pool_head_of(fd);

	assert_non_null(strstr((char *)answer.data, "Status: 503"));
	assert_non_null(strstr((char *)answer.data, "Retry-After: "));
	buffer_free(&answer);
	close(fd);
}

/* Returns when all disk workers of the first camera wait. */
static void hang_disk(int asked[WORKERS])
{
	atomic_store(&disk->hangs, true);
	for (int i = 0; i < WORKERS; i++)
		asked[i] = client_ask(pool.socket_path, "GET", "/disk");
	while (atomic_load(&disk->waiting) < WORKERS)
		usleep(1000);
}

static void release_disk(void)
{
	atomic_store(&disk->hangs, false);
	while (atomic_load(&disk->waiting) > 0)
		usleep(1000);
}

static void front_and_cameras_have_separate_workers(void **state)
{
	(void)state;
	for (int i = 0; i < 4 * RETIRE_AFTER * WORKERS; i++) {
		pid_t front = pid_of("/"), first = pid_of("/disk"), second = pid_of("/disk?second");
		assert_true(front > 0 && first > 0 && second > 0);
		assert_true(front != first && first != second && second != front);
	}
}

static void many_simultaneous_requests_are_all_served(void **state)
{
	int asked[200];

	(void)state;
	for (int i = 0; i < 200; i++)
		asked[i] = client_ask(pool.socket_path, "GET", i % 2 ? "/disk" : "/disk?second");
	for (int i = 0; i < 200; i++) {
		struct buffer answer = pool_body_of(asked[i]);
		assert_true(atoi((char *)answer.data) > 0);
		buffer_free(&answer);
	}
}

static void requests_that_need_another_disk_or_none_are_served(void **state)
{
	int asked[WORKERS];

	(void)state;
	hang_disk(asked);
	for (int i = 0; i < 3 * RETIRE_AFTER; i++) {
		assert_true(pid_of("/") > 0);
		assert_true(pid_of("/disk?second") > 0);
	}
	assert_int_equal(atomic_load(&disk->waiting), WORKERS);
	release_disk();
	for (int i = 0; i < WORKERS; i++)
		close(asked[i]);
}

static void requests_that_need_the_disk_are_refused_until_it_responds(void **state)
{
	int asked[WORKERS], more[8];

	(void)state;
	hang_disk(asked);
	for (int i = 0; i < 8; i++)
		more[i] = client_ask(pool.socket_path, "GET", "/disk");
	for (int i = 0; i < WORKERS; i++)
		assert_refused(asked[i]);
	for (int i = 0; i < 8; i++)
		assert_refused(more[i]);
	assert_refused(client_ask(pool.socket_path, "GET", "/disk"));
	release_disk();
	while (pid_of("/disk") <= 0)
		;
	for (int i = 0; i < 4 * WORKERS; i++)
		assert_true(pid_of("/disk") > 0);
}

static void clients_that_leave_while_the_disk_hangs_leave_nothing_behind(void **state)
{
	int asked[WORKERS];

	(void)state;
	hang_disk(asked);
	for (int i = 0; i < WORKERS; i++)
		close(asked[i]);
	for (int i = 0; i < 50; i++)
		close(client_ask(pool.socket_path, "GET", "/disk"));
	release_disk();
	assert_true(pid_of("/disk") > 0);
}

static void a_crash_in_a_disk_worker_costs_one_request(void **state)
{
	(void)state;
	atomic_store(&disk->crashes, true);
	int fd = client_ask(pool.socket_path, "GET", "/disk");
	struct buffer answer = {0};
	assert_false(client_read_all(fd, &answer));
	buffer_free(&answer);
	close(fd);
	atomic_store(&disk->crashes, false);
	assert_true(pid_of("/disk") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(front_and_cameras_have_separate_workers),
		cmocka_unit_test(many_simultaneous_requests_are_all_served),
		cmocka_unit_test(requests_that_need_another_disk_or_none_are_served),
		cmocka_unit_test(requests_that_need_the_disk_are_refused_until_it_responds),
		cmocka_unit_test(clients_that_leave_while_the_disk_hangs_leave_nothing_behind),
		cmocka_unit_test(a_crash_in_a_disk_worker_costs_one_request),
	};

	return cmocka_run_group_tests_name("request_pass", tests, start, teardown);
}
