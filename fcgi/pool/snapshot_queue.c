/* snapshot_queue.c - requests that wait for FFmpeg to make their picture. */
#include "fcgi/pool/snapshot_queue.h"

#include <stddef.h>

#include "shared/base/clock.h"

/* A ticket: the client, and above it milliseconds of the monotonic clock, or one more than the last ticket. */
#define CLIENT_BITS 16
#define CLIENT_MASK ((UINT64_C(1) << CLIENT_BITS) - 1)

static uint64_t now_ms(void)
{
	return (uint64_t)(mono_now().us / US_PER_MS);
}

/* No request waits for so long: its worker was killed, or hangs. */
static bool is_stale(uint64_t ticket)
{
	return (ticket >> CLIENT_BITS) + SNAPSHOT_WAIT_MAX_MS < now_ms();
}

static uint64_t next_number(struct snapshot_queue *queue)
{
	uint64_t last = atomic_load(&queue->last_number), next, now = now_ms();

	do
		next = last >= now ? last + 1 : now;
	while (!atomic_compare_exchange_weak(&queue->last_number, &last, next));
	return next;
}

static uint64_t client_of(uint64_t ticket)
{
	return ticket & CLIENT_MASK;
}

/* How many tickets of a client count. */
static uint64_t count_of(const struct snapshot_queue *queue, uint64_t client)
{
	uint64_t count = 0;

	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t ticket = atomic_load(&queue->tickets[i]);
		count += ticket != 0 && !is_stale(ticket) && client_of(ticket) == client;
	}
	return count;
}

/* The ticket with the highest weight makes room for a new one of `client`: those of the client with most tickets do. */
static uint64_t weight_of(const struct snapshot_queue *queue, uint64_t ticket, uint64_t client, bool own_only)
{
	if (own_only && client_of(ticket) != client)
		return 0;
	if (ticket == 0 || is_stale(ticket))
		return UINT64_MAX;
	return count_of(queue, client_of(ticket)) + (client_of(ticket) == client);
}

/* A free entry; otherwise the oldest ticket of the client with most tickets, or of this client if it has `max`. */
static _Atomic uint64_t *find_room(struct snapshot_queue *queue, uint64_t client, uint64_t max)
{
	bool own_only = client != 0 && count_of(queue, client) >= max;
	_Atomic uint64_t *best = &queue->tickets[0];
	uint64_t best_weight = weight_of(queue, atomic_load(best), client, own_only);

	for (size_t i = 1; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t ticket = atomic_load(&queue->tickets[i]);
		uint64_t weight = weight_of(queue, ticket, client, own_only);
		if (weight < best_weight || (weight == best_weight && ticket >= atomic_load(best)))
			continue;
		best = &queue->tickets[i];
		best_weight = weight;
	}
	return best;
}

uint64_t snapshot_queue_join(struct snapshot_queue *queue, uint64_t client, uint64_t max)
{
	uint64_t ticket = next_number(queue) << CLIENT_BITS | client_of(client);

	for (;;) {
		_Atomic uint64_t *room = find_room(queue, client_of(client), max);
		uint64_t replaced = atomic_load(room);
		if (replaced > ticket || atomic_compare_exchange_strong(room, &replaced, ticket))
			return ticket;
	}
}

/* Which picture was the last one of a client; 0: none of the last ones. */
static uint64_t served_at(const struct snapshot_queue *queue, uint64_t client)
{
	for (size_t i = 0; i < SNAPSHOT_CLIENTS; i++) {
		uint64_t served = atomic_load(&queue->served[i]);
		if (served != 0 && client_of(served) == client)
			return served >> CLIENT_BITS;
	}
	return 0;
}

/* The client whose last picture is longest ago goes first, and of its tickets the newest. */
enum snapshot_turn snapshot_queue_turn(const struct snapshot_queue *queue, uint64_t ticket)
{
	uint64_t mine = served_at(queue, client_of(ticket));
	bool found = false, later = false;

	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t other = atomic_load(&queue->tickets[i]);
		if (other == 0 || (other != ticket && is_stale(other)))
			continue;
		uint64_t theirs = served_at(queue, client_of(other));
		found |= other == ticket;
		later |= theirs == mine ? other > ticket : theirs < mine;
	}
	return !found ? SNAPSHOT_TURN_DROPPED : later ? SNAPSHOT_TURN_LATER : SNAPSHOT_TURN_NOW;
}

bool snapshot_queue_is_empty(const struct snapshot_queue *queue)
{
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t ticket = atomic_load(&queue->tickets[i]);
		if (ticket != 0 && !is_stale(ticket))
			return false;
	}
	return true;
}

/* If two workers do this at the same moment, one client may be forgotten. It then gets its next turn too early. */
void snapshot_queue_served(struct snapshot_queue *queue, uint64_t client)
{
	uint64_t number = atomic_fetch_add(&queue->pictures, 1) + 1;
	_Atomic uint64_t *oldest = &queue->served[0];

	for (size_t i = 0; i < SNAPSHOT_CLIENTS; i++) {
		uint64_t served = atomic_load(&queue->served[i]);
		if (served != 0 && client_of(served) == client_of(client)) {
			oldest = &queue->served[i];
			break;
		}
		if (served < atomic_load(oldest))
			oldest = &queue->served[i];
	}
	atomic_store(oldest, number << CLIENT_BITS | client_of(client));
}

void snapshot_queue_leave(struct snapshot_queue *queue, uint64_t ticket)
{
	for (size_t i = 0; ticket > 0 && i < SNAPSHOT_QUEUE_MAX; i++) {
		uint64_t expected = ticket;
		atomic_compare_exchange_strong(&queue->tickets[i], &expected, 0);
	}
}
