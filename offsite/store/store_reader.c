/* store_reader.c - gets objects from the store, and lists them. */
#include "offsite/store/store_reader.h"
#include "offsite/store/store_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "offsite/store/store_internal.h"

#define CONNECT_SECONDS 5
#define STALL_US        (10 * US_PER_S)
#define STALL_SECONDS   10L
#define STALL_BYTES     1000L /* per second */
#define PAGE_BYTES_MAX  (4u << 20)
#define PAGES_MAX       2000 /* two million names */
#define URL_BYTES       (16 + ORIGIN_HOST_BYTES + 12 + STORE_PATH_BYTES + STORE_QUERY_BYTES)
#define VALUE_BYTES     256
#define STATUS_PARTIAL  206
#define NO_SUCH_KEY     "NoSuchKey"
#define ACCESS_DENIED   "AccessDenied"
#define EMPTY_SHA256    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct store_reader {
	struct store *store;
	CURL *curl;
	char error[CURL_ERROR_SIZE];

	/* Of the request under way, or of the last one */
	struct buffer *out;
	size_t begin; /* where the body begins in *out */
	uint64_t bytes_max;
	bool too_long, no_memory;
	int64_t progress_us; /* monotonic: when something was last received */
	curl_off_t received;
	int64_t date_us; /* of the header Date; -1: none */
	char etag[LIST_ETAG_BYTES];
	char range[VALUE_BYTES];    /* of the header Content-Range */
	struct store_answer answer; /* the status; the body only if it is an error's */
};

/* The body of an error goes to the answer, that of an object to the buffer. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct store_reader *reader = context;
	struct store_answer *answer = &reader->answer;
	size_t bytes = size * count, room = ANSWER_BODY_BYTES - answer->length;

	curl_easy_getinfo(reader->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	if (answer->status < 200 || answer->status >= 300) {
		memcpy(answer->body + answer->length, data, bytes < room ? bytes : room);
		answer->length += bytes < room ? bytes : room;
		return bytes;
	}
	if (reader->out->length - reader->begin + bytes > reader->bytes_max) {
		reader->too_long = true;
		return 0;
	}
	buffer_append(reader->out, data, bytes);
	reader->no_memory = reader->out->failed;
	return reader->no_memory ? 0 : bytes;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct store_reader *reader = context;
	char value[VALUE_BYTES];
	size_t bytes = size * count;

	if (store_header_value(data, bytes, "date:", value, sizeof(value)))
		reader->date_us = store_date_parse(value);
	(void)store_header_value(data, bytes, "etag:", reader->etag, sizeof(reader->etag));
	(void)store_header_value(data, bytes, "content-range:", reader->range, sizeof(reader->range));
	return bytes;
}

/* Returns 1 to end the request. */
static int watch_progress(void *context, curl_off_t total_down, curl_off_t down, curl_off_t total_up, curl_off_t up)
{
	struct store_reader *reader = context;
	int64_t now_us = mono_now().us;

	(void)total_down;
	(void)total_up;
	(void)up;
	if (down != reader->received) {
		reader->received = down;
		reader->progress_us = now_us;
	}
	return now_us - reader->progress_us > STALL_US || reader->store->stopping;
}

static void set_options(struct store_reader *reader)
{
	CURL *curl = reader->curl;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reader->error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reader);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, reader);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, reader);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	if (reader->store->config->ca_file[0])
		curl_easy_setopt(curl, CURLOPT_CAINFO, reader->store->config->ca_file);
}

struct store_reader *store_reader_open(struct store *store)
{
	struct store_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->store = store;
	reader->curl = curl_easy_init();
	if (!reader->curl) {
		free(reader);
		return NULL;
	}
	set_options(reader);
	return reader;
}

void store_reader_close(struct store_reader *reader)
{
	if (!reader)
		return;
	curl_easy_cleanup(reader->curl);
	free(reader);
}

