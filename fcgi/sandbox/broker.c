/* broker.c - a helper process that does outside of the sandbox what a sandboxed program cannot do itself. */
#include "fcgi/sandbox/broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/config/token_file.h"

#define EXIT_REQUEST    UINT32_MAX
#define TIMEOUT_MS      200
#define LATE_TIMEOUT_MS 10 /* for a reply that has timed out before */

/*
 * A request has the number of a camera, or EXIT_REQUEST. The reply is an errno, and with 0 a descriptor (SCM_RIGHTS,
 * unix(7)). There is one request at a time: the next one is sent after the reply to the one before.
 */
struct request {
	uint32_t camera;
	uint32_t has_seen;
	struct broker_file_stamp seen;
};

struct broker {
	int fd;
	pid_t pid;
	bool reply_pending; /* the reply to the last request has not arrived */
};

/* Room for a control message with one descriptor, aligned as the kernel requires. */
union fd_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static bool send_reply(int socket_fd, int32_t error, int fd)
{
	struct iovec data = {&error, sizeof(error)};
	union fd_control control = {0};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(error);
}

/* Returns the descriptor, or -1 with errno. */
static int receive_reply(int socket_fd)
{
	int32_t error;
	int fd = -1;
	struct iovec data = {&error, sizeof(error)};
	union fd_control control = {0};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != (ssize_t)sizeof(error))
		error = ECONNRESET;
	else if (error == 0 && CMSG_FIRSTHDR(&message) && CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	else if (error == 0)
		error = EMFILE; /* this process has no free descriptor, so the kernel dropped it */
	errno = error;
	return fd;
}

void broker_file_stamp_from_stat(const struct stat *status, struct broker_file_stamp *out)
{
	*out = (struct broker_file_stamp){
		.device = status->st_dev,
		.inode = status->st_ino,
		.size_bytes = status->st_size,
		.modified_s = status->st_mtim.tv_sec,
		.modified_ns = status->st_mtim.tv_nsec,
		.changed_s = status->st_ctim.tv_sec,
		.changed_ns = status->st_ctim.tv_nsec,
	};
}

int broker_open_tokens_locally(const char *path, const struct broker_file_stamp *seen)
{
	struct broker_file_stamp now;
	struct stat status;

	if (seen && stat(path, &status) == 0) {
		broker_file_stamp_from_stat(&status, &now);
		if (memcmp(&now, seen, sizeof(now)) == 0) {
			errno = EALREADY;
			return -1;
		}
	}
	return token_file_open(path);
}

static void serve(int socket_fd, const struct broker_setup *setup)
{
	struct request request;

	while (recv(socket_fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request)) {
		int fd = -1;

		if (request.camera == EXIT_REQUEST) {
			if (setup->at_exit)
				setup->at_exit(setup->context);
			return;
		}
		errno = EINVAL;
		if (request.camera < setup->cameras->count)
			fd = broker_open_tokens_locally(setup->cameras->cameras[request.camera].http.tokens,
							request.has_seen ? &request.seen : NULL);
		bool sent = send_reply(socket_fd, fd >= 0 ? 0 : errno, fd);
		if (fd >= 0)
			close(fd);
		if (!sent)
			return;
	}
}

static _Noreturn void broker_main(int socket_fd, const struct broker_setup *setup, pid_t parent)
{
	prctl(PR_SET_NAME, "recorder-tokens");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	/* Nothing that the program closes may stay open here, especially not its listening socket. */
	if (dup2(socket_fd, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	closefrom(STDERR_FILENO + 1);
	serve(STDIN_FILENO, setup);
	_exit(EXIT_SUCCESS);
}

struct broker *broker_open(const struct broker_setup *setup, struct reason *why)
{
	pid_t parent = getpid();
	struct broker *broker = calloc(1, sizeof(*broker));
	int ends[2];

	if (!broker || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		goto failed;
	broker->pid = fork();
	if (broker->pid == 0)
		broker_main(ends[1], setup, parent);
	close(ends[1]);
	broker->fd = ends[0];
	if (broker->pid > 0)
		return broker;
	close(ends[0]);
failed:
	reason_errno(why, "cannot start the process that opens the token files");
	free(broker);
	return NULL;
}

static bool send_request(struct broker *broker, size_t camera, const struct broker_file_stamp *seen)
{
	struct request request = {.camera = (uint32_t)camera, .has_seen = seen != NULL};

	if (seen)
		request.seen = *seen;
	broker->reply_pending =
		send(broker->fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(request);
	return broker->reply_pending;
}

static int wait_for_reply(struct broker *broker, int timeout_ms)
{
	if (poll(&(struct pollfd){.fd = broker->fd, .events = POLLIN}, 1, timeout_ms) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	broker->reply_pending = false;
	return receive_reply(broker->fd);
}

int broker_open_tokens(struct broker *broker, size_t camera, const struct broker_file_stamp *seen)
{
	/* A late reply may be the file of another camera, or a file that has been replaced since. */
	if (broker->reply_pending) {
		int late = wait_for_reply(broker, LATE_TIMEOUT_MS);
		if (late >= 0)
			close(late);
		if (broker->reply_pending)
			return -1;
	}
	return send_request(broker, camera, seen) ? wait_for_reply(broker, TIMEOUT_MS) : -1;
}

void broker_close(struct broker *broker)
{
	const struct request request = {.camera = EXIT_REQUEST};

	if (!broker)
		return;
	/* If a disk keeps it from ending even then, do not wait for it. */
	if (broker->reply_pending || send(broker->fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		kill(broker->pid, SIGKILL);
	close(broker->fd);
	while (waitpid(broker->pid, NULL, broker->reply_pending ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	free(broker);
}
