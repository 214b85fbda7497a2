/*
 * fastcgi.h - one FastCGI request (FastCGI specification 1.0), as both workers see it: libfcgi parses it,
 * and what goes out is written by ourselves as FCGI_STDOUT records on the connection's descriptor, without
 * blocking.
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
 * The content of the records that fastcgi_append() makes; a multiple of 8, and with its header 16 KiB. The protocol
 * allows 65,535, but lighttpd keeps a record that has not come whole apart from what it has queued for the client, does
 * not count it, and when the two together pass 64 KB sends them by way of a temporary file. Larger ones go out only by
 * those who know what the server has taken (FASTCGI_TURN_BYTES).
 */
#define FASTCGI_RECORD_MAX   16376u
#define FASTCGI_HEADER_BYTES 8u

/*
 * The SO_SNDBUF of a connection, and what a socket with it takes in one go: Linux doubles the value, and puts in two
 * pieces that are each half of that but 64 bytes. lighttpd stops listening at 60 KB of an answer, and sends what is
 * more than 64 KB by way of a temporary file: so no more is sent until it has taken that, which is when the socket
 * becomes writable. A record of that size it passes on without copying it.
 */
#define FASTCGI_SNDBUF_BYTES 30720
#define FASTCGI_TURN_BYTES   (2u * (FASTCGI_SNDBUF_BYTES - 64u))

struct fastcgi_request {
	FCGX_Request fcgx;
	int fd; /* the connection, non-blocking, SO_SNDBUF set; owned by fcgx */

	/* Never NULL. path: of REQUEST_URI, percent-decoded once, without the query; "" where it cannot be decoded. */
	const char *method, *path, *query;
	char *path_bytes;
};

/*
 * The listening socket, non-blocking: `path` NULL takes descriptor 0 (as a web server hands it over), else a UNIX
 * socket is made at `path` (mode 0660; a dead one there is replaced, a living one is left alone). -1 with a sentence.
 * Starts libfcgi, which takes SIGPIPE, SIGUSR1 and SIGTERM where they have no handler: set the program's own
 * afterwards.
 */
int fastcgi_listen(const char *path, struct reason *why);

/*
 * Taking a request never waits. fastcgi_accept() gives a connection (-1 with errno where there is none; `sndbuf_bytes` 0
 * leaves the socket's own), fastcgi_read() its request once all of it has come. Unless it says FASTCGI_INCOMPLETE, the
 * descriptor is no longer the caller's. fastcgi_peek() says what fastcgi_read() would find, and takes nothing.
 */
enum fastcgi_outcome {
	FASTCGI_READY,
	FASTCGI_INCOMPLETE, /* not all there yet: ask again after the next edge (what came stays in the socket) */
	FASTCGI_INVALID,    /* no request; closed by fastcgi_read() */
};

int fastcgi_accept(int listen_fd, int sndbuf_bytes);
enum fastcgi_outcome fastcgi_read(int fd, struct fastcgi_request **out);
enum fastcgi_outcome fastcgi_peek(int fd);

/*
 * As fastcgi_read(), but every byte stays in the socket: another process that is given the connection reads the same
 * request. Whoever answers closes it with fastcgi_close(), which drains it.
 */
enum fastcgi_outcome fastcgi_read_copy(int fd, struct fastcgi_request **out);

/* A parameter (HTTP_RANGE, REQUEST_URI, …), or "". */
const char *fastcgi_param(const struct fastcgi_request *request, const char *name);

/* 8 bytes: version 1, type FCGI_STDOUT, id 1, the length, no padding. */
void fastcgi_stdout_header(uint8_t out[FASTCGI_HEADER_BYTES], size_t length);

/* 24 bytes: the empty FCGI_STDOUT record and FCGI_END_REQUEST with status 0. */
#define FASTCGI_END_BYTES 24u
void fastcgi_end(uint8_t out[FASTCGI_END_BYTES]);

/* Appends `data` as one or more FCGI_STDOUT records. */
void fastcgi_append(struct buffer *out, const void *data, size_t length);

/* Closes the connection and frees the request, without writing anything. NULL is safe. */
void fastcgi_close(struct fastcgi_request *request);

/*
 * An answered connection stays open until the web server closes it, at most so long. Apache ends the input in a write
 * of its own, and makes a 503 of an answer behind which that write fails; and closing with bytes unread is a reset.
 */
#define FASTCGI_LINGER_MS 1000

/* Half-closes the connection and frees the request: the descriptor is the caller's, to watch, drain and close. */
void fastcgi_release(struct fastcgi_request *request);

/* Throws away what has come. */
void fastcgi_drain(int fd);

#endif
