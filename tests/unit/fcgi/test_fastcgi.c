/* test_fastcgi.c - FastCGI requests, complete, in pieces and invalid; the listening socket; error responses. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "fcgi/http/problem.h"
#include "fcgi/io/fastcgi.h"
#include "fcgi/io/fastcgi_validate.h"
#include "tests/unit/support/fastcgi_client.h"

static char folder[64], socket_path[80];
static int listener = -1;
static struct reason why;

static int open_listener(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-fastcgi-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	listener = fastcgi_listen(socket_path, &why);
	return listener < 0;
}

static int close_listener(void **state)
{
	(void)state;
	close(listener);
	unlink(socket_path);
	return rmdir(folder);
}

static struct fastcgi_request *accept_uri(const char *uri, int *client)
{
	*client = client_ask(socket_path, "GET", uri);
	assert_true(*client >= 0);
	struct fastcgi_request *request = NULL;
	return fastcgi_read(fastcgi_accept(listener, 24576), &request) == FASTCGI_READY ? request : NULL;
}

static void parameters_arrive(void **state)
{
	(void)state;
	int client;
	struct fastcgi_request *request = accept_uri("/footage?from=-90s&to=now", &client);
	assert_non_null(request);
	assert_string_equal(request->method, "GET");
	assert_string_equal(request->path, "/footage");
	assert_string_equal(request->query, "from=-90s&to=now");
	assert_string_equal(fastcgi_param(request, "REQUEST_URI"), "/footage?from=-90s&to=now");
	assert_string_equal(fastcgi_param(request, "HTTP_RANGE"), "");
	assert_true(fcntl(request->fd, F_GETFL) & O_NONBLOCK);
	fastcgi_close(request);
	char byte;
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	close(client);
}

static void the_path_is_decoded_once_or_empty(void **state)
{
	(void)state;
	static const struct {
		const char *uri, *path;
	} cases[] = {
		{"/", "/"},
		{"/recordings/recording_20260517%5F102300.mp4", "/recordings/recording_20260517_102300.mp4"},
		{"/a%252Fb?x=%41", "/a%2Fb"},
		{"/caf%C3%a9", "/caf\xc3\xa9"},
		{"/a+b", "/a+b"},
		{"/a%00b", ""},
		{"/a%4", ""},
		{"/a%", ""},
		{"/a%zz", ""},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int client;
		struct fastcgi_request *request = accept_uri(cases[i].uri, &client);
		assert_non_null(request);
		assert_string_equal(request->path, cases[i].path);
		fastcgi_close(request);
		close(client);
	}
}

static void without_a_connection_there_is_no_request(void **state)
{
	(void)state;
	assert_int_equal(fastcgi_accept(listener, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* Long parameters in several records and a name with a four-byte length, sent two bytes at a time. */
static void a_request_in_pieces_is_assembled(void **state)
{
	(void)state;
	struct buffer params = {0}, out = {0};
	char value[200];
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	client_pair(&params, "REQUEST_URI", "/stream");
	client_pair(&params, "LONG", value);
	client_begin(&out);
	for (size_t at = 0; at < params.length; at += 50)
		client_record(&out, FCGI_PARAMS, params.data + at, params.length - at < 50 ? params.length - at : 50);
	client_record(&out, FCGI_PARAMS, NULL, 0);

	int client = client_connect(socket_path), fd = fastcgi_accept(listener, 0);
	struct fastcgi_request *request = NULL;
	for (size_t i = 0; i < out.length; i += 2) {
		assert_int_equal(fastcgi_peek(fd), FASTCGI_INCOMPLETE);
		assert_int_equal(fastcgi_read(fd, &request), FASTCGI_INCOMPLETE);
		size_t part = out.length - i < 2 ? 1 : 2;
		assert_int_equal(send(client, out.data + i, part, 0), part);
	}
	assert_int_equal(fastcgi_peek(fd), FASTCGI_READY);
	assert_int_equal(fastcgi_read(fd, &request), FASTCGI_READY);
	assert_string_equal(request->path, "/stream");
	assert_string_equal(fastcgi_param(request, "LONG"), value);
	fastcgi_close(request);
	close(client);
	buffer_free(&params);
	buffer_free(&out);
}

