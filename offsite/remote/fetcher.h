/*
 * fetcher.h - what the threads of recorder-fetch share: the store, the cache, and what is known of each camera.
 *
 * One lock guards everything that is known; it is never held while the store is asked. Who asks the store about a
 * camera holds the lock `asking` of that camera, so that each thing is asked once.
 */
#ifndef OFFSITE_REMOTE_FETCHER_H
#define OFFSITE_REMOTE_FETCHER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "offsite/cache/cache.h"
#include "offsite/remote/piece_join.h"
#include "offsite/remote/segment_list.h"
#include "offsite/store/store_reader.h"
#include "shared/base/clock.h"
#include "shared/store/fetch_socket.h"
#include "shared/store/ship_list.h"

/* A day list of the store. */
struct remote_day {
	char archive[ARCHIVE_ID_BYTES];
	int64_t day_us;
	char etag[LIST_ETAG_BYTES];      /* as listed */
	bool loaded;                     /* the entries are those of that ETag */
	struct ship_list_entry *entries; /* owned */
	size_t count;
};

/* A segment that is in no day list, but in pieces. */
struct live_segment {
	char archive[ARCHIVE_ID_BYTES];
	uint64_t segment_no;
	int64_t start_us; /* START in the names of its pieces */
	struct piece_join join;
	bool begun; /* its files are in the cache, unless they have left it */
	struct cache_name media_name, index_name;
	struct catalogue_entry entry; /* its file is empty until its beginning is known */
};

/* An object of a segment that is listed, and that the store does not have. */
struct expired_segment {
	char archive[ARCHIVE_ID_BYTES];
	uint64_t segment_no;
	int64_t start_us;
};

struct remote_camera {
	char name[CONFIG_NAME_BYTES];
	pthread_mutex_t asking; /* guards live and everything else that only who asks the store changes */

	/* Guarded by the lock of the fetcher */
	struct remote_day *days; /* sorted by archive and day */
	size_t day_count;
	struct expired_segment *expired;
	size_t expired_count;
	struct remote_segment *segments; /* as the list has them */
	size_t segment_count;
	uint64_t generation;                 /* of the list; 0: none was written */
	int64_t listed_us;                   /* monotonic: when the days were listed; 0: never */
	int64_t live_listed_us;              /* the same for pieces */
	int64_t used_us;                     /* when somebody asked for it */
	struct fetch_status status, written; /* as it is, and as remote.bin has it */

	/* Guarded by `asking` */
	struct live_segment *live;
	size_t live_count;

	/* Of the thread of the socket */
	unsigned overdue; /* requests that were answered with what is known, and for which the store is still asked */
};

struct fetcher {
	struct store *store;
	struct cache *cache;

	pthread_mutex_t lock;           /* guards all below, and what is said above */
	struct remote_camera **cameras; /* none is ever removed */
	size_t camera_count;
	int64_t cameras_listed_us;
	int64_t failed_us;     /* monotonic: when a request failed last; 0: the last one succeeded */
	struct reason failure; /* why */
};

/* Empties the cache that the reader's configuration names. `store` must outlive it. Returns false and sets *why. */
bool fetcher_open(struct fetcher *fetcher, const struct config_store *config, struct store *store, struct reason *why);
void fetcher_close(struct fetcher *fetcher);

/*
 * Whether the store may be asked. Right after a failure it is not, for a moment, so that what waits is answered at once
 * instead of one after the other. Sets *why if it may not.
 */
bool fetcher_may_ask(struct fetcher *fetcher, struct reason *why);

/* Whether the last request of the store failed, and not long ago: the next one probably takes long to fail, too. */
bool fetcher_fails_now(struct fetcher *fetcher);

/* Notes how a request ended. */
void fetcher_note(struct fetcher *fetcher, enum get_outcome outcome, const struct reason *why);

/* How an outcome is answered. GET_MISSING is FETCH_GONE. */
enum fetch_outcome fetcher_outcome(enum get_outcome outcome);

/* The camera of that name; NULL: none is known. With `make` it is added; then NULL means without memory. */
struct remote_camera *fetcher_camera(struct fetcher *fetcher, const char *name, bool make);

/* Whether it can be the name of a camera (config.h). */
bool fetcher_camera_name_valid(const char *name);

/* The name of an object of a segment. */
void fetcher_object(const struct remote_camera *camera, const struct remote_segment *segment, enum object_kind kind,
		    char out[OBJECT_NAME_BYTES]);

#endif
