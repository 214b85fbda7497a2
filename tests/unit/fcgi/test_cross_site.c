/* test_cross_site.c - requests from pages of other sites, and what responses tell their browsers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/auth/cross_site.h"
#include "fcgi/auth/site_headers.h"
#include "tests/unit/support/fastcgi_client.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LISTED       "http://dash.example:8123 https://ha.example, http://[2001:db8::7]:3000"

static struct config_http http;

static int start(void **state)
{
	(void)state;
	http = (struct config_http){0};
	return 0;
}

static void allow(const char *list)
{
	snprintf(http.allow_origin, sizeof(http.allow_origin), "%s", list);
}

static bool foreign(const char *site, const char *origin, const char *referer, const char *host)
{
	return cross_site_is_foreign(&(struct cross_site){site, origin, referer, host});
}

static void a_request_without_the_headers_is_from_a_script(void **state)
{
	(void)state;
	assert_false(foreign("", "", "", "cam:5000"));
	assert_false(foreign("", "", "", ""));
	assert_false(foreign("none", "", "", "cam:5000"));
	assert_false(foreign("none", "", "http://evil.example/", "cam:5000"));
}

static void the_first_header_that_is_present_decides(void **state)
{
	static const char *const others[] = {"cross-site",        "same-site", "Same-Origin", "NONE",
					     "same-origin, none", " none",     "?",           CROSS_SITE_REPEATED};

	(void)state;
	assert_false(foreign("same-origin", "http://evil.example", "http://evil.example/", "cam:5000"));
	for (size_t i = 0; i < COUNT(others); i++)
		if (!foreign(others[i], "http://cam:5000", "http://cam:5000/ui/", "cam:5000"))
			fail_msg("%s", others[i]);
	assert_true(foreign("", "http://evil.example", "http://cam:5000/ui/", "cam:5000"));
	assert_false(foreign("", "http://cam:5000", "http://evil.example/", "cam:5000"));
	assert_true(foreign("", "", "http://evil.example/", "cam:5000"));
	assert_false(foreign("", "", "http://cam:5000/ui/#t=now", "cam:5000"));
}

static void an_origin_is_compared_with_the_host(void **state)
{
	static const char *const own[][2] = {{"http://cam:5000", "cam:5000"},
					     {"http://CAM:5000", "Cam:5000"},
					     {"http://cam", "cam"},
					     {"http://cam", "cam:80"},
					     {"https://cam", "cam"},
					     {"https://cam", "cam:443"},
					     {"http://[::1]:5000", "[::1]:5000"},
					     {"http://[::1]:5000", "[0:0::1]:5000"},
					     {"http://10.0.0.7", "10.0.0.7"},
					     {"http://pi.local.", "pi.local."}};
	static const char *const others[][2] = {{"http://cam:5001", "cam:5000"},
						{"http://cam", "cam:5000"},
						{"https://cam", "cam:80"},
						{"http://cam.evil.example", "cam"},
						{"http://cam", ""},
						{"null", "cam"},
						{"null", "null"},
						{CROSS_SITE_REPEATED, "cam"},
						{"http://cam", CROSS_SITE_REPEATED},
						{"http://cam/", "cam"},
						{"http://cam, http://cam", "cam"},
						{"http://[::1]:5000", "[::2]:5000"},
						{"http://evil.example#cam", "cam"},
						{"http://evil.example@cam", "cam"},
						{"http://cam@evil.example", "cam"},
						{"http://cam", "cam:80:80"},
						{"http://cam", "cam/evil"}};

	(void)state;
	for (size_t i = 0; i < COUNT(own); i++)
		if (foreign("", own[i][0], "", own[i][1]))
			fail_msg("%s is %s", own[i][0], own[i][1]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (!foreign("", others[i][0], "", others[i][1]))
			fail_msg("%s is not %s", others[i][0], others[i][1]);
}

static void a_referer_is_compared_with_the_host(void **state)
{
	static const char *const others[] = {"about:client",
					     "android-app://org.example/",
					     "http://evil.example/http://cam:5000/",
					     "cam:5000",
					     "http://cam:5000@x/",
					     "http://cam:5000.evil/",
					     "http://cam:5000\\.evil/",
					     CROSS_SITE_REPEATED,
					     "http://user@cam:5000"};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		if (!foreign("", "", others[i], "cam:5000"))
			fail_msg("%s", others[i]);
}

static void for_a_change_no_header_may_name_another_site(void **state)
{
	static const struct cross_site suspects[] = {
		{"same-origin", "http://evil.example", "", "cam"}, {"none", "null", "", "cam"},
		{"cross-site", "http://cam", "", "cam"},           {"", "http://cam", "http://evil.example/", "cam"},
		{"", "", "http://evil.example/", "cam"},           {CROSS_SITE_REPEATED, "", "", "cam"}};
	static const struct cross_site good[] = {{"", "", "", "cam"},
						 {"same-origin", "http://cam", "http://cam/ui/", "cam"},
						 {"none", "", "", "cam"},
						 {"", "", "http://cam/ui/", "cam"}};

	(void)state;
	for (size_t i = 0; i < COUNT(suspects); i++)
		assert_true(cross_site_is_suspect(&suspects[i]));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_false(cross_site_is_suspect(&good[i]));
}

/* The headers of a request: names and values, then NULL. */
#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING   ((const char *const[]){NULL})

