/*
 * store.h - puts objects into the store, over two connections: one for pieces, one for everything else.
 *
 * Each connection belongs to one thread, so that a piece never waits for a whole segment. What they share is the key,
 * the difference of the clocks, and who goes first: while a piece is being sent, the other connection sends nothing.
 *
 * A store fails by hanging, too. A connection has to be there within 5 s, and if nothing is sent and nothing comes for
 * 10 s (60 s after the last byte of a whole segment, which some stores copy first), the request is given up.
 *
 * Redirects are not followed and proxies are not used: a request carries a signature. TLS is 1.2 or later, and the
 * certificate has to be valid for the store's name.
 */
#ifndef OFFSITE_STORE_STORE_H
#define OFFSITE_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "offsite/store/body.h"
#include "offsite/store/store_answer.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

enum store_lane { LANE_PIECES, LANE_SEGMENTS };

struct store;

/* `config` must outlive it. Call it before there are threads. Returns NULL and sets *why. */
struct store *store_open(const struct config_store *config, struct reason *why);

/* Ends every request. */
void store_stop(struct store *store);
bool store_is_stopping(void *store);
void store_close(struct store *store); /* after its clients; NULL is safe */

/* The TCP port. */
unsigned store_port(const struct store *store);

/* How far the store's clock is ahead of ours, if it has refused ours; else 0. */
int64_t store_clock_offset_us(const struct store *store);

struct store_client;

/* Returns NULL without memory. A client is used by one thread. */
struct store_client *store_client_open(struct store *store, enum store_lane lane);
void store_client_close(struct store_client *client); /* NULL is safe */

/*
 * Puts an object of that name. delete_after_s: so many seconds later a Swift is to delete it ("Expiring Object
 * Support", X-Delete-After), which other stores ignore; 0: it is not asked to. Unless it returns PUT_DONE, *why gets a
 * sentence without a full stop.
 */
enum put_outcome store_client_put(struct store_client *client, const char *name, const struct body *body,
				  int64_t delete_after_s, struct reason *why);

#endif
