/* fastcgi.c - one FastCGI request. */
#include "fcgi/io/fastcgi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fastcgi.h>

#include "fcgi/http/percent.h"
#include "fcgi/io/fastcgi_validate.h"

#define DRAIN_TIMES 16

int fastcgi_accept(int listen_fd, int sndbuf_bytes)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0 && sndbuf_bytes > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf_bytes, sizeof(sndbuf_bytes));
	return fd;
}

/* Turns a request target into its path, in place: decoded and without the query. Makes it empty if that fails. */
static void decode_path(char *path)
{
	if (!percent_decode(path, strcspn(path, "?#"), false, path, strlen(path) + 1))
		*path = '\0';
}

const char *fastcgi_param(const struct fastcgi_request *request, const char *name)
{
	const char *value = FCGX_GetParam(name, request->fcgx.envp);
	return value ? value : "";
}

/*
 * Parses a request whose bytes can all be read from `bytes_fd`, and takes over that descriptor. libfcgi takes it for a
 * connection that was kept open after an earlier request, so it does not accept one. Without `detached` it would linger
 * for 2 s when closing.
 */
static struct fastcgi_request *parse(int bytes_fd)
{
	struct fastcgi_request *request = calloc(1, sizeof(*request));
	if (!request) {
		close(bytes_fd);
		return NULL;
	}
	FCGX_InitRequest(&request->fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	request->fcgx.ipcFd = bytes_fd;
	request->fcgx.keepConnection = 1;
	request->fcgx.detached = 1;
	if (FCGX_Accept_r(&request->fcgx) != 0)
		goto failed;
	request->fd = bytes_fd;
	request->path_bytes = strdup(fastcgi_param(request, "REQUEST_URI"));
	if (!request->path_bytes)
		goto failed;
	decode_path(request->path_bytes);
	request->path = request->path_bytes;
	request->method = fastcgi_param(request, "REQUEST_METHOD");
	request->query = fastcgi_param(request, "QUERY_STRING");
	return request;
failed:
	fastcgi_close(request);
	return NULL;
}

enum fastcgi_outcome fastcgi_peek(int fd)
{
	uint8_t bytes[FASTCGI_PARAMS_MAX];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return FASTCGI_INCOMPLETE;
	enum fastcgi_validity found = got > 0 ? fastcgi_validate(bytes, (size_t)got) : FASTCGI_PARAMS_INVALID;
	if (found == FASTCGI_PARAMS_INCOMPLETE && (size_t)got < sizeof(bytes))
		return FASTCGI_INCOMPLETE;
	return found == FASTCGI_PARAMS_VALID ? FASTCGI_READY : FASTCGI_INVALID;
}

enum fastcgi_outcome fastcgi_read(int fd, struct fastcgi_request **out)
{
	enum fastcgi_outcome outcome = fastcgi_peek(fd);
	if (outcome == FASTCGI_INVALID)
		close(fd);
	if (outcome != FASTCGI_READY)
		return outcome;
	*out = parse(fd);
	return *out ? FASTCGI_READY : FASTCGI_INVALID;
}

/* Copies what is in the socket to a memfd. Returns the memfd, or -1 with errno. */
static int copy_of(int fd)
{
	uint8_t bytes[FASTCGI_PARAMS_MAX];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	int copy = got > 0 ? memfd_create("request", MFD_CLOEXEC) : -1;
	if (copy >= 0 && (write(copy, bytes, (size_t)got) != got || lseek(copy, 0, SEEK_SET) != 0)) {
		close(copy);
		return -1;
	}
	return copy;
}

enum fastcgi_outcome fastcgi_read_copy(int fd, struct fastcgi_request **out)
{
	enum fastcgi_outcome outcome = fastcgi_peek(fd);
	if (outcome == FASTCGI_INCOMPLETE)
		return outcome;
	int copy = outcome == FASTCGI_READY ? copy_of(fd) : -1;
	*out = copy >= 0 ? parse(copy) : NULL;
	if (!*out) {
		close(fd);
		return FASTCGI_INVALID;
	}
	close(copy);
	(*out)->fcgx.ipcFd = (*out)->fd = fd;
	return FASTCGI_READY;
}

void fastcgi_stdout_header(uint8_t out[FASTCGI_HEADER_BYTES], size_t length)
{
	const uint8_t header[FASTCGI_HEADER_BYTES] = {
		FCGI_VERSION_1, FCGI_STDOUT, 0, 1, (uint8_t)(length >> 8), (uint8_t)length, 0, 0,
	};
	memcpy(out, header, sizeof(header));
}

void fastcgi_end(uint8_t out[FASTCGI_END_BYTES])
{
	static const uint8_t end[16] = {FCGI_VERSION_1, FCGI_END_REQUEST, 0, 1, 0, 8};
	fastcgi_stdout_header(out, 0);
	memcpy(out + FASTCGI_HEADER_BYTES, end, sizeof(end));
}

void fastcgi_append(struct buffer *out, const void *data, size_t length)
{
	const uint8_t *from = data;
	while (length > 0) {
		size_t part = length < FASTCGI_RECORD_MAX ? length : FASTCGI_RECORD_MAX;
		uint8_t header[FASTCGI_HEADER_BYTES];
		fastcgi_stdout_header(header, part);
		buffer_append(out, header, sizeof(header));
		buffer_append(out, from, part);
		from += part;
		length -= part;
	}
}

void fastcgi_drain(int fd)
{
	char trash[4096];
	for (int i = 0; i < DRAIN_TIMES && recv(fd, trash, sizeof(trash), MSG_DONTWAIT) > 0; i++)
		;
}

static void free_request(struct fastcgi_request *request, bool close_connection)
{
	request->fcgx.detached = 1;
	FCGX_Free(&request->fcgx, close_connection);
	free(request->path_bytes);
	free(request);
}

void fastcgi_close(struct fastcgi_request *request)
{
	if (!request)
		return;
	if (request->fcgx.ipcFd >= 0)
		fastcgi_drain(request->fcgx.ipcFd);
	free_request(request, true);
}

void fastcgi_release(struct fastcgi_request *request)
{
	shutdown(request->fd, SHUT_WR);
	free_request(request, false);
}