/* The request ended without a whole answer. */
static enum get_outcome judge_failure(struct store_reader *reader, CURLcode code, struct reason *why)
{
	const char *error = reader->error[0] ? reader->error : curl_easy_strerror(code);
	enum get_outcome outcome = GET_RETRY;

	if (reader->store->stopping) {
		reason_set(why, "the program ends");
		return GET_STOPPED;
	}
	if (reader->too_long) {
		reason_set(why, "the store gives more than it should");
		return GET_CHANGED;
	}
	if (reader->no_memory) {
		reason_set(why, "out of memory");
		return GET_RETRY;
	}
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		reason_set(why, "the store's certificate is refused: %s", error);
		outcome = GET_REFUSED;
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		reason_set(why, "cannot reach the store: %s", error);
		break;
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_OPERATION_TIMEDOUT:
		reason_set(why, "the store hangs: it sends nothing");
		break;
	default:
		reason_set(why, "the connection to the store failed: %s", error);
	}
	return outcome;
}

static enum get_outcome judge_error(struct store_reader *reader, struct reason *why)
{
	char code[64];
	enum put_outcome outcome = store_answer_judge(&reader->answer, why);
	bool has_code = store_answer_element(&reader->answer, "Code", code, sizeof(code));

	/* Only the store itself knows that there is no such object; a proxy that has lost it may say 404, too. */
	if (reader->answer.status == 404 && has_code && strcmp(code, NO_SUCH_KEY) == 0) {
		reason_set(why, "the store no longer has it");
		return GET_MISSING;
	}
	if (reader->answer.status == 412 || reader->answer.status == 416) {
		reason_set(why, "the object in the store is another one than was listed");
		return GET_CHANGED;
	}
	if (has_code && strcmp(code, ACCESS_DENIED) == 0)
		reason_set(why, "this key may not read the bucket (%s)", code);
	return outcome == PUT_REFUSED ? GET_REFUSED : GET_RETRY;
}

/* *skewed: the store says that our clock is wrong, and what time it is. */
static enum get_outcome perform(struct store_reader *reader, const struct store_request *request, bool *skewed,
				struct reason *why)
{
	char url[URL_BYTES];
	CURL *curl = reader->curl;
	struct curl_slist *headers = store_request_headers(reader->store, request, why);

	if (!headers)
		return GET_REFUSED;
	snprintf(url, sizeof(url), "%s://%s%s%s%s", reader->store->url.origin.scheme, reader->store->url.authority,
		 request->path, request->query[0] ? "?" : "", request->query);
	reader->begin = reader->out->length;
	reader->too_long = reader->no_memory = false;
	reader->progress_us = mono_now().us;
	reader->received = 0;
	reader->date_us = -1;
	reader->etag[0] = reader->range[0] = reader->error[0] = '\0';
	reader->answer.length = 0;
	reader->answer.status = 0;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reader->answer.status);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	*skewed = false;
	if (code != CURLE_OK)
		return judge_failure(reader, code, why);
	if (reader->answer.status == 200 || reader->answer.status == STATUS_PARTIAL)
		return GET_DONE;
	enum put_outcome outcome = store_answer_judge(&reader->answer, why);
	*skewed = outcome == PUT_SKEWED && reader->date_us >= 0;
	return judge_error(reader, why);
}

static enum get_outcome get(struct store_reader *reader, const struct store_request *request, struct reason *why)
{
	bool skewed;
	enum get_outcome outcome = perform(reader, request, &skewed, why);

	if (!skewed)
		return outcome;
	reader->store->clock_offset_us = reader->date_us - wall_now().us;
	return perform(reader, request, &skewed, why);
}

/* Content-Range: bytes FROM-LAST/TOTAL (RFC 9110, section 14.4). */
static bool range_matches(const char *text, const struct get_request *request, uint64_t *total)
{
	uint64_t from, last;
	int end = 0;

	return sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64 "%n", &from, &last, total, &end) == 3 &&
	       text[end] == '\0' && from == request->from && last - from + 1 == request->bytes && last < *total;
}

