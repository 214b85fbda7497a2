/*
 * fuzz_fastcgi.c - the bytes on a connection to a worker.
 *
 * The verdict on a part never contradicts the verdict on the whole. libfcgi reads a request that is found complete
 * without waiting for more, with exactly its parameters. Input: the bytes.
 */
#include "tests/fuzz/fuzz.h"

#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/fastcgi_validate.h"
#include "shared/base/buffer.h"

static enum fastcgi_validity scan(const uint8_t *data, size_t size)
{
	uint8_t *copy = input_copy(data, size);
	enum fastcgi_validity found = fastcgi_validate(copy, size);

	free(copy);
	return found;
}

static void check_prefixes(const uint8_t *data, size_t size)
{
	enum fastcgi_validity whole = scan(data, size), before = FASTCGI_PARAMS_INCOMPLETE;

	for (size_t length = 0; length < size; length += 1 + length / 8) {
		enum fastcgi_validity found = scan(data, length);
		holds(before == FASTCGI_PARAMS_INCOMPLETE || found == before);
		before = found;
	}
	holds(before == FASTCGI_PARAMS_INCOMPLETE || whole == before);
}

/* The contents of all FCGI_PARAMS records of a request that was found complete. */
static struct buffer params_of(const uint8_t *data)
{
	struct buffer out = {0};

	for (size_t at = 0;;) {
		size_t length = (size_t)data[at + 4] << 8 | data[at + 5];
		if (data[at + 1] == FCGI_PARAMS && length == 0)
			return out;
		if (data[at + 1] == FCGI_PARAMS)
			buffer_append(&out, data + at + 8, length);
		at += 8 + length + data[at + 6];
	}
}

static size_t take_length(const struct buffer *params, size_t *at)
{
	const uint8_t *data = params->data + *at;
	bool is_long = data[0] & 0x80;

	*at += is_long ? 4 : 1;
	return is_long ? (size_t)(data[0] & 0x7f) << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3]
		       : data[0];
}

/* libfcgi puts the role before them. */
static void check_params(const struct fastcgi_request *request, const uint8_t *data)
{
	struct buffer params = params_of(data);
	char *const *given = request->fcgx.envp;

	holds(*given && strcmp(*given++, "FCGI_ROLE=RESPONDER") == 0);
	for (size_t at = 0; at < params.length; given++) {
		size_t name = take_length(&params, &at), value = take_length(&params, &at);
		holds(*given && strlen(*given) == name + 1 + value && (*given)[name] == '=');
		holds(memcmp(*given, params.data + at, name) == 0);
		holds(memcmp(*given + name + 1, params.data + at + name, value) == 0);
		at += name + value;
	}
	holds(!*given);
	buffer_free(&params);
	holds(request->method && request->query && request->path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct fastcgi_request *request = NULL;
	int pair[2];

	ready = ready || FCGX_Init() == 0;
	if (size > FASTCGI_PARAMS_MAX / 4)
		return 0;
	check_prefixes(data, size);
	holds(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	holds(size == 0 || send(pair[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	enum fastcgi_outcome outcome = fastcgi_read(pair[1], &request);
	holds((outcome == FASTCGI_READY) == (size > 0 && scan(data, size) == FASTCGI_PARAMS_VALID));
	if (outcome == FASTCGI_READY)
		check_params(request, data);
	if (outcome == FASTCGI_INCOMPLETE)
		close(pair[1]);
	fastcgi_close(request);
	close(pair[0]);
	return 0;
}
