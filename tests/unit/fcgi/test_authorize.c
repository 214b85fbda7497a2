/* test_authorize.c - requests and tokens as a web server passes them to FastCGI programs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/auth/authorize.h"
#include "fcgi/sandbox/broker.h"
#include "recorderd/command/token_edit.h"
#include "tests/unit/support/fastcgi_client.h"

static char folder[32], model[64];
static struct config pair[2]; /* two cameras, of which the second has no tokens */
static const struct config_set cameras = {.cameras = pair, .count = 2};
static struct broker *broker;
static struct token_store *store;
static char secret[TOKEN_SECRET_BYTES], bearer[96];
static struct permission permission;

static bool broker_is_stopped;

/* The broker may be slow on a busy machine. Only if a case stops it does its reply come too late. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int patience_ms = timeout_ms > 0 && !broker_is_stopped ? 60000 : timeout_ms;
	struct timespec limit = {patience_ms / 1000, patience_ms % 1000 * 1000000L};

	return ppoll(fds, count, timeout_ms < 0 ? NULL : &limit, NULL);
}

static void add(const char *name, unsigned scopes, wall_t expires)
{
	struct token token = {.scopes = scopes, .expires = expires};
	struct reason why;

	snprintf(token.name, sizeof(token.name), "%s", name);
	token_hash(secret, token.hash);
	if (!token_edit_add(pair[0].http.tokens, model, &token, &why))
		fail_msg("%s", why.text);
}

static int start(void **state)
{
	const uint8_t random[TOKEN_HASH_BYTES] = {1, 2, 3};
	struct reason why;

	(void)state;
	assert_int_equal(FCGX_Init(), 0);
	strcpy(folder, "/tmp/test-who-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(model, sizeof(model), "%s/recorder.ini", folder);
	fclose(fopen(model, "w"));
	snprintf(pair[0].http.tokens, sizeof(pair[0].http.tokens), "%s/tokens", folder);
	snprintf(pair[1].http.tokens, sizeof(pair[1].http.tokens), "%s/no-tokens", folder);
	token_secret_format(random, secret);
	snprintf(bearer, sizeof(bearer), "Bearer %s", secret);
	broker = broker_open(&(struct broker_setup){.cameras = &cameras}, &why);
	store = broker ? token_store_open(&cameras, broker) : NULL;
	return store ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	token_store_close(store);
	broker_close(broker);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* Authorizes a request with these parameters: names and values, then NULL. */
static enum auth_outcome judged(const char *name, ...)
{
	struct buffer params = {0}, out = {0};
	struct fastcgi_request *request = NULL;
	int ends[2];
	va_list more;

