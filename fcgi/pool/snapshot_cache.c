/*
 * snapshot_cache.c - see snapshot_cache.h.
 */
#include "fcgi/pool/snapshot_cache.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/ring/ring_layout.h"

/* A ticket: above the client's bits milliseconds of the monotonic clock, or one more than that of the ticket before. */
#define CLIENT_BITS 16
#define CLIENT_MASK ((UINT64_C(1) << CLIENT_BITS) - 1)

static bool same_kind(const struct snapshot_key *a, const struct snapshot_key *b)
{
	return a->camera == b->camera && a->width == b->width;
}

static uint64_t apart_us(const struct snapshot_key *a, const struct snapshot_key *b)
{
	return a->wall_us > b->wall_us ? (uint64_t)a->wall_us - (uint64_t)b->wall_us
				       : (uint64_t)b->wall_us - (uint64_t)a->wall_us;
}

/* True where nothing was written to the place since its version was read. */
static bool is_unchanged(const struct snapshot_entry *place, uint64_t version)
{
	ring_fence(memory_order_acquire);
	return atomic_load_explicit(&place->version, memory_order_relaxed) == version;
}

/* Key and version of a place that holds a picture. */
static bool look(const struct snapshot_entry *place, struct snapshot_key *key, uint64_t *version)
{
	*version = atomic_load_explicit(&place->version, memory_order_acquire);
	*key = place->key;
	return *version > 0 && *version % 2 == 0 && is_unchanged(place, *version);
}

static bool take(struct snapshot_cache *shelf, struct snapshot_entry *place, uint64_t version, struct buffer *jpeg)
{
	size_t before = jpeg->length;
	uint32_t length = place->length;

	if (length <= SNAPSHOT_JPEG_MAX)
		buffer_append(jpeg, place->jpeg, length);
	if (length > SNAPSHOT_JPEG_MAX || jpeg->failed || !is_unchanged(place, version)) {
		jpeg->length = before;
		return false;
	}
	atomic_store(&place->used, atomic_fetch_add(&shelf->tick, 1) + 1);
	return true;
}

bool snapshot_cache_find_nearest(struct snapshot_cache *shelf, const struct snapshot_key *wanted, int64_t limit_us,
				 struct buffer *jpeg, int64_t *wall_us)
{
	struct snapshot_entry *best = NULL;
	struct snapshot_key key, best_key = {0};
	uint64_t version, best_version = 0;

	for (size_t i = 0; i < SNAPSHOT_CACHE_ENTRIES; i++) {
		if (!look(&shelf->places[i], &key, &version) || !same_kind(&key, wanted))
			continue;
		if (apart_us(&key, wanted) > (uint64_t)limit_us ||
		    (best && apart_us(&key, wanted) >= apart_us(&best_key, wanted)))
			continue;
		best = &shelf->places[i];
		best_key = key;
		best_version = version;
	}
	if (!best || !take(shelf, best, best_version, jpeg))
		return false;
	*wall_us = best_key.wall_us;
	return true;
}

/* The place that was not used for longest; not one that is being written, which a killed worker may have left so. */
static struct snapshot_entry *find_victim(struct snapshot_cache *shelf, uint64_t *version)
{
	struct snapshot_entry *victim = NULL;

	for (size_t i = 0; i < SNAPSHOT_CACHE_ENTRIES; i++) {
		struct snapshot_entry *place = &shelf->places[i];
		uint64_t now = atomic_load(&place->version);
		if (now % 2 != 0 || (victim && atomic_load(&place->used) >= atomic_load(&victim->used)))
			continue;
		victim = place;
		*version = now;
	}
	return victim;
}

void snapshot_cache_put(struct snapshot_cache *shelf, const struct snapshot_key *key, const void *jpeg, size_t length)
{
	uint64_t version;
	struct snapshot_entry *place = length <= SNAPSHOT_JPEG_MAX ? find_victim(shelf, &version) : NULL;

	if (!place || !atomic_compare_exchange_strong(&place->version, &version, version + 1))
		return;
	ring_fence(memory_order_release);
	place->key = *key;
	place->length = (uint32_t)length;
	memcpy(place->jpeg, jpeg, length);
	atomic_store(&place->used, atomic_fetch_add(&shelf->tick, 1) + 1);
	atomic_store_explicit(&place->version, version + 2, memory_order_release);
}

static uint64_t now_ms(void)
{
	return (uint64_t)(mono_now().us / US_PER_MS);
}

/* Nobody waits for so long: whoever had it was killed, or hangs. */
static bool is_left_behind(uint64_t ticket)
{
	return (ticket >> CLIENT_BITS) + SNAPSHOT_WAIT_MAX_MS < now_ms();
}