/* Close it with fastcgi_close(). */
static struct fastcgi_request *asked(const char *method, const char *uri, const char *const *headers)
{
	struct buffer params = {0}, out = {0};
	struct fastcgi_request *request = NULL;
	const char *query = strchr(uri, '?');
	int ends[2];

	client_pair(&params, "REQUEST_METHOD", method);
	client_pair(&params, "REQUEST_URI", uri);
	client_pair(&params, "QUERY_STRING", query ? query + 1 : "");
	client_pair(&params, "HTTP_HOST", "cam:5000");
	for (; headers[0]; headers += 2)
		client_pair(&params, headers[0], headers[1]);
	client_begin(&out);
	client_record(&out, FCGI_PARAMS, params.data, params.length);
	client_record(&out, FCGI_PARAMS, NULL, 0);
	client_record(&out, FCGI_STDIN, NULL, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_true(client_send(ends[0], &out));
	assert_int_equal(fastcgi_read(ends[1], &request), FASTCGI_READY);
	close(ends[0]);
	buffer_free(&params);
	return request;
}

static bool may_encode(const char *const *headers)
{
	struct fastcgi_request *request = asked("GET", "/snapshot?width=64", headers);
	struct reason why;
	bool may = cross_site_may_encode(request, &http, &why);

	fastcgi_close(request);
	if (!may)
		assert_non_null(strstr(why.text, "http.allow_origin"));
	return may;
}

static void only_listed_pages_of_other_sites_may_request_encoding(void **state)
{
	(void)state;
	for (int listed = 0; listed < 2; listed++) {
		allow(listed ? LISTED : "");
		assert_true(may_encode(NOTHING));
		assert_true(may_encode(WITH("HTTP_SEC_FETCH_SITE", "same-origin")));
		assert_false(may_encode(WITH("HTTP_SEC_FETCH_SITE", "cross-site")));
		assert_false(may_encode(WITH("HTTP_ORIGIN", "http://evil.example")));
		assert_false(may_encode(WITH("HTTP_REFERER", "http://evil.example/page")));
		assert_false(
			may_encode(WITH("HTTP_SEC_FETCH_SITE", "same-origin", "HTTP_SEC_FETCH_SITE", "same-origin")));
		assert_false(
			may_encode(WITH("HTTP_ORIGIN", "https://ha.example", "HTTP_ORIGIN", "https://ha.example")));
		assert_false(may_encode(WITH("HTTP_ORIGIN", "null", "HTTP_REFERER", "https://ha.example/")));
		assert_int_equal(may_encode(WITH("HTTP_SEC_FETCH_SITE", "cross-site", "HTTP_ORIGIN",
						 "http://dash.example:8123")),
				 listed);
		assert_int_equal(may_encode(WITH("HTTP_SEC_FETCH_SITE", "cross-site", "HTTP_REFERER",
						 "http://dash.example:8123/board?1")),
				 listed);
		assert_int_equal(may_encode(WITH("HTTP_ORIGIN", "https://HA.example:443")), listed);
	}
	allow("*");
	assert_false(may_encode(WITH("HTTP_ORIGIN", "http://any.example")));
	assert_true(may_encode(WITH("HTTP_ORIGIN", "http://any.example", "HTTP_AUTHORIZATION", "bearer x")));
}

static void the_refusal_names_only_the_site(void **state)
{
	struct fastcgi_request *request =
		asked("GET", "/footage", WITH("HTTP_REFERER", "http://evil.example:80/secret?page"));
	struct reason why;

	(void)state;
	assert_false(cross_site_may_encode(request, &http, &why));
	assert_non_null(strstr(why.text, "from http://evil.example:80."));
	fastcgi_close(request);
}

static struct buffer lines;

/* The header lines of a response with that status. */
static const char *answered(int status, const char *method, const char *uri, const char *const *headers)
{
	struct fastcgi_request *request = asked(method, uri, headers);

	buffer_clear(&lines);
	site_headers_append(&lines, &http, request, status);
	buffer_u8(&lines, '\0');
	fastcgi_close(request);
	return (const char *)lines.data;
}

#define PLAIN(policy) "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: " policy "\r\n"
#define NO_FRAME      "Content-Security-Policy: frame-ancestors 'none'\r\n"
#define VARY          "Vary: Origin, Referer\r\n" NO_FRAME
#define EXPOSE                                                                                                         \
	"Access-Control-Expose-Headers: X-Clip-Source, X-Clip-Spans, X-Clip-Start, X-Clip-Unknown, X-Live-Video, "     \
	"X-Timestamp, Content-Range, ETag, "                                                                           \
	"Retry-After\r\n"

static void dashboards_may_show_only_the_live_picture(void **state)
{
	static const char *const shown[] = {"/",         "/?fps=5",       "/stream", "/stream?camera=yard",
					    "/snapshot", "/snapshot?_=17"};
	static const char *const kept[] = {
		"/snapshot?at=-3s", "/snapshot?width=64", "/snapshot?_=1&at=", "/footage", "/recordings",
		"/health",          "/nothing",           "/snapshots"};

	(void)state;
	for (size_t i = 0; i < COUNT(shown); i++) {
		assert_string_equal(answered(200, "GET", shown[i], NOTHING), PLAIN("cross-origin"));
		assert_string_equal(answered(200, "HEAD", shown[i], NOTHING), PLAIN("cross-origin"));
		assert_string_equal(answered(503, "GET", shown[i], NOTHING), PLAIN("same-origin"));
	}
	for (size_t i = 0; i < COUNT(kept); i++)
		assert_string_equal(answered(200, "GET", kept[i], WITH("HTTP_ORIGIN", "https://ha.example")),
				    PLAIN("same-origin") NO_FRAME);
}

/* The live picture can be in a frame as well as in an <img>, with its errors. */
static void only_listed_pages_may_have_other_responses_in_a_frame(void **state)
{
	static const int statuses[] = {200, 401, 503};

	(void)state;
	snprintf(http.frame_ancestors, sizeof(http.frame_ancestors), LISTED);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_string_equal(
			answered(statuses[i], "GET", "/footage", NOTHING),
			PLAIN("same-origin") "Content-Security-Policy: frame-ancestors http://dash.example:8123 "
					     "https://ha.example  http://[2001:db8::7]:3000\r\n");
		assert_null(strstr(answered(statuses[i], "GET", "/stream", NOTHING), "Content-Security-Policy"));
	}
	snprintf(http.frame_ancestors, sizeof(http.frame_ancestors), "*");
	assert_non_null(strstr(answered(200, "GET", "/clips", NOTHING), "frame-ancestors *\r\n"));
}

