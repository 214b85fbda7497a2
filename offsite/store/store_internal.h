/* store_internal.h - what the sources of offsite/store share. */
#ifndef OFFSITE_STORE_STORE_INTERNAL_H
#define OFFSITE_STORE_STORE_INTERNAL_H

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "offsite/store/credentials.h"
#include "offsite/store/store.h"
#include "shared/base/clock.h"
#include "shared/net/bucket_url.h"
#include "shared/store/object_name.h"

#define STORE_PATH_BYTES  (1 + BUCKET_NAME_BYTES + 1 + OBJECT_NAME_BYTES)
#define STORE_QUERY_BYTES 4096

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

/* A piece begins or ends. */
void store_count_piece(struct store *store, bool begins);

/* Waits while a piece is being sent. Returns true if there was one. */
bool store_yield_to_pieces(struct store *store);

struct store_request {
	const char *method;
	const char *path;             /* begins with / */
	const char *query;            /* canonical: sorted and encoded; "": none */
	const char *range, *if_match; /* values of these headers; NULL: without */
	struct body body;
	int64_t delete_after_s; /* 0: not asked for */
	struct body_digests digests;
};

/* store_request.c: makes the signed headers of a request. Returns NULL and sets *why. The caller frees the list. */
struct curl_slist *store_request_headers(struct store *store, const struct store_request *request, struct reason *why);

#endif
