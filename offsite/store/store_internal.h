/* store_internal.h - what store.c and store_request.c share. */
#ifndef OFFSITE_STORE_STORE_INTERNAL_H
#define OFFSITE_STORE_STORE_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "offsite/store/credentials.h"
#include "offsite/store/store.h"
#include "shared/base/clock.h"
#include "shared/net/bucket_url.h"

struct store {
	const struct config_store *config;
	struct bucket_url url;
	char key_file[PATH_MAX];
	atomic_bool stopping;
	_Atomic int64_t clock_offset_us;

	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t changed;
	struct credentials *credentials;
	unsigned pieces_in_flight;
};

struct store_client {
	struct store *store;
	enum store_lane lane;
	CURL *curl;
	char error[CURL_ERROR_SIZE];

	/* Of the request under way */
	const struct body *body;
	uint64_t position, total;
	int64_t progress_us; /* monotonic: when something was last sent or received */
	curl_off_t sent, received;
	bool stalled, unreadable;
	int64_t date_us; /* of the answer's header Date; -1: none */
	struct store_answer answer;
};

/* store_request.c: makes the signed headers of a request. Returns NULL and sets *why. The caller frees the list. */
struct curl_slist *store_request_headers(struct store *store, const char *path, const struct body_digests *digests,
					 struct reason *why);

#endif
