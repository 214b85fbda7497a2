/* store_client.h - a connection to the store, and the requests that are sent over it. For offsite/store only. */
#ifndef OFFSITE_STORE_STORE_CLIENT_H
#define OFFSITE_STORE_STORE_CLIENT_H

#include "offsite/store/multipart.h"
#include "offsite/store/store_internal.h"

struct store_client {
	struct store *store;
	enum store_lane lane;
	CURL *curl;
	char error[CURL_ERROR_SIZE];
	struct multipart multipart; /* the upload that is not complete yet */

	/* Of the request under way, or of the last one */
	const struct store_request *request;
	uint64_t position;
	int64_t progress_us; /* monotonic: when something was last sent or received */
	curl_off_t sent, received;
	bool stalled, unreadable;
	int64_t date_us;                 /* of the answer's header Date; -1: none */
	char etag[MULTIPART_ETAG_BYTES]; /* of the answer's header ETag, with its quotes; empty: none that fits */
	struct store_answer answer;
};

/*
 * Signs and sends one request, after reading its body for the digests, which are set here. If the store says that our
 * clock is wrong, it is sent once more with the store's time. *why is set unless the outcome is PUT_DONE.
 */
enum put_outcome store_client_request(struct store_client *client, struct store_request *request, struct reason *why);

#endif
