/* store_put.c - puts objects into the store, as a whole or in parts. */
#include "offsite/store/store_client.h"

#include <stdio.h>
#include <string.h>

#define COMPLETED      "<CompleteMultipartUploadResult" /* without it there is no object, whatever the status */
#define COMPLETE_TRIES 3                                /* then the parts are uploaded again */

/* An object on its way. */
struct object {
	const char *name, *path;
	const struct body *body;
	int64_t delete_after_s;
};

static struct store_request request_of(const struct object *object, const char *method, const char *query)
{
	return (struct store_request){
		.method = method, .path = object->path, .query = query, .delete_after_s = object->delete_after_s};
}

static enum put_outcome put_whole(struct store_client *client, const struct object *object, struct reason *why)
{
	struct store_request request = request_of(object, "PUT", "");

	request.body = *object->body;
	return store_client_request(client, &request, why);
}

static enum put_outcome create(struct store_client *client, const struct object *object, const struct stat *file,
			       struct reason *why)
{
	struct store_request request = request_of(object, "POST", "uploads=");
	enum put_outcome outcome = store_client_request(client, &request, why);

	if (outcome == PUT_DONE && !multipart_begin(&client->multipart, object->name, file, &client->answer, why))
		return PUT_RETRY;
	return outcome;
}

static enum put_outcome put_part(struct store_client *client, const struct object *object, struct reason *why)
{
	struct multipart *multipart = &client->multipart;
	char query[STORE_QUERY_BYTES];
	struct store_request request = request_of(object, "PUT", query);

	request.body = multipart_next(multipart, object->body);
	snprintf(query, sizeof(query), "partNumber=%zu&uploadId=%s", multipart->done + 1, multipart->id);
	enum put_outcome outcome = store_client_request(client, &request, why);
	if (outcome == PUT_DONE && !multipart_add(multipart, client->etag, why))
		return PUT_RETRY;
	return outcome;
}

static enum put_outcome complete(struct store_client *client, const struct object *object, struct reason *why)
{
	char query[STORE_QUERY_BYTES];
	struct store_request request = request_of(object, "POST", query);
	struct buffer document = {0};
	enum put_outcome outcome = PUT_RETRY;

	snprintf(query, sizeof(query), "uploadId=%s", client->multipart.id);
	multipart_document(&client->multipart, &document);
	request.body =
		(struct body){.ranges = {{.fd = -1, .data = document.data, .bytes = document.length}}, .count = 1};
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

/* The store knows nothing of the upload any more, or does not take it. (403 is about the key.) */
static bool is_lost(const struct store_client *client, enum put_outcome outcome)
{
	long status = client->answer.status;

	return status >= 400 && status < 500 && status != 403 && status != 408 && status != 429 &&
	       outcome != PUT_CHANGED;
}

static enum put_outcome put_in_parts(struct store_client *client, const struct object *object, const struct stat *file,
				     struct reason *why)
{
	struct multipart *multipart = &client->multipart;
	enum put_outcome outcome = PUT_DONE;

	if (!multipart_matches(multipart, object->name, file))
		outcome = create(client, object, file, why);
	while (outcome == PUT_DONE && multipart->done < multipart->count)
		outcome = put_part(client, object, why);
	if (outcome == PUT_DONE) {
		outcome = complete(client, object, why);
		multipart->failures += outcome != PUT_DONE;
	}
	if (outcome == PUT_DONE || is_lost(client, outcome) || multipart->failures >= COMPLETE_TRIES)
		multipart_forget(multipart);
	return outcome;
}

/* Whether it goes in parts; then *file is what fstat(2) says. */
static bool goes_in_parts(const struct body *body, struct stat *file)
{
	const struct body_range *range = &body->ranges[0];

	return body->count == 1 && range->fd >= 0 && range->bytes > MULTIPART_FROM_BYTES &&
	       fstat(range->fd, file) == 0 && (uint64_t)file->st_size == range->bytes;
}

enum put_outcome store_client_put(struct store_client *client, const char *name, const struct body *body,
				  int64_t delete_after_s, struct reason *why)
{
	struct store *store = client->store;
	char path[STORE_PATH_BYTES];
	const struct object object = {name, path, body, delete_after_s};
	struct stat file;
	enum put_outcome outcome;

	snprintf(path, sizeof(path), "/%s/%s", store->url.bucket, name);
	if (client->lane == LANE_PIECES)
		store_count_piece(store, true);
	if (goes_in_parts(body, &file))
		outcome = put_in_parts(client, &object, &file, why);
	else
		outcome = put_whole(client, &object, why);
	if (client->lane == LANE_PIECES)
		store_count_piece(store, false);
	return outcome;
}
