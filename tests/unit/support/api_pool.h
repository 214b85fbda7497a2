/* api_pool.h - what the tests of recorder-api's pool share: a master with its workers, and a client of theirs. */
#ifndef TESTS_UNIT_SUPPORT_API_POOL_H
#define TESTS_UNIT_SUPPORT_API_POOL_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "fcgi/server/response.h"
#include "fcgi/server/master.h"
#include "tests/unit/support/fastcgi_client.h"

#define WORKERS       2
#define RETIRE_AFTER  20
#define BIG_BYTES     (8u << 20)
#define DOWNLOADS_MAX 3
#define CAMERAS       3

static struct config configs[CAMERAS];
static struct config_set cameras = {configs, CAMERAS};
static char socket_path[108];
static pid_t master;

static inline void answer_pid(struct api_request *request)
{
	char text[32];

	int length = snprintf(text, sizeof(text), "%d", (int)getpid());
	answer_bytes(request, 200, "text/plain", NULL, text, (size_t)length);
}

static inline void answer_big(struct api_request *request)
{
	struct vfile *file = vfile_create();
	int fd = memfd_create("big", MFD_CLOEXEC);

	if (ftruncate(fd, BIG_BYTES) == 0 && vfile_own(file, fd) && vfile_add(file, fd, 0, BIG_BYTES))
		answer_file(request,
			    &(struct answer_file){.file = file, .type = "x/y", .etag = "\"e\"", .cache = "no-cache"});
}

static inline void pool_start(api_handler *dispatch)
{
	struct reason why;

	for (int i = 0; i < CAMERAS; i++) {
		snprintf(configs[i].camera.name, sizeof(configs[i].camera.name), "test-pool-%d-%d", (int)getpid(), i);
		configs[i].http.max_downloads = DOWNLOADS_MAX;
		configs[i].http.max_transcodes = 1;
	}
	snprintf(socket_path, sizeof(socket_path), "/tmp/recorder-master-%d.sock", (int)getpid());
	int listen_fd = fastcgi_listen(socket_path, &why);
	assert_true(listen_fd >= 0);
	master = fork();
	if (master == 0) {
		_exit(master_run(&(struct master_setup){.listen_fd = listen_fd,
							.config = &cameras,
							.workers = WORKERS,
							.retire_after = RETIRE_AFTER,
							.dispatch = dispatch}));
	}
	close(listen_fd);
}

static inline void pool_stop(void)
{
	int status;

	kill(master, SIGTERM);
	assert_int_equal(waitpid(master, &status, 0), master);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	unlink(socket_path);
}

/* The body of an answer, terminated; "" where there was none. */
static inline struct buffer answer_of(int fd)
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

static inline struct buffer status_of(int fd)
{
	struct buffer answer = {0};

	assert_true(client_read_until(fd, &answer, 0, "\r\n\r\n"));
	buffer_u8(&answer, '\0');
	return answer;
}

static inline pid_t ask_pid(void)
{
	struct buffer answer = answer_of(client_ask(socket_path, "GET", "/pid"));
	pid_t pid = (pid_t)atoi((char *)answer.data);

	buffer_finish(&answer);
	return pid;
}

/* Calls `each` with every worker. */
static inline int workers_each(int (*each)(pid_t worker))
{
	char path[64];
	int worker, sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)master, (int)master);
	FILE *workers = fopen(path, "r");
	assert_non_null(workers);
	while (fscanf(workers, "%d", &worker) == 1)
		sum += each(worker);
	fclose(workers);
	return sum;
}

#endif
