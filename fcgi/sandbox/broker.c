/*
 * broker.c - see broker.h. An order is the number of a camera, or LAST, and the file seen; its answer an errno, and
 * with 0 for a camera a descriptor (SCM_RIGHTS, unix(7)). There is one order at a time: the next one is sent once the
 * answer has come.
 */
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

#define LAST     UINT32_MAX
#define LIMIT_MS 200
#define LATE_MS  10 /* for an answer that has not come in that time */

struct order {
	uint32_t camera;
	uint32_t has_seen;
	struct broker_file_stamp seen;
};

struct broker {
	int fd;
	pid_t pid;
	bool due; /* the answer to the last order has not come yet */
};

/* Room for one descriptor beside a message, aligned as the kernel wants it. */
union with_fd {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static bool answer_send(int socket_fd, int32_t error, int fd)
{
	struct iovec text = {&error, sizeof(error)};
	union with_fd beside = {0};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};

	if (fd >= 0) {
		beside.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&beside.header), &fd, sizeof(fd));
		message.msg_control = &beside;
		message.msg_controllen = sizeof(beside);
	}
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(error);
}

/* The descriptor, -1 with errno. */
static int answer_receive(int socket_fd)
{
	int32_t error;
	int fd = -1;
	struct iovec text = {&error, sizeof(error)};
	union with_fd beside = {0};
	struct msghdr message = {
		.msg_iov = &text, .msg_iovlen = 1, .msg_control = &beside, .msg_controllen = sizeof(beside)};

	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != (ssize_t)sizeof(error))
		error = ECONNRESET;
	else if (error == 0 && CMSG_FIRSTHDR(&message) && CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&beside.header), sizeof(fd));
	else if (error == 0)
		error = EMFILE; /* the kernel leaves out a descriptor for which there is no place here */
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
	struct order order;

	while (recv(socket_fd, &order, sizeof(order), 0) == (ssize_t)sizeof(order)) {
		int fd = -1;

		if (order.camera == LAST) {
			if (setup->last)
				setup->last(setup->context);
			return;
		}
		errno = EINVAL;
		if (order.camera < setup->cameras->count)
			fd = broker_open_tokens_locally(setup->cameras->cameras[order.camera].http.tokens,
							order.has_seen ? &order.seen : NULL);
		bool sent = answer_send(socket_fd, fd >= 0 ? 0 : errno, fd);
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
	/* Nothing that the program closes may stay open here, its listening socket least of all. */
	if (dup2(socket_fd, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	closefrom(STDERR_FILENO + 1);
	serve(STDIN_FILENO, setup);
	_exit(EXIT_SUCCESS);
}

struct broker *broker_open(const struct broker_setup *setup, struct reason *why)
{
	pid_t parent = getpid();
	struct broker *outside = calloc(1, sizeof(*outside));
	int ends[2];

	if (!outside || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		goto failed;
	outside->pid = fork();
	if (outside->pid == 0)
		broker_main(ends[1], setup, parent);
	close(ends[1]);
	outside->fd = ends[0];
	if (outside->pid > 0)
		return outside;
	close(ends[0]);
failed:
	reason_errno(why, "no process to open the tokens with");
	free(outside);
	return NULL;
}

static bool order_send(struct broker *outside, size_t camera, const struct broker_file_stamp *seen)
{
	struct order order = {.camera = (uint32_t)camera, .has_seen = seen != NULL};

	if (seen)
		order.seen = *seen;
	outside->due = send(outside->fd, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(order);
	return outside->due;
}

static int answer_wait(struct broker *outside, int limit_ms)
{
	if (poll(&(struct pollfd){.fd = outside->fd, .events = POLLIN}, 1, limit_ms) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	outside->due = false;
	return answer_receive(outside->fd);
}

int broker_open_tokens(struct broker *outside, size_t camera, const struct broker_file_stamp *seen)
{
	/* What comes late may be the file of another camera, or a file that has been replaced since. */
	if (outside->due) {
		int late = answer_wait(outside, LATE_MS);
		if (late >= 0)
			close(late);
		if (outside->due)
			return -1;
	}
	return order_send(outside, camera, seen) ? answer_wait(outside, LIMIT_MS) : -1;
}

void broker_close(struct broker *outside)
{
	const struct order order = {.camera = LAST};

	if (!outside)
		return;
	/* One that hangs in a disk may not even end then: it is not waited for. */
	if (outside->due || send(outside->fd, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		kill(outside->pid, SIGKILL);
	close(outside->fd);
	while (waitpid(outside->pid, NULL, outside->due ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	free(outside);
}
