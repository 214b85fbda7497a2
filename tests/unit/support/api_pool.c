/* api_pool.c - a master with its workers, and a client of them, for tests of recorder-api. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/api_pool.h"
#include "tests/unit/support/fastcgi_client.h"

struct pool pool = {.cameras = {.cameras = pool.configs, .count = CAMERAS}};

void pool_respond_pid(struct api_request *request)
{
	char text[32];

	int length = snprintf(text, sizeof(text), "%d", (int)getpid());
	respond_bytes(request, 200, "text/plain", NULL, text, (size_t)length);
}

void pool_respond_big(struct api_request *request)
{
	struct virtual_file *file = virtual_file_create();
	int fd = memfd_create("big", MFD_CLOEXEC);

	if (ftruncate(fd, BIG_BYTES) == 0 && virtual_file_adopt_fd(file, fd) &&
	    virtual_file_append_range(file, fd, 0, BIG_BYTES))
		respond_file(request, &(struct file_response){
					      .file = file, .type = "x/y", .etag = "\"e\"", .cache = "no-cache"});
}

void pool_start(api_handler *dispatch)
{
	struct reason why;

	for (int i = 0; i < CAMERAS; i++) {
		snprintf(pool.configs[i].camera.name, sizeof(pool.configs[i].camera.name), "test-pool-%d-%d",
			 (int)getpid(), i);
		pool.configs[i].http.max_downloads = DOWNLOADS_MAX;
		pool.configs[i].http.max_transcodes = 1;
	}
	snprintf(pool.socket_path, sizeof(pool.socket_path), "/tmp/recorder-master-%d.sock", (int)getpid());
	int listen_fd = fastcgi_listen(pool.socket_path, &why);
	assert_true(listen_fd >= 0);
	pool.master = fork();
	if (pool.master == 0) {
		_exit(master_run(&(struct master_setup){.listen_fd = listen_fd,
							.config = &pool.cameras,
							.workers = WORKERS,
							.retire_after = RETIRE_AFTER,
							.dispatch = dispatch}));
	}
	close(listen_fd);
}

void pool_stop(void)
{
	int status;

	kill(pool.master, SIGTERM);
	assert_int_equal(waitpid(pool.master, &status, 0), pool.master);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	unlink(pool.socket_path);
}

struct buffer pool_body_of(int fd)
{
	struct buffer answer = {0};
	bool whole = client_read_all(fd, &answer);

	close(fd);
	if (!whole)
		buffer_clear(&answer);
	const char *body = answer.length ? strstr((char *)answer.data, "\r\n\r\n") : NULL;
	if (body)
		buffer_drop(&answer, (size_t)(body + 4 - (char *)answer.data));
	if (answer.length == 0)
		buffer_u8(&answer, '\0');
	return answer;
}

struct buffer pool_head_of(int fd)
{
	struct buffer answer = {0};

	assert_true(client_read_until(fd, &answer, 0, "\r\n\r\n"));
	buffer_u8(&answer, '\0');
	return answer;
}

int pool_download(const char *uri)
{
	for (int tries = 0; tries < 6000; tries++) {
		struct buffer answer = {0};
		int fd = client_ask(pool.socket_path, "GET", uri);
		bool begun = fd >= 0 && client_read_until(fd, &answer, 0, "Status: 200");
		buffer_free(&answer);
		if (begun)
			return fd;
		close(fd);
		usleep(10000);
	}
	fail_msg("no download begins");
	return -1;
}

pid_t pool_ask_pid(void)
{
	struct buffer answer = pool_body_of(client_ask(pool.socket_path, "GET", "/pid"));
	pid_t pid = (pid_t)atoi((char *)answer.data);

	buffer_free(&answer);
	return pid;
}

int pool_each_worker(int (*each)(pid_t worker))
{
	char path[64];
	int worker, sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pool.master, (int)pool.master);
	FILE *workers = fopen(path, "r");
	assert_non_null(workers);
	while (fscanf(workers, "%d", &worker) == 1)
		sum += each(worker);
	fclose(workers);
	return sum;
}
