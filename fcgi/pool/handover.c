/* handover.c - handing connections over from the master to its workers. */
#include "fcgi/pool/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/io/fastcgi.h"

#define QUEUE_BYTES 1  /* as few as the kernel allows: connections had better wait in the listening socket */
#define BATCH_MAX   64 /* connections before the master's loop gets its turn again */

union control {
	struct cmsghdr header; /* aligns the bytes */
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool handover_channel(int bytes, int *send_fd, int *receive_fd)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return false;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	*send_fd = ends[0];
	*receive_fd = ends[1];
	return true;
}

bool handover_open(struct handover *handover, int listen_fd)
{
	*handover = (struct handover){.listen_fd = listen_fd, .fd = -1, .workers_fd = -1, .pending_fd = -1};
	return handover_channel(QUEUE_BYTES, &handover->fd, &handover->workers_fd);
}

void handover_close(struct handover *handover)
{
	if (handover->pending_fd >= 0)
		close(handover->pending_fd);
	if (handover->fd >= 0) {
		close(handover->fd);
		close(handover->workers_fd);
	}
	handover->fd = handover->workers_fd = handover->pending_fd = -1;
}

bool handover_is_full(const struct handover *handover)
{
	return handover->pending_fd >= 0;
}

bool handover_send(int send_fd, int fd, const struct handover_note *note)
{
	struct handover_note copy = *note;
	struct iovec part = {&copy, sizeof(copy)};
	union control control = {.header = {CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(send_fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(copy);
}

bool handover_run(struct handover *handover)
{
	const struct handover_note note = {0};

	for (int i = 0; i < BATCH_MAX; i++) {
		if (handover->pending_fd < 0)
			handover->pending_fd = fastcgi_accept(handover->listen_fd, 0);
		if (handover->pending_fd < 0)
			return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
		if (!handover_send(handover->fd, handover->pending_fd, &note))
			return errno == EAGAIN;
		close(handover->pending_fd);
		handover->pending_fd = -1;
	}
	return true;
}

/*
 * True if this process can open another descriptor. If it cannot, receiving a message would lose the descriptor in
 * it. No other thread opens any meanwhile.
 */
static bool can_open_descriptor(int fd)
{
	int spare = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (spare >= 0)
		close(spare);
	return spare >= 0;
}

static int receive_descriptor(int socket_fd, struct handover_note *note)
{
	struct iovec part = {note, sizeof(*note)};
	union control control = {0};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
	int fd = -1;

	if (got < 0)
		return -1;
	if (got == (ssize_t)sizeof(*note) && CMSG_FIRSTHDR(&message) &&
	    CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	else
		errno = got == 0 ? ECONNRESET : EMFILE;
	return fd;
}

int handover_receive(int receive_fd, int sndbuf_bytes, struct handover_note *note)
{
	*note = (struct handover_note){0};
	int fd = can_open_descriptor(receive_fd) ? receive_descriptor(receive_fd, note) : -1;

	if (fd >= 0 && sndbuf_bytes > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf_bytes, sizeof(sndbuf_bytes));
	return fd;
}
