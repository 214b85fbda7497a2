/* store_request.c - signs the requests of the store's clients. */
#include "offsite/store/store_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES (KEY_TOKEN_BYTES + 64)

/* Appends "name: value". Frees the list and returns NULL without memory. */
static struct curl_slist *add_line(struct curl_slist *list, const char *name, const char *value)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(list, line);
	explicit_bzero(line, sizeof(line));
	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *make_list(const struct sigv4_request *request, const char *authorization)
{
	struct curl_slist *list = add_line(NULL, "authorization", authorization);

	for (size_t i = 0; list && i < request->header_count; i++)
		list = add_line(list, request->headers[i].name, request->headers[i].value);
	return list;
}

/* Adds the header unless it has no value. */
static void add_header(struct sigv4_request *request, const char *name, const char *value)
{
	if (value && *value)
		request->headers[request->header_count++] = (struct sigv4_header){name, value};
}

/* The caller holds `lock`, which guards the key. */
static struct curl_slist *sign(struct store *store, const struct store_request *request, struct reason *why)
{
	char date[SIGV4_DATE_TEXT], authorization[SIGV4_AUTH_TEXT], seconds[24];
	const struct store_key *key = credentials_get(store->credentials, why);

	if (!key)
		return NULL;
	sigv4_date(wall_now().us + store->clock_offset_us, date);
	struct sigv4_request to_sign = {
		.method = request->method,
		.path = request->path,
		.query = request->query,
		.payload_sha256 = request->digests.sha256,
		.date = date,
		.region = store->config->region,
	};
	/* In the order of their names. Only a request with a body has a digest of it. */
	add_header(&to_sign, "content-md5", request->digests.md5);
	add_header(&to_sign, "host", store->url.authority);
	add_header(&to_sign, "if-match", request->if_match);
	add_header(&to_sign, "range", request->range);
	add_header(&to_sign, "x-amz-content-sha256", request->digests.sha256);
	add_header(&to_sign, "x-amz-date", date);
	add_header(&to_sign, "x-amz-security-token", key->token);
	if (request->delete_after_s > 0) {
		snprintf(seconds, sizeof(seconds), "%" PRId64, request->delete_after_s);
		add_header(&to_sign, "x-delete-after", seconds);
	}
	struct curl_slist *list = NULL;
	if (sigv4_sign(&to_sign, key->id, key->secret, authorization))
		list = make_list(&to_sign, authorization);
	explicit_bzero(authorization, sizeof(authorization));
	if (!list)
		reason_set(why, "out of memory");
	return list;
}

struct curl_slist *store_request_headers(struct store *store, const struct store_request *request, struct reason *why)
{
	pthread_mutex_lock(&store->lock);
	struct curl_slist *list = sign(store, request, why);
	pthread_mutex_unlock(&store->lock);
	return list;
}
