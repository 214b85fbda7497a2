/*
 * shipper.h - what the threads of recorder-ship share: the folders, the store, and what is reported about them.
 *
 * One thread ships pieces of the open segment (piece_thread.h), another one ships closed segments and kept clips
 * (segment_thread.h). The main thread writes the status and ends them.
 */
#ifndef OFFSITE_SHIPPER_H
#define OFFSITE_SHIPPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "offsite/store/store.h"
#include "shared/config/config.h"
#include "shared/store/archive_id.h"
#include "shared/store/bucket_digest.h"
#include "shared/store/object_name.h"
#include "shared/store/ship_status.h"

struct shipper {
	const struct config *config;
	struct store *store;
	int recordings, state; /* folders */
	struct archive_id archive;
	uint8_t bucket[BUCKET_DIGEST_BYTES]; /* of config->store.url */

	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t changed;
	bool stopping;
	unsigned recoveries; /* how many times a lane has reached the store again */
	struct ship_status status;
	char errors[2][320]; /* by enum store_lane; empty: the last request succeeded */
};

void shipper_init(struct shipper *shipper, const struct config *config);

/* Ends the threads: they return from whatever they wait for. */
void shipper_stop(struct shipper *shipper);
bool shipper_is_stopping(struct shipper *shipper);

/* Sleeps, but no longer than until a lane reaches the store again. Returns false if the threads have to end. */
bool shipper_sleep(struct shipper *shipper, int64_t us);

/* The beginning of a name: kind, camera and archive. */
struct object_name shipper_name(const struct shipper *shipper, enum object_kind kind);

/* Puts an object and reports the outcome. Logs once when a lane begins to fail, when the reason changes, and when it
 * ends. */
enum put_outcome shipper_put(struct shipper *shipper, struct store_client *client, enum store_lane lane,
			     const struct object_name *name, const struct body *body);

/* Reports what is wrong on this machine in the same way; an empty text ends it. */
void shipper_report(struct shipper *shipper, enum store_lane lane, const char *error);

/* Footage up to that time is in the store. */
void shipper_note_shipped(struct shipper *shipper, int64_t end_wall_us);

void shipper_note_waiting(struct shipper *shipper, uint64_t segments, uint64_t bytes);

/* How long to wait after a failure: twice as long as the last time, between both limits, and up to half as much more,
 * at random, so that many recorders do not come back to a store at the same moment. */
struct backoff;
int64_t shipper_retry_us(struct backoff *backoff);

/* Writes the status. Returns false with errno. */
bool shipper_write_status(struct shipper *shipper);

#endif
