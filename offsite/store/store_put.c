/* store_put.c - puts objects into the store, as a whole or in parts. */
#include "offsite/store/store_client.h"

#include <stdio.h>
#include <string.h>

#define COMPLETED      "<CompleteMultipartUploadResult" /* it is there, whatever the status says, or there is no object */
#define COMPLETE_TRIES 3                                /* then the parts are uploaded again */

static enum put_outcome put_whole(struct store_client *client, const char *path, const struct body *body,
				  struct reason *why)
{
	struct store_request request = {.method = "PUT", .path = path, .query = "", .body = *body};

	return store_client_request(client, &request, why);
}

static enum put_outcome create(struct store_client *client, const char *name, const char *path, const struct stat *file,
			       struct reason *why)
{
	struct store_request request = {.method = "POST", .path = path, .query = "uploads="};
	enum put_outcome outcome = store_client_request(client, &request, why);

	if (outcome == PUT_DONE && !multipart_begin(&client->multipart, name, file, &client->answer, why))
		return PUT_RETRY;
	return outcome;
}

static enum put_outcome put_part(struct store_client *client, const char *path, const struct body *body,
				 struct reason *why)
{
	struct multipart *multipart = &client->multipart;
	char query[STORE_QUERY_BYTES];
	struct store_request request = {
		.method = "PUT", .path = path, .query = query, .body = multipart_next(multipart, body)};

	snprintf(query, sizeof(query), "partNumber=%zu&uploadId=%s", multipart->done + 1, multipart->id);
	enum put_outcome outcome = store_client_request(client, &request, why);
	if (outcome == PUT_DONE && !multipart_add(multipart, client->etag, why))
		return PUT_RETRY;
	return outcome;
}

static enum put_outcome complete(struct store_client *client, const char *path, struct reason *why)
{
	char query[STORE_QUERY_BYTES];
	struct buffer document = {0};

	snprintf(query, sizeof(query), "uploadId=%s", client->multipart.id);
	multipart_document(&client->multipart, &document);
	struct store_request request = {
		.method = "POST",
		.path = path,
		.query = query,
		.body = {.ranges = {{.fd = -1, .data = document.data, .bytes = document.length}}, .count = 1},
	};
	enum put_outcome outcome = PUT_RETRY;
	if (document.failed)
		reason_set(why, "out of memory");
	else
		outcome = store_client_request(client, &request, why);
	buffer_free(&document);
	if (outcome == PUT_DONE && !strstr(client->answer.body, COMPLETED)) {
		reason_set(why, "the store did not say that it has put the parts together");
		outcome = PUT_RETRY;
	}
	return outcome;
}

/* The store knows nothing of the upload any more, or does not take it: 403 is about the key. */
static bool is_lost(const struct store_client *client)
{
	long status = client->answer.status;

	return status >= 400 && status < 500 && status != 403 && status != 408 && status != 429;
}

static enum put_outcome put_in_parts(struct store_client *client, const char *name, const char *path,
				     const struct body *body, const struct stat *file, struct reason *why)
{
	struct multipart *multipart = &client->multipart;
	enum put_outcome outcome = PUT_DONE;

	if (!multipart_matches(multipart, name, file))
		outcome = create(client, name, path, file, why);
	while (outcome == PUT_DONE && multipart->done < multipart->count)
		outcome = put_part(client, path, body, why);
	if (outcome == PUT_DONE) {
		outcome = complete(client, path, why);
		multipart->failures += outcome != PUT_DONE;
	}
	if (outcome == PUT_DONE || (is_lost(client) && outcome != PUT_CHANGED) || multipart->failures >= COMPLETE_TRIES)
		multipart_forget(multipart);
	return outcome;
}

enum put_outcome store_client_put(struct store_client *client, const char *name, const struct body *body,
				  struct reason *why)
{
	struct store *store = client->store;
	char path[STORE_PATH_BYTES];
	struct stat file;

	snprintf(path, sizeof(path), "/%s/%s", store->url.bucket, name);
	bool in_parts = body_bytes(body) > MULTIPART_FROM_BYTES && body->count == 1 && body->ranges[0].fd >= 0 &&
			fstat(body->ranges[0].fd, &file) == 0 && (uint64_t)file.st_size == body->ranges[0].bytes;
	if (client->lane == LANE_PIECES)
		store_count_piece(store, true);
	enum put_outcome outcome =
		in_parts ? put_in_parts(client, name, path, body, &file, why) : put_whole(client, path, body, why);
	if (client->lane == LANE_PIECES)
		store_count_piece(store, false);
	return outcome;
}
