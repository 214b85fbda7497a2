/* test_live_page.c - who gets the page at the address of the live picture, and who gets the picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/live_server.h"

#define STREAM "Content-Type: multipart/x-mixed-replace;"
#define PAGE   "Content-Type: text/html; charset=utf-8\r\n"
#define VARY   "Vary: Accept, Sec-Fetch-Mode\r\n"
#define CHROME                                                                                                         \
	"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"            \
	"application/signed-exchange;v=b3;q=0.7"

/* What a client sends: each header may be NULL. */
static void send_as(const char *accept, const char *mode)
{
	static const char *also[5];
	size_t used = 0;

	if (accept) {
		also[used++] = "HTTP_ACCEPT";
		also[used++] = accept;
	}
	if (mode) {
		also[used++] = "HTTP_SEC_FETCH_MODE";
		also[used++] = mode;
	}
	also[used] = NULL;
	client_from.also = also;
}

/* The whole response, which the caller frees. */
static char *respond_to(const char *method, const char *uri)
{
	struct viewer viewer = live_ask(method, uri);

	assert_true(client_read_all(viewer.fd, &viewer.bytes));
	char *text = strdup((const char *)viewer.bytes.data);
	assert_non_null(text);
	live_leave(&viewer);
	return text;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static void a_navigation_or_a_preference_for_html_gets_the_page(void **state)
{
	static const struct {
		const char *accept, *mode;
		bool page;
	} cases[] = {
		{NULL, NULL, false},  /* a player */
		{"*/*", NULL, false}, /* curl, wget, VLC, FFmpeg */
		{"", NULL, false},
		/* browsers over TLS or on this machine: a navigation, an image, fetch(), a video */
		{CHROME, "navigate", true},
		{"*/*", "navigate", true},
		{CHROME, "no-cors", false},
		{"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "no-cors", false},
		{"*/*", "cors", false},
		{"text/html", "cors", false},
		{"text/html", "same-origin", false},
		/* browsers elsewhere, which send no Sec-Fetch-Mode: Chrome, Firefox, Safari, then their images */
		{CHROME, NULL, true},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", NULL, true},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", NULL, true},
		{"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", NULL, false},
		{"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", NULL, false},
		{"image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", NULL, false},
		/* lynx, w3m; clients that take both, and those that prefer pictures */
		{"text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01", NULL, true},
		{"text/html, text/*;q=0.5, image/*, application/*, */*", NULL, false},
		{"text/html", NULL, true},
		{"text/*", NULL, true},
		{"text/html, */*", NULL, false},
		{"text/html;q=0.5, */*;q=0.4", NULL, true},
		{"text/html;q=0.5, */*;q=0.6", NULL, false},
		{"text/html;q=0.9, image/*", NULL, false},
		{"text/html, image/jpeg", NULL, false},
		{"text/html;q=0.9, multipart/*", NULL, false},
		{"text/html;q=0.9, multipart/x-mixed-replace;q=0.8", NULL, true},
		{"text/html;q=0", NULL, false},
		{"multipart/x-mixed-replace", NULL, false},
		{"application/json", NULL, false},
	};

	(void)state;
	record_frame(1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_as(cases[i].accept, cases[i].mode);
		char *head = respond_to("HEAD", "/");
		if (!strstr(head, cases[i].page ? PAGE : STREAM))
			fail_msg("%s, %s: %s", cases[i].accept, cases[i].mode, head);
		expect_in(head, "Status: 200");
		expect_in(head, VARY);
		assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
		free(head);
	}
}

/* And only there: other addresses are for programs, and so is this one with an action. */
static void other_addresses_have_no_page(void **state)
{
	static const char *const uris[] = {"/stream", "/stream.mjpg", "/video", "/?action=stream"};

	(void)state;
	record_frame(1);
	send_as(CHROME, "navigate");
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		char *head = respond_to("HEAD", uris[i]);
		expect_in(head, STREAM);
		assert_null(strstr(head, "Sec-Fetch-Mode"));
		free(head);
	}
	live_expect_status("GET", "/?action=snapshot", 200, "Content-Type: image/jpeg\r\n");
}

