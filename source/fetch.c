/* fetch.c - reads the MJPEG of a network camera over HTTP. */
#include "source/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/version.h"
#include "shared/sandbox/sandbox.h"

#define CONNECT_SECONDS 4L /* less than the recorder waits for the first picture, so that it is told the reason */
#define REDIRECTS_MAX   3L
#define READ_BYTES      (256L * 1024)

struct request {
	char text[FETCH_BYTES_MAX + 1]; /* the three lines */
	const char *url, *user, *password;
	unsigned port;
};

struct transfer {
	CURL *curl;
	bool checked; /* the type of what comes */
	char type[64];
};

size_t fetch_request(const struct config_camera *camera, char out[FETCH_BYTES_MAX], struct reason *why)
{
	char password[PASSWORD_BYTES] = "";
	struct camera_url url;
	size_t length = 0;

	if (!camera_url_parse(camera->device, &url))
		reason_set(why, "the device is not a URL");
	else if (camera->password_file[0] && !url.user[0])
		reason_set(why, "camera.password_file needs a user: http://USER@HOST/...");
	else if (!camera->password_file[0] || password_read(camera->password_file, password, why))
		length = (size_t)snprintf(out, FETCH_BYTES_MAX, "%s\n%s\n%s\n", url.url, url.user, password);
	explicit_bzero(password, sizeof(password));
	return length;
}

static int fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return 1;
}

static bool read_request(struct request *request)
{
	struct camera_url url;
	char *rest = request->text;
	size_t length = 0;
	ssize_t got;

	while (length < FETCH_BYTES_MAX &&
	       ((got = read(STDIN_FILENO, request->text + length, FETCH_BYTES_MAX - length)) > 0 ||
		(got < 0 && errno == EINTR)))
		length += got > 0 ? (size_t)got : 0;
	request->text[length] = '\0';
	request->url = strsep(&rest, "\n");
	request->user = strsep(&rest, "\n");
	request->password = strsep(&rest, "\n");
	if (!request->password || !rest || !camera_url_parse(request->url, &url))
		return false;
	request->port = url.port;
	return true;
}

/* A page of text is an error of the camera, or a wrong address, and would be searched for pictures for long. */
static bool is_acceptable(struct transfer *transfer)
{
	const char *type = NULL;

	curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_TYPE, &type);
	if (!type || strncasecmp(type, "text/", strlen("text/")) != 0)
		return true;
	snprintf(transfer->type, sizeof(transfer->type), "%.63s", type);
	return false;
}

static bool write_all(const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t written = write(STDOUT_FILENO, data, bytes);
		if (written < 0 && errno != EINTR)
			return false;
		data += written > 0 ? written : 0;
		bytes -= written > 0 ? (size_t)written : 0;
	}
	return true;
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	if (!transfer->checked && !is_acceptable(transfer))
		return 0;
	transfer->checked = true;
	return write_all(data, size * count) ? size * count : 0;
}

static void set_options(struct transfer *transfer, const struct request *request, char error[CURL_ERROR_SIZE])
{
	CURL *curl = transfer->curl;

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
			 strncmp(request->url, "https:", strlen("https:")) == 0 ? "https" : "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, READ_BYTES);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "recorder-source/" RECORDER_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	if (request->user[0]) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC | CURLAUTH_DIGEST);
		curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
	}
}

static int explain(const struct transfer *transfer, CURLcode code, const char *error)
{
	long status = 0;

	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->type[0])
		fprintf(stderr, "the camera sends %s; expected MJPEG\n", transfer->type);
	else if (code == CURLE_HTTP_RETURNED_ERROR && status == 401)
		fputs("the camera answers 401: wrong user, or wrong password\n", stderr);
	else if (code == CURLE_HTTP_RETURNED_ERROR)
		fprintf(stderr, "the camera answers %ld\n", status);
	else if (code == CURLE_OK)
		fputs("the camera has closed the connection\n", stderr);
	else if (code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT || !error[0])
		fprintf(stderr, "%s\n", curl_easy_strerror(code)); /* the longer text has milliseconds in it */
	else
		fprintf(stderr, "%s\n", error);
	return 1;
}

/* Whole folders, since /etc/resolv.conf and others are replaced while it runs. */
static void enter_sandbox(unsigned port)
{
	static const char *const folders[] = {"/etc",
					      "/usr/lib",
					      "/lib",
					      "/lib64",
					      "/usr/share/ca-certificates",
					      "/usr/local/share/ca-certificates",
					      "/run/systemd/resolve",
					      "/run/resolvconf",
					      "/run/NetworkManager"};
	struct sandbox *sandbox = sandbox_open(&(struct sandbox_setup){.profile = SECCOMP_SHIP, .tcp_port = port});

	if (!sandbox)
		return;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		sandbox_allow(sandbox, folders[i], LANDLOCK_READ);
	sandbox_enter(sandbox);
	sandbox_close(sandbox);
}

static int transfer_pictures(const struct request *request)
{
	struct transfer transfer = {.curl = curl_easy_init()};
	char error[CURL_ERROR_SIZE] = "";

	if (!transfer.curl)
		return fail("out of memory");
	set_options(&transfer, request, error);
	CURLcode code = curl_easy_perform(transfer.curl);
	int status = explain(&transfer, code, error);
	curl_easy_cleanup(transfer.curl);
	return status;
}

int fetch_main(void)
{
	struct request request = {0};

	if (!read_request(&request))
		return fail("recorder-source starts this by itself: recorder-source --help");
	enter_sandbox(request.port);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fail("cannot use libcurl");
	int status = transfer_pictures(&request);
	explicit_bzero(&request, sizeof(request));
	curl_global_cleanup();
	return status;
}