static void expect_refusal(const struct buffer *sent)
{
	int client = client_connect(socket_path);
	assert_int_equal(send(client, sent->data, sent->length, 0), sent->length);
	int fd = fastcgi_accept(listener, 0);
	struct fastcgi_request *request = NULL;
	assert_int_equal(fastcgi_peek(fd), FASTCGI_INVALID);
	assert_int_equal(fastcgi_read(fd, &request), FASTCGI_INVALID);
	char byte;
	assert_true(recv(client, &byte, 1, 0) <= 0);
	close(client);
}

static void nonsense_is_refused_at_once(void **state)
{
	(void)state;
	struct buffer sent = {0};
	buffer_printf(&sent, "GET / HTTP/1.1\r\n\r\n");
	expect_refusal(&sent);

	buffer_clear(&sent); /* no FCGI_BEGIN_REQUEST */
	client_record(&sent, FCGI_PARAMS, NULL, 0);
	expect_refusal(&sent);

	buffer_clear(&sent); /* another role */
	client_record(&sent, FCGI_BEGIN_REQUEST, (const uint8_t[8]){0, FCGI_FILTER}, 8);
	expect_refusal(&sent);

	buffer_clear(&sent); /* a management record */
	client_record(&sent, FCGI_BEGIN_REQUEST, (const uint8_t[8]){0, FCGI_RESPONDER}, 8);
	client_record(&sent, FCGI_GET_VALUES, NULL, 0);
	expect_refusal(&sent);

	buffer_clear(&sent); /* a second FCGI_BEGIN_REQUEST */
	client_begin(&sent);
	client_begin(&sent);
	expect_refusal(&sent);
	buffer_free(&sent);
}

static void false_lengths_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t length;
	} params[] = {
		{"\xff\xff\xff\xff\xff\xff\xff\xff", 8}, /* 2^31 - 1 twice: their sum overflows an int */
		{"\x05\x05name", 6},
		{"\x05", 1},
		{"\x80\x00", 2},
		{"\x01\x03"
		 "a"
		 "b\0c",
		 6},
	};
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct buffer sent = {0};
		client_begin(&sent);
		client_record(&sent, FCGI_PARAMS, params[i].bytes, params[i].length);
		client_record(&sent, FCGI_PARAMS, NULL, 0);
		expect_refusal(&sent);
		buffer_free(&sent);
	}
}

static void too_many_parameters_are_refused(void **state)
{
	(void)state;
	struct buffer sent = {0};
	static uint8_t filler[60000];
	client_begin(&sent);
	client_record(&sent, FCGI_PARAMS, filler, sizeof(filler));
	client_record(&sent, FCGI_PARAMS, filler, sizeof(filler));
	expect_refusal(&sent);
	buffer_free(&sent);
}