enum get_outcome store_reader_get(struct store_reader *reader, struct get_request *request, struct reason *why)
{
	char path[STORE_PATH_BYTES], range[64];
	struct store_request to_send = {.method = "GET",
					.path = path,
					.query = "",
					.if_match = request->etag,
					.digests = {.sha256 = EMPTY_SHA256}};
	size_t begin = request->out->length;

	snprintf(path, sizeof(path), "/%s/%s", reader->store->url.bucket, request->name);
	if (request->bytes > 0) {
		snprintf(range, sizeof(range), "bytes=%" PRIu64 "-%" PRIu64, request->from,
			 request->from + request->bytes - 1);
		to_send.range = range;
	}
	reader->out = request->out;
	reader->bytes_max = request->bytes > 0 ? request->bytes : request->bytes_max;
	enum get_outcome outcome = get(reader, &to_send, why);
	uint64_t got = request->out->length - begin;
	request->total = got;
	if (outcome == GET_DONE && request->bytes > 0 &&
	    (reader->answer.status != STATUS_PARTIAL || got != request->bytes ||
	     !range_matches(reader->range, request, &request->total))) {
		reason_set(why, "the store gives other bytes of an object than were asked for");
		outcome = GET_RETRY;
	}
	if (outcome != GET_DONE)
		request->out->length = begin;
	memcpy(request->found_etag, reader->etag, sizeof(reader->etag));
	return outcome;
}

/* Appends `name=value` in the canonical encoding: all but unreserved characters (RFC 3986, section 2.3) as %XX. */
static void append_pair(char query[STORE_QUERY_BYTES], const char *name, const char *value)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t at = strlen(query);

	at += (size_t)snprintf(query + at, STORE_QUERY_BYTES - at, "%s%s=", at ? "&" : "", name);
	for (; *value && at + 4 < STORE_QUERY_BYTES; value++)
		at += (size_t)snprintf(query + at, STORE_QUERY_BYTES - at, strchr(unreserved, *value) ? "%c" : "%%%02X",
				       (unsigned char)*value);
}

static enum get_outcome list_page(struct store_reader *reader, const struct list_request *request, struct buffer *body,
				  struct list_page *page, struct reason *why)
{
	char path[STORE_PATH_BYTES], query[STORE_QUERY_BYTES] = "";
	const struct store_request to_send = {
		.method = "GET", .path = path, .query = query, .digests = {.sha256 = EMPTY_SHA256}};

	snprintf(path, sizeof(path), "/%s", reader->store->url.bucket);
	if (page->token[0])
		append_pair(query, "continuation-token", page->token);
	if (request->by_folder)
		append_pair(query, "delimiter", "/");
	append_pair(query, "list-type", "2");
	append_pair(query, "prefix", request->prefix);
	if (request->after && request->after[0])
		append_pair(query, "start-after", request->after);
	buffer_clear(body);
	reader->out = body;
	reader->bytes_max = PAGE_BYTES_MAX;
	enum get_outcome outcome = get(reader, &to_send, why);
	if (outcome == GET_MISSING) {
		reason_set(why, "the store lists nothing: status 404");
		return GET_REFUSED;
	}
	if (outcome == GET_DONE &&
	    !list_document_parse((const char *)body->data, body->length, request->on_item, request->context, page)) {
		reason_set(why, "the store gives a list that is not understood");
		return GET_CHANGED;
	}
	return outcome;
}

enum get_outcome store_reader_list(struct store_reader *reader, const struct list_request *request, struct reason *why)
{
	struct list_page page = {.truncated = true};
	struct buffer body = {0};
	enum get_outcome outcome = GET_DONE;

	for (unsigned pages = 0; outcome == GET_DONE && page.truncated; pages++) {
		outcome = list_page(reader, request, &body, &page, why);
		if (outcome == GET_DONE && page.truncated && pages >= PAGES_MAX) {
			reason_set(why, "the store gives a list without an end");
			outcome = GET_CHANGED;
		}
	}
	buffer_free(&body);
	return outcome;
}
