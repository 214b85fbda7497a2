/* fastcgi_client.h - a web server's side of FastCGI, for tests: builds requests, and takes answers apart. */
#ifndef TESTS_UNIT_SUPPORT_FASTCGI_CLIENT_H
#define TESTS_UNIT_SUPPORT_FASTCGI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastcgi.h>

#include "shared/base/buffer.h"

/*
 * Where requests come from, as the web server says it: REMOTE_ADDR and X-Forwarded-For; NULL: it says nothing. also:
 * more parameters, names and values in turn, then NULL; or NULL.
 */
extern struct client_from {
	const char *remote, *forwarded;
	const char *const *also;
} client_from;

/* Appends one record of request 1. */
void client_record(struct buffer *out, uint8_t type, const void *content, size_t length);

/* Appends a name and its value as FCGI_PARAMS has them. */
void client_pair(struct buffer *out, const char *name, const char *value);

/* Appends FCGI_BEGIN_REQUEST. */
void client_begin(struct buffer *out);

/* A whole request as lighttpd sends it. */
void client_request(struct buffer *out, const char *method, const char *uri);

/* A descriptor, the caller's; -1 where that fails. */
int client_connect(const char *path);

/* Sends it all, and frees it. */
bool client_send(int fd, struct buffer *out);

/* Connects and sends the request; -1 where that fails. */
int client_ask(const char *path, const char *method, const char *uri);

/* Takes one record off; appends its content. Returns its type, 0 at the end of the connection, -1 for what is no
 * record. */
int client_read_record(int fd, struct buffer *out);

/* Reads until `text` stands in the answer (from offset `from` on); false where the stream ends before that. */
bool client_read_until(int fd, struct buffer *answer, size_t from, const char *text);

/* Reads the whole answer; true where FCGI_END_REQUEST closed it. The answer is terminated for string functions. */
bool client_read_all(int fd, struct buffer *answer);

/*
 * As Apache asks: the end of the input is a write of its own, and one that fails makes it a 503 of an answer that had
 * come. True where that write is taken behind the whole answer, too.
 */
bool client_may_end_late(const char *path, const char *uri);

#endif
