/* test_master.c - the pool of workers: killed and retired workers are replaced, and it stops cleanly. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/api_pool.h"
#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/in_range.h"

#define PENDING_LIMIT_US US_PER_S /* as in pending.c */
#define LISTENS          0x10000  /* __SO_ACCEPTCON of linux/net.h: a flag in /proc/net/unix */

static int sleep_long(void *context)
{
	const int *report = context;

	if (write(*report, "x", 1) != 1)
		return 1;
	sleep(60);
	return 0;
}

static int return_seven(void *context)
{
	(void)context;
	return 7;
}

static void child_done(struct api_request *request)
{
	char text[32];

	int length = snprintf(text, sizeof(text), "child %d", request->child_status);
	respond_bytes(request, 200, "text/plain", NULL, text, (size_t)length);
}

static int child_pipe[2];

static void dispatch(struct api_request *request)
{
	const char *path = request->fcgi->path;

	request->camera = request->cameras;
	if (strcmp(path, "/big") == 0)
		pool_respond_big(request);
	else if (strcmp(path, "/wait") == 0)
		api_wait(request, 30, pool_respond_pid);
	else if (strcmp(path, "/child") == 0)
		api_job_start(request, return_seven, NULL, child_done);
	else if (strcmp(path, "/stuck") == 0)
		api_job_start(request, sleep_long, &child_pipe[1], child_done);
	else if (strcmp(path, "/crash") == 0)
		abort();
	else
		pool_respond_pid(request);
}

static int start(void **state)
{
	(void)state;
	assert_int_equal(pipe2(child_pipe, O_CLOEXEC), 0);
	/* As a shell with trap '' CHLD would start it: the master must still notice the end of its workers. */
	signal(SIGCHLD, SIG_IGN);
	pool_start(dispatch);
	signal(SIGCHLD, SIG_DFL);
	close(child_pipe[1]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pool_stop();
	close(child_pipe[0]);
	return 0;
}

static void every_request_is_served_while_workers_retire(void **state)
{
	pid_t seen[64] = {0};
	size_t workers = 0;

	(void)state;
	for (int i = 0; i < 5 * RETIRE_AFTER * WORKERS; i++) {
		pid_t pid = pool_ask_pid();
		size_t k = 0;
		assert_true(pid > 0 && pid != pool.master);
		while (k < workers && seen[k] != pid)
			k++;
		if (k == workers && workers < 64)
			seen[workers++] = pid;
	}
	assert_true(workers >= 5 * WORKERS);
}

static void the_input_may_end_after_the_response(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(client_may_end_late(pool.socket_path, "/pid"));
}

static void a_killed_worker_is_replaced(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		pid_t victim = pool_ask_pid();
		assert_int_equal(kill(victim, SIGKILL), 0);
		pid_t next = pool_ask_pid();
		assert_true(next > 0);
	}
}

static void a_crash_costs_one_request(void **state)
{
	(void)state;
	int fd = client_ask(pool.socket_path, "GET", "/crash");
	struct buffer answer = {0};
	assert_false(client_read_all(fd, &answer));
	buffer_free(&answer);
	close(fd);
	assert_true(pool_ask_pid() > 0);
}

