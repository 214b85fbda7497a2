/*
 * handover.h - handing connections over from the master to its workers.
 *
 * Only the master holds the listening socket; a worker closes its copy before it does anything else. The kernel
 * closes the descriptors of a killed process before its parent learns of its death, so the web server that started
 * the master finds a socket that refuses connections, and starts another master. If a worker had a copy, lighttpd
 * would find the socket open, believe that it belongs to another program, and never start a master there again.
 *
 * A channel is a pair of UNIX sockets (SOCK_SEQPACKET). A message is a note (struct handover_note) with one
 * descriptor (SCM_RIGHTS, unix(7)). All workers share one end, and whichever is free receives the next message.
 * There is one channel from the master to the front workers, and one from these to the disk workers of each camera
 * (worker_groups.h).
 */
#ifndef FCGI_POOL_HANDOVER_H
#define FCGI_POOL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/pool/pass_table.h"

/* Travels with a connection. */
struct handover_note {
	struct pass_ticket ticket; /* number 0: from the master */
	int64_t arrived_us;        /* when the request was complete, on the monotonic clock */
};

/* Opens both ends of a channel, non-blocking and close-on-exec; `bytes` is their SO_SNDBUF. False with errno. */
bool handover_channel(int bytes, int *send_fd, int *receive_fd);

/* The master's side. */
struct handover {
	int listen_fd;  /* the caller's */
	int fd;         /* the master's end; -1: not open */
	int workers_fd; /* the workers' end */
	int pending_fd; /* an accepted connection for which the channel has no room yet; -1: none */
};

/* False with errno. `listen_fd` is non-blocking and remains the caller's. */
bool handover_open(struct handover *handover, int listen_fd);
void handover_close(struct handover *handover);

/* True: before the next handover_run(), wait until `fd` is writable. False: wait for a connection on listen_fd. */
bool handover_is_full(const struct handover *handover);

/* Accepts connections and sends them, as many as there is room for. False with errno: try again after a pause. */
bool handover_run(struct handover *handover);

/* Sends a copy of a connection. False with errno if there is no room. */
bool handover_send(int send_fd, int fd, const struct handover_note *note);

/*
 * Receives the next connection, non-blocking, with a send buffer of `sndbuf_bytes` (0: unchanged). -1 with errno:
 * EAGAIN if there is none, ECONNRESET if the sender is gone, EMFILE and the like if descriptors or memory ran out.
 * In that case the connection is left to other workers.
 */
int handover_receive(int receive_fd, int sndbuf_bytes, struct handover_note *note);

#endif
