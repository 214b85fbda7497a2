/* fastcgi_client.c - a web server's side of FastCGI. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/support/fastcgi_client.h"

struct client_from client_from;

void client_record(struct buffer *out, uint8_t type, const void *content, size_t length)
{
	const uint8_t header[8] = {1, type, 0, 1, (uint8_t)(length >> 8), (uint8_t)length, 0, 0};
	buffer_append(out, header, sizeof(header));
	buffer_append(out, content, length);
}

static void client_length(struct buffer *out, size_t length)
{
	if (length < 128)
		buffer_u8(out, (uint8_t)length);
	else
		buffer_u32(out, (uint32_t)length | 0x80000000u);
}

void client_pair(struct buffer *out, const char *name, const char *value)
{
	client_length(out, strlen(name));
	client_length(out, strlen(value));
	buffer_append(out, name, strlen(name));
	buffer_append(out, value, strlen(value));
}

void client_begin(struct buffer *out)
{
	static const uint8_t responder[8] = {0, FCGI_RESPONDER};
	client_record(out, FCGI_BEGIN_REQUEST, responder, sizeof(responder));
}

/* A request without the end of its input; `uri` includes the query. */
static void client_open_request(struct buffer *out, const char *method, const char *uri)
{
	struct buffer params = {0};
	const char *query = strchr(uri, '?');
	client_pair(&params, "REQUEST_METHOD", method);
	client_pair(&params, "REQUEST_URI", uri);
	client_pair(&params, "QUERY_STRING", query ? query + 1 : "");
	if (client_from.remote)
		client_pair(&params, "REMOTE_ADDR", client_from.remote);
	if (client_from.forwarded) { /* after what the client sent itself */
		char both[128];
		snprintf(both, sizeof(both), "203.0.113.9, %s", client_from.forwarded);
		client_pair(&params, "HTTP_X_FORWARDED_FOR", both);
	}
	for (const char *const *also = client_from.also; also && *also; also += 2)
		client_pair(&params, also[0], also[1]);
	client_begin(out);
	client_record(out, FCGI_PARAMS, params.data, params.length);
	client_record(out, FCGI_PARAMS, NULL, 0);
	buffer_free(&params);
}

void client_request(struct buffer *out, const char *method, const char *uri)
{
	client_open_request(out, method, uri);
	client_record(out, FCGI_STDIN, NULL, 0);
}

int client_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool client_send(int fd, struct buffer *out)
{
	bool sent = send(fd, out->data, out->length, MSG_NOSIGNAL) == (ssize_t)out->length;
	buffer_free(out);
	return sent;
}

int client_ask(const char *path, const char *method, const char *uri)
{
	struct buffer out = {0};
	int fd = client_connect(path);
	client_request(&out, method, uri);
	if (!client_send(fd, &out) && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool client_exactly(int fd, void *to, size_t length)
{
	uint8_t *at = to;
	while (length > 0) {
		ssize_t got = recv(fd, at, length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		length -= (size_t)got;
	}
	return true;
}

int client_read_record(int fd, struct buffer *out)
{
	uint8_t header[8];
	if (!client_exactly(fd, header, sizeof(header)))
		return 0;
	size_t length = (size_t)header[4] << 8 | header[5];
	if (header[0] != 1 || header[3] != 1 || !buffer_reserve(out, length + header[6]))
		return -1;
	if (!client_exactly(fd, out->data + out->length, length + header[6]))
		return 0;
	if (header[1] == FCGI_STDOUT)
		out->length += length;
	return header[1];
}

bool client_read_until(int fd, struct buffer *answer, size_t from, const char *text)
{
	for (;;) {
		if (answer->length > from && memmem(answer->data + from, answer->length - from, text, strlen(text)))
			return true;
		if (client_read_record(fd, answer) != FCGI_STDOUT)
			return false;
	}
}

bool client_read_all(int fd, struct buffer *answer)
{
	int type;
	while ((type = client_read_record(fd, answer)) == FCGI_STDOUT)
		;
	buffer_u8(answer, '\0');
	return type == FCGI_END_REQUEST;
}

bool client_may_end_late(const char *path, const char *uri)
{
	struct buffer out = {0}, answer = {0};
	int fd = client_connect(path);
	client_open_request(&out, "GET", uri);
	bool taken = client_send(fd, &out) && client_read_all(fd, &answer);
	client_record(&out, FCGI_STDIN, NULL, 0);
	taken = client_send(fd, &out) && taken;
	buffer_free(&answer);
	close(fd);
	return taken;
}