static void listed_pages_may_read_and_show_everything(void **state)
{
	static const int statuses[] = {200, 206, 304, 400, 404, 416, 503};

	(void)state;
	allow(LISTED);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_string_equal(
			answered(statuses[i], "GET", "/footage", WITH("HTTP_ORIGIN", "http://dash.example:8123")),
			PLAIN("cross-origin") VARY "Access-Control-Allow-Origin: http://dash.example:8123\r\n" EXPOSE);
		assert_string_equal(answered(statuses[i], "GET", "/footage", NOTHING), PLAIN("same-origin") VARY);
	}
	assert_string_equal(answered(200, "HEAD", "/stream", WITH("HTTP_ORIGIN", "https://ha.example")),
			    PLAIN("cross-origin") "Vary: Origin\r\n"
						  "Access-Control-Allow-Origin: https://ha.example\r\n" EXPOSE);
	assert_string_equal(answered(200, "GET", "/footage", WITH("HTTP_REFERER", "https://ha.example/board")),
			    PLAIN("cross-origin") VARY);
	assert_string_equal(answered(200, "GET", "/footage", WITH("HTTP_ORIGIN", "http://dash.example")),
			    PLAIN("same-origin") VARY);
}

static void listed_pages_may_change_nothing(void **state)
{
	static const char *const methods[] = {"POST", "DELETE", "PUT", "OPTIONS"};

	(void)state;
	allow(LISTED);
	for (size_t i = 0; i < COUNT(methods); i++)
		assert_string_equal(answered(200, methods[i], "/clips", WITH("HTTP_ORIGIN", "https://ha.example")),
				    PLAIN("same-origin") VARY);
}

