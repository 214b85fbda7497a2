/*
 * fastcgi.h - one FastCGI request (FastCGI specification 1.0), for both workers.
 *
 * libfcgi parses the request. Responses are FCGI_STDOUT records that this project writes to the connection's descriptor
 * itself, without blocking.
 */
#ifndef FCGI_IO_FASTCGI_H
#define FCGI_IO_FASTCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fcgiapp.h>

#include "shared/base/buffer.h"
#include "shared/base/reason.h"

/*
 * The content of the records that fastcgi_append() makes: a multiple of 8, and 16 KiB with its header. The protocol
 * allows 65,535 bytes. But lighttpd keeps an incomplete record apart from what it has queued for the client and does
 * not count it, and if both together exceed 64 KB, it sends them through a temporary file. So larger records are only
 * for code that knows what the server has read (FASTCGI_TURN_BYTES).
 */
#define FASTCGI_RECORD_MAX   16376u
#define FASTCGI_HEADER_BYTES 8u

/*
 * The SO_SNDBUF of a connection, and how much a socket with that setting accepts at once: Linux doubles the value and
 * accepts two pieces, each of which is half of that less 64 bytes. lighttpd stops reading at 60 KB of a response, and
 * sends more than 64 KB through a temporary file. So nothing more is sent until the socket becomes writable, when the
 * server has read those bytes. lighttpd passes a record of that size on without copying it.
 */
#define FASTCGI_SNDBUF_BYTES 30720
#define FASTCGI_TURN_BYTES   (2u * (FASTCGI_SNDBUF_BYTES - 64u))

struct fastcgi_request {
	FCGX_Request fcgx;
	int fd; /* the connection, non-blocking, SO_SNDBUF set; owned by fcgx */

	/* Never NULL. `path` is that of REQUEST_URI, percent-decoded once, or "" if it cannot be decoded. */
	const char *method, *path, *query;
	char *path_bytes;
};

/*
 * Returns a non-blocking listening socket. If `path` is NULL, that is descriptor 0, which a web server passes to the
 * program. Otherwise a UNIX socket with mode 0660 is created at `path`; a dead socket there is replaced, a live one is
 * not. Returns -1 and sets *why on failure. libfcgi is initialised, which sets handlers for SIGPIPE, SIGUSR1 and
 * SIGTERM if they have none, so set the program's own handlers afterwards.
 */
int fastcgi_listen(const char *path, struct reason *why);

/* None of the following functions blocks. */

/* Accepts a connection, or returns -1 with errno. `sndbuf_bytes` sets SO_SNDBUF; 0 keeps the default. */
int fastcgi_accept(int listen_fd, int sndbuf_bytes);

enum fastcgi_outcome {
	FASTCGI_READY,
	FASTCGI_INCOMPLETE, /* ask again after the next edge; what has arrived stays in the socket */
	FASTCGI_INVALID,    /* not a request */
};

/* Reads a request once it is complete. Takes over the descriptor unless it returns FASTCGI_INCOMPLETE. */
enum fastcgi_outcome fastcgi_read(int fd, struct fastcgi_request **out);

/* What fastcgi_read() would return. Changes nothing. */
enum fastcgi_outcome fastcgi_peek(int fd);

/*
 * Like fastcgi_read(), but leaves every byte in the socket, so another process that receives the connection can read
 * the same request. The process that responds closes it with fastcgi_close(), which drains it.
 */
enum fastcgi_outcome fastcgi_read_copy(int fd, struct fastcgi_request **out);

/* The value of a parameter (HTTP_RANGE, REQUEST_URI, …), or "". */
const char *fastcgi_param(const struct fastcgi_request *request, const char *name);

/* A record's header: version 1, type FCGI_STDOUT, request ID 1, the length, no padding. */
void fastcgi_stdout_header(uint8_t out[FASTCGI_HEADER_BYTES], size_t length);

/* The end of a response: an empty FCGI_STDOUT record, and FCGI_END_REQUEST with status 0. */
#define FASTCGI_END_BYTES 24u
void fastcgi_end(uint8_t out[FASTCGI_END_BYTES]);

/* Appends `data` as one or more FCGI_STDOUT records. */
void fastcgi_append(struct buffer *out, const void *data, size_t length);

/* Closes the connection and frees the request without writing anything. NULL is safe. */
void fastcgi_close(struct fastcgi_request *request);

/*
 * After the response, a connection stays open until the web server closes it, for at most this time. Apache ends its
 * input in a separate write, and turns the response into a 503 if that write fails. And closing a socket with unread
 * bytes resets the connection.
 */
#define FASTCGI_LINGER_MS 1000

/*
 * Half-closes the connection and frees the request. The caller then owns the descriptor: it watches, drains and closes
 * it.
 */
void fastcgi_release(struct fastcgi_request *request);

/* Discards what has arrived. */
void fastcgi_drain(int fd);

#endif