static void waiting_requests_block_no_others(void **state)
{
	int waiting[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		waiting[i] = client_ask(pool.socket_path, "GET", "/wait");
	assert_true(pool_ask_pid() > 0);
	for (int i = 0; i < 20; i++) {
		struct buffer answer = pool_body_of(waiting[i]);
		assert_true(atoi((char *)answer.data) > 0);
		buffer_free(&answer);
	}
}

/* More peers than workers, which send nothing or half of a request. */
static void incomplete_requests_block_no_others_and_are_closed(void **state)
{
	const struct timeval limit = {.tv_sec = 30};
	int halves[4 * WORKERS];
	mono_t began = mono_now();
	char byte;

	(void)state;
	for (int i = 0; i < 4 * WORKERS; i++) {
		struct buffer begun = {0};
		client_begin(&begun);
		halves[i] = client_connect(pool.socket_path);
		assert_int_equal(setsockopt(halves[i], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
		if (i % 2 == 0)
			assert_int_equal(send(halves[i], begun.data, begun.length, 0), begun.length);
		buffer_free(&begun);
	}
	for (int i = 0; i < 10; i++)
		assert_true(pool_ask_pid() > 0);
	for (int i = 0; i < 4 * WORKERS; i++) {
		bool open = recv(halves[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
		assert_true(open || mono_now().us - began.us >= PENDING_LIMIT_US);
	}
	for (int i = 0; i < 4 * WORKERS; i++) {
		ssize_t got;
		do
			got = recv(halves[i], &byte, 1, 0);
		while (got < 0 && errno == EINTR); /* signal(7): SO_RCVTIMEO makes recv(2) fail after a stop, too */
		assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
		close(halves[i]);
	}
}

static void a_request_that_arrives_byte_by_byte_is_served(void **state)
{
	struct buffer request = {0};
	int fd = client_connect(pool.socket_path);

	(void)state;
	client_request(&request, "GET", "/pid");
	for (size_t i = 0; i < request.length; i++) {
		assert_int_equal(send(fd, request.data + i, 1, 0), 1);
		if (i % 8 == 0)
			usleep(500); /* it has to be complete before it is closed */
	}
	buffer_free(&request);
	struct buffer answer = pool_body_of(fd);
	assert_true(atoi((char *)answer.data) > 0);
	buffer_free(&answer);
}

static void the_exit_status_of_a_child_reaches_the_handler(void **state)
{
	struct buffer answer = pool_body_of(client_ask(pool.socket_path, "GET", "/child"));

	(void)state;
	assert_string_equal((char *)answer.data, "child 7");
	buffer_free(&answer);
}

/* Not counting the broker, which every front worker has (fcgi/sandbox/broker.h). */
static int has_children(pid_t worker)
{
	char path[64];
	int first, second;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)worker, (int)worker);
	FILE *list = fopen(path, "r");
	bool has = list && fscanf(list, "%d %d", &first, &second) == 2;
	if (list)
		fclose(list);
	return has;
}

static void a_client_that_leaves_ends_its_child(void **state)
{
	char byte;

	(void)state;
	int fd = client_ask(pool.socket_path, "GET", "/stuck");
	assert_int_equal(read(child_pipe[0], &byte, 1), 1);
	assert_int_equal(pool_each_worker(has_children), 1);
	close(fd);
	for (int tries = 0; pool_each_worker(has_children) > 0; tries++) {
		assert_true(tries < 6000);
		usleep(10000);
	}
}

static void a_retiring_worker_completes_its_download(void **state)
{
	(void)state;
	int download = client_ask(pool.socket_path, "GET", "/big");
	struct buffer answer = pool_head_of(download);
	for (int i = 0; i < 3 * RETIRE_AFTER * WORKERS; i++)
		assert_true(pool_ask_pid() > 0);
	assert_true(client_read_all(download, &answer));
	const char *body = memmem(answer.data, answer.length, "\r\n\r\n", 4);
	size_t head = (size_t)(body + 4 - (char *)answer.data);
	/* Two terminators: one of pool_head_of(), one of client_read_all(). */
	assert_int_equal(answer.length - head, BIG_BYTES + 2);
	buffer_free(&answer);
	close(download);
}

static int stop_process(pid_t worker)
{
	return kill(worker, SIGSTOP);
}

static pid_t orphans[16];
static int orphan_count;

static int add_orphan(pid_t worker)
{
	if (orphan_count < 16)
		orphans[orphan_count++] = worker;
	return 0;
}

/* The inode of the pool's listening socket, as in /proc/net/unix and /proc/PID/fd. */
static unsigned long listening_inode(void)
{
	char line[256], path[128];
	unsigned long flags, inode, found = 0;
	FILE *sockets = fopen("/proc/net/unix", "r");

	assert_non_null(sockets);
	while (fgets(line, sizeof(line), sockets))
		if (sscanf(line, "%*s %*s %*s %lx %*s %*s %lu %127s", &flags, &inode, path) == 3 && flags & LISTENS &&
		    strcmp(path, pool.socket_path) == 0)
			found = inode;
	fclose(sockets);
	assert_true(found != 0);
	return found;
}

/* How many copies of the listening socket a worker has: one if it has just been forked. */
static int has_master_socket(pid_t worker)
{
	char path[64], link[64], socket[64];
	int found = 0;

	snprintf(socket, sizeof(socket), "socket:[%lu]", listening_inode());
	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)worker, fd);
		ssize_t length = readlink(path, link, sizeof(link) - 1);
		link[length > 0 ? length : 0] = '\0';
		found += strcmp(link, socket) == 0;
	}
	return found;
}

/* Stops the master once no worker has a copy of its socket any more. */
static void stop_master(void)
{
	int status;

	for (int tries = 0;; tries++) {
		kill(pool.master, SIGSTOP);
		assert_int_equal(waitpid(pool.master, &status, WUNTRACED), pool.master);
		if (pool_each_worker(has_master_socket) == 0)
			return;
		assert_int_in_range(tries, 0, 6000);
		kill(pool.master, SIGCONT);
		usleep(10000);
	}
}

/* For a web server that learns of the death before any worker runs; so the workers are stopped here. */
static void the_socket_of_a_killed_master_refuses_at_once(void **state)
{
	int status;

	(void)state;
	assert_true(pool_ask_pid() > 0);
	stop_master();
	pool_each_worker(add_orphan);
	assert_int_equal(pool_each_worker(stop_process), 0);
	kill(pool.master, SIGKILL);
	assert_int_equal(waitpid(pool.master, &status, 0), pool.master);
	int fd = client_connect(pool.socket_path);
	for (int i = 0; i < orphan_count; i++)
		kill(orphans[i], SIGCONT);
	assert_int_equal(fd, -1);
	for (int i = 0; i < orphan_count; i++)
		for (int tries = 0; kill(orphans[i], 0) == 0; tries++) {
			assert_int_in_range(tries, 0, 6000);
			usleep(10000);
		}
	unlink(pool.socket_path);
	pool_start(dispatch);
	assert_true(pool_ask_pid() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_served_while_workers_retire),
		cmocka_unit_test(the_input_may_end_after_the_response),
		cmocka_unit_test(waiting_requests_block_no_others),
		cmocka_unit_test(incomplete_requests_block_no_others_and_are_closed),
		cmocka_unit_test(a_request_that_arrives_byte_by_byte_is_served),
		cmocka_unit_test(the_exit_status_of_a_child_reaches_the_handler),
		cmocka_unit_test(a_client_that_leaves_ends_its_child),
		cmocka_unit_test(a_retiring_worker_completes_its_download),
		cmocka_unit_test(a_killed_worker_is_replaced),
		cmocka_unit_test(a_crash_costs_one_request),
		cmocka_unit_test(the_socket_of_a_killed_master_refuses_at_once),
	};

	return cmocka_run_group_tests(tests, start, teardown);
}