static void with_a_star_pages_may_read_only_with_a_token(void **state)
{
	(void)state;
	allow("*");
	assert_string_equal(answered(200, "GET", "/footage", WITH("HTTP_ORIGIN", "http://any.example")),
			    PLAIN("same-origin") VARY);
	assert_string_equal(answered(200, "GET", "/footage",
				     WITH("HTTP_ORIGIN", "http://any.example", "HTTP_AUTHORIZATION", "Basic eDp5")),
			    PLAIN("same-origin") VARY);
	assert_string_equal(
		answered(200, "GET", "/footage", WITH("HTTP_ORIGIN", "null", "HTTP_AUTHORIZATION", "Bearer x")),
		PLAIN("cross-origin") VARY "Access-Control-Allow-Origin: *\r\n" EXPOSE);
}

/* The status of the response to a preflight. */
static int preflight(const char *origin, const char *wanted)
{
	struct reason why = {""};
	struct fastcgi_request *request =
		asked("OPTIONS", "/footage", WITH("HTTP_ORIGIN", origin, "HTTP_ACCESS_CONTROL_REQUEST_METHOD", wanted));

	assert_true(site_headers_is_preflight(request));
	int status = site_headers_answer_preflight(&http, request, &why);
	assert_int_equal(status == 403, strstr(why.text, "http.allow_origin") != NULL);
	fastcgi_close(request);
	return status;
}

static void preflights_succeed_for_listed_pages_that_read(void **state)
{
	(void)state;
	assert_int_equal(preflight("https://ha.example", "GET"), 403);
	allow(LISTED);
	assert_int_equal(preflight("https://ha.example", "GET"), 204);
	assert_int_equal(preflight("https://ha.example", "HEAD"), 204);
	assert_int_equal(preflight("https://ha.example", "POST"), 403);
	assert_int_equal(preflight("https://ha.example", "DELETE"), 403);
	assert_int_equal(preflight("https://ha.example", "get"), 403);
	assert_int_equal(preflight("http://ha.example", "GET"), 403);
	assert_int_equal(preflight("null", "GET"), 403);
	allow("*");
	assert_int_equal(preflight("null", "GET"), 204);
	assert_int_equal(preflight("http://any.example", "POST"), 403);
}

static void the_response_to_a_preflight_lists_what_may_be_sent(void **state)
{
	(void)state;
	allow(LISTED);
	assert_string_equal(
		answered(204, "OPTIONS", "/stream",
			 WITH("HTTP_ORIGIN", "https://ha.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "GET")),
		PLAIN("cross-origin") "Vary: Origin\r\n"
				      "Access-Control-Allow-Origin: https://ha.example\r\n"
				      "Access-Control-Allow-Methods: GET, HEAD\r\n"
				      "Access-Control-Allow-Headers: Authorization, Range, If-Range, Last-Event-ID\r\n"
				      "Access-Control-Max-Age: 600\r\n");
}

static void options_without_a_method_is_not_a_preflight(void **state)
{
	static const char *const headers[][3] = {{NULL},
						 {"HTTP_ORIGIN", "https://ha.example", NULL},
						 {"HTTP_ACCESS_CONTROL_REQUEST_METHOD", "GET", NULL}};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		struct fastcgi_request *request = asked("OPTIONS", "/", headers[i]);
		assert_false(site_headers_is_preflight(request));
		fastcgi_close(request);
	}
	struct fastcgi_request *request = asked(
		"GET", "/", WITH("HTTP_ORIGIN", "https://ha.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "GET"));
	assert_false(site_headers_is_preflight(request));
	fastcgi_close(request);
}

static int end(void **state)
{
	(void)state;
	buffer_free(&lines);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_without_the_headers_is_from_a_script),
		CASE(the_first_header_that_is_present_decides),
		CASE(an_origin_is_compared_with_the_host),
		CASE(a_referer_is_compared_with_the_host),
		CASE(for_a_change_no_header_may_name_another_site),
		CASE(only_listed_pages_of_other_sites_may_request_encoding),
		CASE(the_refusal_names_only_the_site),
		CASE(dashboards_may_show_only_the_live_picture),
		CASE(only_listed_pages_may_have_other_responses_in_a_frame),
		CASE(listed_pages_may_read_and_show_everything),
		CASE(listed_pages_may_change_nothing),
		CASE(with_a_star_pages_may_read_only_with_a_token),
		CASE(preflights_succeed_for_listed_pages_that_read),
		CASE(the_response_to_a_preflight_lists_what_may_be_sent),
		CASE(options_without_a_method_is_not_a_preflight),
	};

	if (FCGX_Init() != 0)
		return 1;
	return cmocka_run_group_tests_name("cross_site", tests, NULL, end);
}
