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

static bool same_kind(const struct shelf_key *a, const struct shelf_key *b)
{
	return a->camera == b->camera && a->width == b->width;
}

static uint64_t apart_us(const struct shelf_key *a, const struct shelf_key *b)
{
	return a->wall_us > b->wall_us ? (uint64_t)a->wall_us - (uint64_t)b->wall_us
				       : (uint64_t)b->wall_us - (uint64_t)a->wall_us;
}

/* True where nothing was written to the place since its version was read. */
static bool is_unchanged(const struct shelf_place *place, uint64_t version)
{
	ring_fence(memory_order_acquire);
	return atomic_load_explicit(&place->version, memory_order_relaxed) == version;
}

/* Key and version of a place that holds a picture. */
static bool look(const struct shelf_place *place, struct shelf_key *key, uint64_t *version)
{
	*version = atomic_load_explicit(&place->version, memory_order_acquire);
	*key = place->key;
	return *version > 0 && *version % 2 == 0 && is_unchanged(place, *version);
}

static bool take(struct still_shelf *shelf, struct shelf_place *place, uint64_t version, struct buffer *jpeg)
{
	size_t before = jpeg->length;
	uint32_t length = place->length;

	if (length <= SHELF_JPEG_MAX)
		buffer_append(jpeg, place->jpeg, length);
	if (length > SHELF_JPEG_MAX || jpeg->failed || !is_unchanged(place, version)) {
		jpeg->length = before;
		return false;
	}
	atomic_store(&place->used, atomic_fetch_add(&shelf->tick, 1) + 1);
	return true;
}

bool shelf_nearest(struct still_shelf *shelf, const struct shelf_key *wanted, int64_t limit_us, struct buffer *jpeg,
		   int64_t *wall_us)
{
	struct shelf_place *best = NULL;
	struct shelf_key key, best_key = {0};
	uint64_t version, best_version = 0;

	for (size_t i = 0; i < SHELF_PLACES; i++) {
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
static struct shelf_place *find_victim(struct still_shelf *shelf, uint64_t *version)
{
	struct shelf_place *victim = NULL;

	for (size_t i = 0; i < SHELF_PLACES; i++) {
		struct shelf_place *place = &shelf->places[i];
		uint64_t now = atomic_load(&place->version);
		if (now % 2 != 0 || (victim && atomic_load(&place->used) >= atomic_load(&victim->used)))
			continue;
		victim = place;
		*version = now;
	}
	return victim;
}

void shelf_put(struct still_shelf *shelf, const struct shelf_key *key, const void *jpeg, size_t length)
{
	uint64_t version;
	struct shelf_place *place = length <= SHELF_JPEG_MAX ? find_victim(shelf, &version) : NULL;

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
	return (ticket >> CLIENT_BITS) + SHELF_WAIT_MAX_MS < now_ms();
}

static uint64_t next_number(struct still_shelf *shelf)
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

/* The place of the oldest ticket, of that client alone if it has `most` already; a free place is the oldest. */
static _Atomic uint64_t *find_oldest(struct still_shelf *shelf, uint64_t client, uint64_t most)
{
	_Atomic uint64_t *oldest = &shelf->row[0], *own = NULL;
	uint64_t count = 0;

	for (size_t i = 0; i < SHELF_ROW; i++) {
		uint64_t there = atomic_load(&shelf->row[i]);
		if (there < atomic_load(oldest))
			oldest = &shelf->row[i];
		if (client == 0 || there == 0 || client_of(there) != client)
			continue;
		count++;
		if (!own || there < atomic_load(own))
			own = &shelf->row[i];
	}
	return own && count >= most ? own : oldest;
}

uint64_t shelf_wait(struct still_shelf *shelf, uint64_t client, uint64_t most)
{
	uint64_t ticket = next_number(shelf) << CLIENT_BITS | client_of(client);

	for (;;) {
		_Atomic uint64_t *oldest = find_oldest(shelf, client_of(client), most);
		uint64_t there = atomic_load(oldest);
		if (there > ticket || atomic_compare_exchange_strong(oldest, &there, ticket))
			return ticket;
	}
}

/* One client after the other: whoever was not served last goes first. */
enum shelf_turn shelf_turn_of(const struct still_shelf *shelf, uint64_t ticket)
{
	uint64_t last = atomic_load(&shelf->last_client);
	bool there = false, later = false, had_its_turn = client_of(ticket) == last;

	for (size_t i = 0; i < SHELF_ROW; i++) {
		uint64_t other = atomic_load(&shelf->row[i]);
		if (other == 0 || (other != ticket && is_left_behind(other)))
			continue;
		bool other_had = client_of(other) == last;
		there |= other == ticket;
		later |= other_had == had_its_turn ? other > ticket : had_its_turn;
	}
	return !there ? SHELF_OUT : later ? SHELF_BEHIND : SHELF_NEXT;
}

bool shelf_row_is_empty(const struct still_shelf *shelf)
{
	for (size_t i = 0; i < SHELF_ROW; i++) {
		uint64_t ticket = atomic_load(&shelf->row[i]);
		if (ticket != 0 && !is_left_behind(ticket))
			return false;
	}
	return true;
}

void shelf_serve(struct still_shelf *shelf, uint64_t client)
{
	atomic_store(&shelf->last_client, client_of(client));
}

void shelf_leave(struct still_shelf *shelf, uint64_t ticket)
{
	for (size_t i = 0; ticket > 0 && i < SHELF_ROW; i++) {
		uint64_t there = ticket;
		atomic_compare_exchange_strong(&shelf->row[i], &there, 0);
	}
}