static uint64_t next_number(struct snapshot_cache *shelf)
{
	uint64_t last = atomic_load(&shelf->last_ticket), next, now = now_ms();

	do
		next = last >= now ? last + 1 : now;
	while (!atomic_compare_exchange_weak(&shelf->last_ticket, &last, next));
	return next;
}

static uint64_t client_of(uint64_t ticket)
{
	return ticket & CLIENT_MASK;
}

/* Tickets of a client that count. */
static uint64_t count_of(const struct snapshot_cache *shelf, uint64_t client)
{
	uint64_t count = 0;

	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t there = atomic_load(&shelf->row[i]);
		count += there != 0 && !is_left_behind(there) && client_of(there) == client;
	}
	return count;
}

/* How much sooner than others a ticket makes room for one more of that client: those of who has most of them do. */
static uint64_t weight_of(const struct snapshot_cache *shelf, uint64_t there, uint64_t client, bool own_alone)
{
	if (own_alone && client_of(there) != client)
		return 0;
	if (there == 0 || is_left_behind(there))
		return UINT64_MAX;
	return count_of(shelf, client_of(there)) + (client_of(there) == client);
}

/* A free place; else that of the oldest ticket of who has most of the row, or of that client if it has `most`. */
static _Atomic uint64_t *find_room(struct snapshot_cache *shelf, uint64_t client, uint64_t most)
{
	bool own_alone = client != 0 && count_of(shelf, client) >= most;
	_Atomic uint64_t *best = &shelf->row[0];
	uint64_t best_weight = weight_of(shelf, atomic_load(best), client, own_alone);

	for (size_t i = 1; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t there = atomic_load(&shelf->row[i]);
		uint64_t weight = weight_of(shelf, there, client, own_alone);
		if (weight < best_weight || (weight == best_weight && there >= atomic_load(best)))
			continue;
		best = &shelf->row[i];
		best_weight = weight;
	}
	return best;
}

uint64_t snapshot_queue_join(struct snapshot_cache *shelf, uint64_t client, uint64_t most)
{
	uint64_t ticket = next_number(shelf) << CLIENT_BITS | client_of(client);

	for (;;) {
		_Atomic uint64_t *room = find_room(shelf, client_of(client), most);
		uint64_t there = atomic_load(room);
		if (there > ticket || atomic_compare_exchange_strong(room, &there, ticket))
			return ticket;
	}
}

/* When a client had its last picture, as a number that rises; 0: not lately. */
static uint64_t served_at(const struct snapshot_cache *shelf, uint64_t client)
{
	for (size_t i = 0; i < SNAPSHOT_CLIENTS; i++) {
		uint64_t served = atomic_load(&shelf->served[i]);
		if (served != 0 && client_of(served) == client)
			return served >> CLIENT_BITS;
	}
	return 0;
}

/* One client after the other: whoever was not served for longest goes first. */
enum snapshot_turn snapshot_queue_turn(const struct snapshot_cache *shelf, uint64_t ticket)
{
	uint64_t mine = served_at(shelf, client_of(ticket));
	bool there = false, later = false;

	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t other = atomic_load(&shelf->row[i]);
		if (other == 0 || (other != ticket && is_left_behind(other)))
			continue;
		uint64_t theirs = served_at(shelf, client_of(other));
		there |= other == ticket;
		later |= theirs == mine ? other > ticket : theirs < mine;
	}
	return !there ? SNAPSHOT_TURN_DROPPED : later ? SNAPSHOT_TURN_LATER : SNAPSHOT_TURN_NOW;
}

bool snapshot_queue_is_empty(const struct snapshot_cache *shelf)
{
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t ticket = atomic_load(&shelf->row[i]);
		if (ticket != 0 && !is_left_behind(ticket))
			return false;
	}
	return true;
}

/* Two workers that do this at the same moment may forget one of the two: it has another turn sooner. */
void snapshot_queue_served(struct snapshot_cache *shelf, uint64_t client)
{
	uint64_t number = atomic_fetch_add(&shelf->servings, 1) + 1;
	_Atomic uint64_t *oldest = &shelf->served[0];

	for (size_t i = 0; i < SNAPSHOT_CLIENTS; i++) {
		uint64_t served = atomic_load(&shelf->served[i]);
		if (served != 0 && client_of(served) == client_of(client)) {
			oldest = &shelf->served[i];
			break;
		}
		if (served < atomic_load(oldest))
			oldest = &shelf->served[i];
	}
	atomic_store(oldest, number << CLIENT_BITS | client_of(client));
}

void snapshot_queue_leave(struct snapshot_cache *shelf, uint64_t ticket)
{
	for (size_t i = 0; ticket > 0 && i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t there = ticket;
		atomic_compare_exchange_strong(&shelf->row[i], &there, 0);
	}
}
