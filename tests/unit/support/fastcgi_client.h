/* fastcgi_client.h - a web server's side of FastCGI: builds requests and parses responses. */
#ifndef TESTS_UNIT_SUPPORT_FASTCGI_CLIENT_H
#define TESTS_UNIT_SUPPORT_FASTCGI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastcgi.h>

#include "shared/base/buffer.h"

/*
 * Parameters about the client: REMOTE_ADDR and X-Forwarded-For, each missing if NULL. `also` has more parameters, names
 * and values alternately, then NULL; it may be NULL itself.
 */
extern struct client_from {
	const char *remote, *forwarded;
	const char *const *also;
} client_from;

/* Appends one record of request 1. */
void client_record(struct buffer *out, uint8_t type, const void *content, size_t length);

/* Appends a name and its value in the form of FCGI_PARAMS. */
void client_pair(struct buffer *out, const char *name, const char *value);

/* Appends FCGI_BEGIN_REQUEST. */
void client_begin(struct buffer *out);

/* A whole request as lighttpd sends it. */
void client_request(struct buffer *out, const char *method, const char *uri);

/* Returns a descriptor, which the caller closes, or -1. */
int client_connect(const char *path);

/* Sends the whole buffer, and frees it. */
bool client_send(int fd, struct buffer *out);

/* Connects and sends the request. Returns a descriptor, which the caller closes, or -1. */
int client_ask(const char *path, const char *method, const char *uri);

/*
 * Reads one record and appends its content. Returns its type, 0 at the end of the connection, -1 if it is not a
 * record.
 */
int client_read_record(int fd, struct buffer *out);

/* Reads until the answer contains `text` (from offset `from` on); returns false if the stream ends before that. */
bool client_read_until(int fd, struct buffer *answer, size_t from, const char *text);

/* Reads the whole answer and terminates it with a NUL. Returns true if FCGI_END_REQUEST has ended it. */
bool client_read_all(int fd, struct buffer *answer);

/*
 * Sends a request like Apache, which writes the end of the input separately and turns a complete answer into a 503 if
 * that write fails. Returns true if the write succeeds even after the whole answer.
 */
bool client_may_end_late(const char *path, const char *uri);

#endif