/* A valid request, randomly damaged: whatever passes validation, libfcgi can handle. */
static void damaged_requests_never_hang_or_crash(void **state)
{
	(void)state;
	struct buffer good = {0};
	client_request(&good, "GET", "/footage?from=-10s&to=now");
	srand(7);
	for (int round = 0; round < 3000; round++) {
		struct buffer bad = {0};
		buffer_append(&bad, good.data, good.length);
		for (int i = rand() % 4; i >= 0; i--)
			bad.data[(size_t)rand() % bad.length] = (uint8_t)rand();
		size_t length = (size_t)rand() % (bad.length + 1);
		int pair[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		assert_int_equal(send(pair[0], bad.data, length, 0), length);
		struct fastcgi_request *request = NULL;
		enum fastcgi_outcome outcome = fastcgi_read(pair[1], &request);
		if (outcome == FASTCGI_READY)
			fastcgi_close(request);
		if (outcome == FASTCGI_INCOMPLETE)
			close(pair[1]);
		close(pair[0]);
		buffer_free(&bad);
	}
	buffer_free(&good);
}

static void appended_records_can_be_read(void **state)
{
	(void)state;
	int client;
	struct fastcgi_request *request = accept_uri("/", &client);
	static uint8_t body[150000];
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 31 >> 3);
	struct buffer out = {0}, answer = {0};
	fastcgi_append(&out, body, sizeof(body));
	size_t records = (sizeof(body) + FASTCGI_RECORD_MAX - 1) / FASTCGI_RECORD_MAX;
	assert_int_equal(out.length, sizeof(body) + records * FASTCGI_HEADER_BYTES);
	uint8_t end[FASTCGI_END_BYTES];
	fastcgi_end(end);
	buffer_append(&out, end, sizeof(end));
	fcntl(request->fd, F_SETFL, 0);
	int sndbuf = 1 << 20;
	setsockopt(request->fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	assert_int_equal(send(request->fd, out.data, out.length, 0), out.length);
	fastcgi_close(request);
	assert_true(client_read_all(client, &answer));
	assert_int_equal(answer.length, sizeof(body) + 1);
	assert_memory_equal(answer.data, body, sizeof(body));
	close(client);
	buffer_free(&out);
	buffer_free(&answer);
}

static void the_socket_is_for_the_user_and_the_group(void **state)
{
	(void)state;
	struct stat status;
	assert_int_equal(stat(socket_path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
}

static void a_live_socket_is_kept_and_a_dead_one_replaced(void **state)
{
	(void)state;
	assert_int_equal(fastcgi_listen(socket_path, &why), -1);
	assert_non_null(strstr(why.text, "another program already listens"));
	close(listener);
	listener = fastcgi_listen(socket_path, &why);
	assert_true(listener >= 0);
	int client;
	struct fastcgi_request *request = accept_uri("/", &client);
	assert_non_null(request);
	fastcgi_close(request);
	close(client);
}

static void a_file_that_is_not_a_socket_is_never_removed(void **state)
{
	(void)state;
	char path[96];
	snprintf(path, sizeof(path), "%s/file", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(fastcgi_listen(path, &why), -1);
	assert_non_null(strstr(why.text, "not a socket"));
	assert_int_equal(unlink(path), 0);
	char longer[200];
	snprintf(longer, sizeof(longer), "/tmp/%0150d", 1);
	assert_int_equal(fastcgi_listen(longer, &why), -1);
	assert_non_null(strstr(why.text, "too long"));
}

static void a_problem_is_valid_json_whatever_the_client_sent(void **state)
{
	(void)state;
	struct buffer out = {0};
	problem_append(&out, 404, "Retry-After: 1\r\n", "no \"\\ \x01 \xff \xc3\xa9 \xf0\x9f\x98\x80 \xed\xa0\x80",
		       false);
	buffer_u8(&out, '\0');
	const char *text = (const char *)out.data;
	assert_non_null(strstr(text, "Status: 404 Not Found\r\n"));
	assert_non_null(strstr(text, "Content-Type: application/problem+json\r\n"));
	assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "\r\nRetry-After: 1\r\n\r\n{"));
	const char *body = strstr(text, "\r\n\r\n") + 4;
	size_t length = strtoul(strstr(text, "Content-Length: ") + 16, NULL, 10);
	assert_int_equal(length, strlen(body));
	struct json_object *json = json_tokener_parse(body);
	assert_non_null(json);
	assert_int_equal(json_object_get_int(json_object_object_get(json, "status")), 404);
	assert_string_equal(json_object_get_string(json_object_object_get(json, "detail")),
			    "no \"\\ \x01 \xef\xbf\xbd \xc3\xa9 \xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_object_put(json);

	buffer_clear(&out);
	problem_append(&out, 404, NULL, "x", true);
	buffer_u8(&out, '\0');
	assert_string_equal(strstr((const char *)out.data, "\r\n\r\n"), "\r\n\r\n");
	buffer_free(&out);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_arrive),
		cmocka_unit_test(the_path_is_decoded_once_or_empty),
		cmocka_unit_test(without_a_connection_there_is_no_request),
		cmocka_unit_test(a_request_in_pieces_is_assembled),
		cmocka_unit_test(nonsense_is_refused_at_once),
		cmocka_unit_test(false_lengths_are_refused),
		cmocka_unit_test(too_many_parameters_are_refused),
		cmocka_unit_test(damaged_requests_never_hang_or_crash),
		cmocka_unit_test(appended_records_can_be_read),
		cmocka_unit_test(the_socket_is_for_the_user_and_the_group),
		cmocka_unit_test(a_live_socket_is_kept_and_a_dead_one_replaced),
		cmocka_unit_test(a_file_that_is_not_a_socket_is_never_removed),
		cmocka_unit_test(a_problem_is_valid_json_whatever_the_client_sent),
	};
	return cmocka_run_group_tests_name("fastcgi", tests, open_listener, close_listener);
}