	client_pair(&params, "REQUEST_METHOD", "GET");
	client_pair(&params, "REQUEST_URI", "/health");
	va_start(more, name);
	for (; name; name = va_arg(more, const char *))
		client_pair(&params, name, va_arg(more, const char *));
	va_end(more);
	client_begin(&out);
	client_record(&out, FCGI_PARAMS, params.data, params.length);
	client_record(&out, FCGI_PARAMS, NULL, 0);
	client_record(&out, FCGI_STDIN, NULL, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(send(ends[0], out.data, out.length, MSG_NOSIGNAL), out.length);
	assert_int_equal(fastcgi_read(ends[1], &request), FASTCGI_READY);
	authorize(store, 0, &pair[0].http, request, &permission);
	fastcgi_close(request);
	close(ends[0]);
	buffer_free(&params);
	buffer_free(&out);
	return permission.outcome;
}

static void requests_that_the_server_authenticated_pass(void **state)
{
	(void)state;
	assert_int_equal(judged(NULL, NULL), AUTH_BY_SERVER);
	assert_int_equal(judged("HTTP_AUTHORIZATION", "Basic eDp5", NULL), AUTH_BY_SERVER);
	assert_int_equal(judged("HTTP_AUTHORIZATION", "digest x=y", NULL), AUTH_BY_SERVER);
	assert_int_equal(judged("HTTP_AUTHORIZATION", "Negotiate abc", "REMOTE_USER", "me", NULL), AUTH_BY_SERVER);
	assert_true(authorize_scope(&permission, TOKEN_DELETE));
}

/* Nobody can tell which of them the proxy wrote. Others than proxies are not trusted anyway. */
static void two_forwarded_headers_from_a_proxy_are_refused(void **state)
{
	const char *const name = "HTTP_X_FORWARDED_FOR";

	(void)state;
	strcpy(pair[0].http.proxies, "10.0.0.0/8");
	assert_int_equal(judged("REMOTE_ADDR", "10.0.0.2", name, "192.0.2.7", name, "192.0.2.8", NULL), AUTH_REFUSED);
	assert_int_equal(permission.status, 400);
	assert_int_equal(judged("REMOTE_ADDR", "10.0.0.2", name, "192.0.2.7", name, "", NULL), AUTH_REFUSED);
	assert_int_equal(judged("REMOTE_ADDR", "10.0.0.2", name, "192.0.2.7", NULL), AUTH_BY_SERVER);
	assert_int_equal(judged("REMOTE_ADDR", "10.0.0.2", name, "192.0.2.7", "HTTP_X_FORWARDED_FORGED", "x", NULL),
			 AUTH_BY_SERVER);
	assert_int_equal(judged("REMOTE_ADDR", "192.0.2.2", name, "192.0.2.7", name, "192.0.2.8", NULL),
			 AUTH_BY_SERVER);
	*pair[0].http.proxies = '\0';
}

static void a_foreign_host_name_is_refused_from_any_address(void **state)
{
	static const char *const from[] = {"127.0.0.1", "::1", "172.17.0.1", "192.168.1.7", "2001:db8::1", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		assert_int_equal(judged("REMOTE_ADDR", from[i], "HTTP_HOST", "evil.example:5000", NULL), AUTH_REFUSED);
		assert_int_equal(permission.status, 421);
		assert_non_null(strstr(permission.why.text, "\"evil.example:5000\""));
		assert_non_null(strstr(permission.why.text, "hosts = evil.example to"));
	}
	assert_int_equal(
		judged("HTTP_HOST", "evil.example", "HTTP_AUTHORIZATION", "Basic eDp5", "REMOTE_USER", "me", NULL),
		AUTH_REFUSED);
	strcpy(pair[0].http.hosts, "cam.example");
	assert_int_equal(judged("REMOTE_ADDR", "172.17.0.1", "HTTP_HOST", "cam.example:5000", NULL), AUTH_BY_SERVER);
	*pair[0].http.hosts = '\0';
}

/* A page whose site's name points here can send any header, but no valid token. */
static void a_valid_token_works_with_any_host_name(void **state)
{
	(void)state;
	assert_int_equal(judged("HTTP_HOST", "evil.example", "HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	assert_int_equal(permission.status, 401);
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	assert_int_equal(judged("HTTP_HOST", "evil.example", "HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
}

/* Otherwise any page could watch the camera of whoever visits it. */
static void pages_of_any_site_need_a_token(void **state)
{
	(void)state;
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	assert_int_equal(judged("HTTP_ORIGIN", "http://any.example", NULL), AUTH_BY_SERVER);
	strcpy(pair[0].http.allow_origin, "*");
	static const char *const foreign[] = {"http://any.example", "null", "http://cam:81", "x"};
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		assert_int_equal(judged("HTTP_HOST", "cam", "HTTP_ORIGIN", foreign[i], NULL), AUTH_REFUSED);
		assert_int_equal(permission.status, 401);
		assert_non_null(strstr(permission.why.text, "http.allow_origin"));
		assert_int_equal(judged("HTTP_ORIGIN", foreign[i], "HTTP_AUTHORIZATION", "Basic eDp5", NULL),
				 AUTH_REFUSED);
		assert_int_equal(judged("HTTP_ORIGIN", foreign[i], "HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
	}
	assert_int_equal(judged("HTTP_HOST", "cam", "HTTP_ORIGIN", "http://cam", NULL), AUTH_BY_SERVER);
	assert_int_equal(judged("HTTP_HOST", "evil.example", "HTTP_ORIGIN", "http://any.example", NULL), AUTH_REFUSED);
	assert_int_equal(permission.status, 421);
	*pair[0].http.allow_origin = '\0';
}

static void a_bearer_token_is_checked_even_with_a_remote_user(void **state)
{
	static const char *const wrong[] = {"Bearer",  "bearer x",           "BEARER\tx",
					    "Bearerx", "Bearer, Basic eDp5", "Bearer scr_"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(judged("HTTP_AUTHORIZATION", wrong[i], "REMOTE_USER", "me", NULL), AUTH_REFUSED);
		assert_int_equal(permission.status, 401);
		assert_false(authorize_scope(&permission, TOKEN_ANY));
	}
	assert_int_equal(judged("HTTP_AUTHORIZATION", "Negotiate abc", NULL), AUTH_REFUSED);
	assert_int_equal(judged("HTTP_AUTHORIZATION", " Basic eDp5", NULL), AUTH_REFUSED);
}

static void a_token_has_only_its_scopes(void **state)
{
	(void)state;
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
	assert_true(authorize_scope(&permission, TOKEN_ANY));
	assert_true(authorize_scope(&permission, TOKEN_LIVE));
	assert_false(authorize_scope(&permission, TOKEN_FOOTAGE));
	assert_int_equal(permission.status, 403);
	assert_string_equal(
		permission.headers,
		"WWW-Authenticate: Bearer realm=\"recorder\", error=\"insufficient_scope\", scope=\"footage\"\r\n");
	assert_false(authorize_scope(&permission, TOKEN_LIVE));
}

static void changes_of_the_file_apply_at_once(void **state)
{
	struct reason why;

	(void)state;
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
	chmod(pair[0].http.tokens, 0644);
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	assert_int_equal(permission.status, 503);
	chmod(pair[0].http.tokens, 0640);
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
	assert_true(token_edit_remove(pair[0].http.tokens, "door", &why));
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	add("late", TOKEN_LIVE, (wall_t){wall_now().us - 1});
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	assert_non_null(strstr(permission.why.text, "expired"));
	unlink(pair[0].http.tokens);
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	assert_int_equal(permission.status, 401);
}

static pid_t broker_process(void)
{
	FILE *children = fopen("/proc/thread-self/children", "r");
	int pid = 0;

	assert_non_null(children);
	assert_int_equal(fscanf(children, "%d", &pid), 1);
	fclose(children);
	return pid;
}

static void stop_process(pid_t pid)
{
	broker_is_stopped = true;
	assert_int_equal(kill(pid, SIGSTOP), 0);
}

static void continue_process(pid_t pid)
{
	assert_int_equal(kill(pid, SIGCONT), 0);
	broker_is_stopped = false;
}

static void assert_token_counts_soon(void)
{
	for (int tries = 0; judged("HTTP_AUTHORIZATION", bearer, NULL) != AUTH_BY_TOKEN; tries++) {
		assert_int_equal(permission.status, 503);
		assert_true(tries < 6000);
		usleep(10000);
	}
}

/* After the machine or a disk hung for a moment. */
static void a_file_that_could_not_be_opened_in_time_is_opened_later(void **state)
{
	pid_t pid = broker_process();

	(void)state;
	for (int i = 0; i < 2; i++) {
		stop_process(pid);
		unlink(pair[0].http.tokens);
		add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
		assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
		assert_int_equal(permission.status, 503);
		continue_process(pid);
		assert_token_counts_soon();
	}
}

static _Atomic bool looked_itself;
static pid_t itself;

int stat(const char *path, struct stat *status)
{
	if (itself == getpid() && strcmp(path, pair[0].http.tokens) == 0)
		looked_itself = true;
	return fstatat(AT_FDCWD, path, status, 0);
}

/* The disk of the tokens may hang, and with it any process that opens the file. */
static void the_program_does_not_open_the_file_itself(void **state)
{
	pid_t pid = broker_process();

	(void)state;
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
	itself = getpid();
	assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_BY_TOKEN);
	stop_process(pid);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(judged("HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
		assert_int_equal(permission.status, 503);
	}
	continue_process(pid);
	assert_token_counts_soon();
	itself = 0;
	assert_false(looked_itself);
}

/* A reply that is too late for one camera must not be taken for the file of another. */
static void a_late_reply_is_not_used_for_the_next_request(void **state)
{
	pid_t pid = broker_process();
	struct stat status;

	(void)state;
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	stop_process(pid);
	assert_int_equal(broker_open_tokens(broker, 1, NULL), -1);
	assert_int_equal(errno, ETIMEDOUT);
	continue_process(pid);
	int fd = -1;
	for (int tries = 0; fd < 0 && tries < 1000; tries++)
		fd = broker_open_tokens(broker, 0, NULL);
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(status.st_size > 0);
	close(fd);
	assert_int_equal(broker_open_tokens(broker, 1, NULL), -1);
	assert_int_equal(errno, ENOENT);
}

static void client_headers_are_not_server_parameters(void **state)
{
	(void)state;
	assert_int_equal(judged("HTTP_RECORDER_TOKEN_NEEDED", "1", NULL), AUTH_BY_SERVER);
	assert_int_equal(judged("HTTP_REMOTE_USER", "root", "HTTP_AUTHORIZATION", "Negotiate abc", NULL), AUTH_REFUSED);
	assert_int_equal(judged("RECORDER_TOKEN_NEEDED", "1", "HTTP_AUTHORIZATION", "Basic eDp5", NULL), AUTH_REFUSED);
	assert_int_equal(judged("RECORDER_TOKEN_NEEDED", "1", "REMOTE_USER", "me", NULL), AUTH_REFUSED);
}

static void a_second_authorization_header_does_not_help(void **state)
{
	(void)state;
	add("door", TOKEN_LIVE, (wall_t){wall_now().us + US_PER_S * 3600});
	assert_int_equal(judged("HTTP_AUTHORIZATION", "Bearer x", "HTTP_AUTHORIZATION", bearer, NULL), AUTH_REFUSED);
	assert_int_equal(judged("HTTP_AUTHORIZATION", "Bearer x", "HTTP_AUTHORIZATION", "Basic eDp5", NULL),
			 AUTH_REFUSED);
	assert_int_equal(judged("REDIRECT_HTTP_AUTHORIZATION", bearer, "RECORDER_TOKEN_NEEDED", "1", NULL),
			 AUTH_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_that_the_server_authenticated_pass, start, teardown),
		cmocka_unit_test_setup_teardown(two_forwarded_headers_from_a_proxy_are_refused, start, teardown),
		cmocka_unit_test_setup_teardown(a_foreign_host_name_is_refused_from_any_address, start, teardown),
		cmocka_unit_test_setup_teardown(a_valid_token_works_with_any_host_name, start, teardown),
		cmocka_unit_test_setup_teardown(pages_of_any_site_need_a_token, start, teardown),
		cmocka_unit_test_setup_teardown(a_bearer_token_is_checked_even_with_a_remote_user, start, teardown),
		cmocka_unit_test_setup_teardown(a_token_has_only_its_scopes, start, teardown),
		cmocka_unit_test_setup_teardown(changes_of_the_file_apply_at_once, start, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_could_not_be_opened_in_time_is_opened_later, start,
						teardown),
		cmocka_unit_test_setup_teardown(the_program_does_not_open_the_file_itself, start, teardown),
		cmocka_unit_test_setup_teardown(a_late_reply_is_not_used_for_the_next_request, start, teardown),
		cmocka_unit_test_setup_teardown(client_headers_are_not_server_parameters, start, teardown),
		cmocka_unit_test_setup_teardown(a_second_authorization_header_does_not_help, start, teardown),
	};

	return cmocka_run_group_tests_name("authorize", tests, NULL, NULL);
}
