/*
 * handover.h - connections on their way from the master to its workers.
 *
 * Only the master holds the listening socket (a worker gives its copy up first of all). The kernel closes the
 * descriptors of a killed process before its parent hears of its death, so the web server that started the master finds
 * a socket that refuses connections, and starts another one. If a worker had a copy, lighttpd would still find it open,
 * take it for somebody else's, and never start anything there again.
 *
 * The way is a pair of UNIX sockets (SOCK_SEQPACKET): a message is a note (struct handover_note) with one descriptor
 * beside it (SCM_RIGHTS, unix(7)). All workers share one end, and whoever is free takes the next message. There is such
 * a way from the master to the front workers, and from these to the workers of each disk (worker_groups.h).
 */
#ifndef FCGI_POOL_HANDOVER_H
#define FCGI_POOL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/pool/pass_table.h"

/* What is known of a connection on its way. */
struct handover_note {
	struct pass_ticket ticket; /* number 0: from the master */
	int64_t arrived_us;        /* monotonic: when the request had come */
};

/* Both ends of a way, non-blocking and close-on-exec; `bytes`: SO_SNDBUF. False with errno. */
bool handover_channel(int bytes, int *send_fd, int *receive_fd);

/* What the master keeps of it. */
struct handover {
	int listen_fd;  /* the caller's */
	int fd;         /* the master's end, non-blocking; -1: not open */
	int workers_fd; /* the workers' end, non-blocking */
	int pending_fd; /* an accepted connection for which there is no room yet; -1: none */
};

/* False with errno. `listen_fd` is non-blocking and stays the caller's. */
bool handover_open(struct handover *handover, int listen_fd);
void handover_close(struct handover *handover);

/* What to wait for before the next handover_run(): room in `fd`; else a connection in listen_fd. */
bool handover_is_full(const struct handover *handover);

/* Accepts connections and hands them over, as many as there is room for. False with errno if that fails for now. */
bool handover_run(struct handover *handover);

/* Gives a copy of a connection. False with errno if there is no room. */
bool handover_send(int send_fd, int fd, const struct handover_note *note);

/*
 * Takes the next connection, non-blocking, with a send buffer of `sndbuf_bytes` (0: the socket's own). -1 with errno:
 * EAGAIN (there is none), ECONNRESET (the giver is gone), or what is short; the connection then stays for others.
 */
int handover_receive(int receive_fd, int sndbuf_bytes, struct handover_note *note);

#endif
