/* store_client.c - a connection to the store: one signed request after the other. */
#include "offsite/store/store_client.h"
#include "offsite/store/store_answer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define CONNECT_SECONDS 5
#define STALL_US        (10 * US_PER_S)
#define COPY_US         (60 * US_PER_S) /* after the last byte of a whole segment */
#define UNSENT_BYTES    65536           /* of a connection, in the kernel: a piece does not queue behind more */
#define URL_BYTES       (16 + ORIGIN_HOST_BYTES + 12 + STORE_PATH_BYTES + STORE_QUERY_BYTES)
#define HEADER_BYTES    256

static size_t give_bytes(char *out, size_t size, size_t count, void *context)
{
	struct store_client *client = context;

	if (client->lane == LANE_SEGMENTS && store_yield_to_pieces(client->store))
		client->progress_us = mono_now().us;
	if (client->store->stopping)
		return CURL_READFUNC_ABORT;
	ssize_t got = body_read(&client->request->body, client->position, out, size * count);
	if (got < 0) {
		client->unreadable = true;
		return CURL_READFUNC_ABORT;
	}
	client->position += (uint64_t)got;
	return (size_t)got;
}

/* libcurl begins again if a connection that it had kept turns out to be closed. */
static int rewind_bytes(void *context, curl_off_t offset, int origin)
{
	struct store_client *client = context;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	client->position = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct store_answer *answer = &((struct store_client *)context)->answer;
	size_t bytes = size * count, room = ANSWER_BODY_BYTES - answer->length;

	memcpy(answer->body + answer->length, data, bytes < room ? bytes : room);
	answer->length += bytes < room ? bytes : room;
	return bytes;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct store_client *client = context;
	char value[HEADER_BYTES];
	size_t bytes = size * count;

	if (store_header_value(data, bytes, "date:", value, sizeof(value)))
		client->date_us = store_date_parse(value);
	(void)store_header_value(data, bytes, "etag:", client->etag, sizeof(client->etag));
	return bytes;
}

/* Returns 1 to end the request. */
static int watch_progress(void *context, curl_off_t total_down, curl_off_t down, curl_off_t total_up, curl_off_t up)
{
	struct store_client *client = context;
	int64_t now_us = mono_now().us;

	(void)total_down;
	(void)total_up;
	if (up != client->sent || down != client->received) {
		client->sent = up;
		client->received = down;
		client->progress_us = now_us;
	}
	bool copies = client->lane == LANE_SEGMENTS && (uint64_t)up >= body_bytes(&client->request->body);
	client->stalled = now_us - client->progress_us > (copies ? COPY_US : STALL_US);
	return client->stalled || client->store->stopping;
}

/* What waits in the kernel would be sent before a piece of the other connection. */
static int limit_unsent(void *context, curl_socket_t fd, curlsocktype purpose)
{
	int bytes = UNSENT_BYTES;

	(void)context;
	if (purpose == CURLSOCKTYPE_IPCXN)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
	return CURL_SOCKOPT_OK;
}

static void set_options(struct store_client *client)
{
	const struct config_store *config = client->store->config;
	CURL *curl = client->curl;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_bytes);
	curl_easy_setopt(curl, CURLOPT_READDATA, client);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_bytes);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, client);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, limit_unsent);
	if (config->ca_file[0])
		curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
	if (client->lane == LANE_SEGMENTS && config->max_mbit > 0)
		curl_easy_setopt(curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)(config->max_mbit * 1e6 / 8) + 1);
}

struct store_client *store_client_open(struct store *store, enum store_lane lane)
{
	struct store_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->store = store;
	client->lane = lane;
	client->curl = curl_easy_init();
	if (!client->curl) {
		free(client);
		return NULL;
	}
	set_options(client);
	return client;
}

void store_client_close(struct store_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	multipart_forget(&client->multipart);
	free(client);
}

/* The request ended without a whole answer. */
static enum put_outcome judge_failure(struct store_client *client, CURLcode code, struct reason *why)
{
	const char *error = client->error[0] ? client->error : curl_easy_strerror(code);

	if (client->store->stopping) {
		reason_set(why, "the program ends");
		return PUT_STOPPED;
	}
	if (client->unreadable) {
		reason_errno(why, "a recording cannot be read");
		return PUT_CHANGED;
	}
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		reason_set(why, "the store's certificate is refused: %s", error);
		return PUT_REFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		reason_set(why, "cannot reach the store: %s", error);
		return PUT_RETRY;
	case CURLE_ABORTED_BY_CALLBACK:
		reason_set(why, "the store hangs: it neither takes nor sends anything");
		return PUT_RETRY;
	default:
		reason_set(why, "the connection to the store failed: %s", error);
		return PUT_RETRY;
	}
}

static void begin(struct store_client *client, const struct store_request *request)
{
	client->request = request;
	client->position = 0;
	client->sent = client->received = 0;
	client->progress_us = mono_now().us;
	client->stalled = client->unreadable = false;
	client->date_us = -1;
	client->etag[0] = '\0';
	client->answer.length = 0;
	client->answer.status = 0;
	client->error[0] = '\0';
}

static enum put_outcome perform(struct store_client *client, const struct store_request *request, struct reason *why)
{
	char url[URL_BYTES];
	CURL *curl = client->curl;
	struct curl_slist *headers = store_request_headers(client->store, request, why);

	if (!headers)
		return PUT_REFUSED;
	snprintf(url, sizeof(url), "%s://%s%s%s%s", client->store->url.origin.scheme, client->store->url.authority,
		 request->path, request->query[0] ? "?" : "", request->query);
	begin(client, request);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body_bytes(&request->body));
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &client->answer.status);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	client->request = NULL;
	/* A store that refuses may answer, and close, before it has read everything. */
	if (code == CURLE_OK || (client->answer.status >= 300 && !client->store->stopping))
		return store_answer_judge(&client->answer, why);
	return judge_failure(client, code, why);
}

enum put_outcome store_client_request(struct store_client *client, struct store_request *request, struct reason *why)
{
	struct store *store = client->store;

	if (!body_digest(&request->body, store_is_stopping, store, &request->digests)) {
		bool stopping = errno == ECANCELED;
		reason_errno(why, "a recording cannot be read");
		return stopping ? PUT_STOPPED : PUT_CHANGED;
	}
	enum put_outcome outcome = perform(client, request, why);
	if (outcome != PUT_SKEWED || client->date_us < 0)
		return outcome;
	store->clock_offset_us = client->date_us - wall_now().us;
	return perform(client, request, why);
}