static void the_page_has_the_picture_and_a_way_to_the_recordings(void **state)
{
	(void)state;
	record_frame(1);
	send_as(CHROME, "navigate");
	char *page = respond_to("GET", "/"), *body = strstr(page, "\r\n\r\n") + 4;
	char length[40];
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
	expect_in(page, length);
	expect_in(page, PAGE);
	expect_in(page, VARY);
	expect_in(page,
		  "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
		  "form-action 'none'\r\n");
	expect_in(page, "X-Content-Type-Options: nosniff\r\n");
	expect_in(page, "Referrer-Policy: no-referrer\r\n");
	expect_in(page, "Cache-Control: no-store\r\n");
	expect_in(body, "<img src=\"stream\"");
	expect_in(body, "<a href=\"ui/\"");
	free(page);

	char uri[128];
	snprintf(uri, sizeof(uri), "/?fps=5&camera=%s", live_server.camera.camera.name);
	page = respond_to("GET", uri);
	snprintf(uri, sizeof(uri), "<img src=\"stream?fps=5&amp;camera=%s\"", live_server.camera.camera.name);
	expect_in(page, uri);
	snprintf(uri, sizeof(uri), "<a href=\"ui/#camera=%s\"", live_server.camera.camera.name);
	expect_in(page, uri);
	free(page);
}

static void wrong_parameters_are_refused_as_for_the_stream(void **state)
{
	(void)state;
	record_frame(1);
	send_as(CHROME, "navigate");
	live_expect_status("GET", "/?camera=garden", 404, "problem+json");
	live_expect_status("GET", "/?fps=%22%3E", 400, "problem+json");
	live_expect_status("GET", "/?unknown=%3Cscript%3E", 400, "problem+json");
	live_expect_status("POST", "/", 405, "Allow: GET, HEAD\r\n");
}

/* The page is no viewer; the picture in it is one. */
static void the_page_needs_no_permit(void **state)
{
	(void)state;
	record_frame(1);
	live_server.max_viewers = 1;
	live_server_publish();
	struct viewer only = live_watch("/stream");
	send_as(CHROME, "navigate");
	live_expect_status("GET", "/", 200, PAGE);
	send_as("*/*", NULL);
	live_expect_status("GET", "/", 503, "problem+json");
	live_leave(&only);
}

static void without_a_picture_the_page_says_why_and_looks_again(void **state)
{
	(void)state;
	send_as(CHROME, "navigate");
	char *page = respond_to("GET", "/");
	expect_in(page, "Status: 503");
	expect_in(page, PAGE);
	expect_in(page, "Retry-After: 5\r\n");
	expect_in(page, "<meta http-equiv=\"refresh\" content=\"5\">");
	expect_in(page, "<p>There is no live picture. ");
	expect_in(page, "<a href=\"ui/\"");
	assert_null(strstr(page, "<img"));
	free(page);
	send_as("*/*", NULL);
	live_expect_status("GET", "/", 503, "problem+json");
}

static int tear_down(void **state)
{
	client_from.also = NULL;
	return live_server_tear_down(state);
}

#define LIVE_TEST(name) cmocka_unit_test_setup_teardown(name, live_server_start, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_navigation_or_a_preference_for_html_gets_the_page),
		LIVE_TEST(other_addresses_have_no_page),
		LIVE_TEST(the_page_has_the_picture_and_a_way_to_the_recordings),
		LIVE_TEST(wrong_parameters_are_refused_as_for_the_stream),
		LIVE_TEST(the_page_needs_no_permit),
		LIVE_TEST(without_a_picture_the_page_says_why_and_looks_again),
	};

	return cmocka_run_group_tests_name("live_page", tests, live_server_make_folder, live_server_remove_folder);
}
