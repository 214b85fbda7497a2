/*
 * snapshot_queue.h - requests that wait for FFmpeg to make their picture, in memory that all workers share
 * (worker_slots.h).
 *
 * One picture is made at a time, and the latest request goes first: somebody who drags the pointer along the
 * timeline wants the newest picture. The queue is short, and the oldest ticket drops out of it when it is full.
 * Clients at different addresses take turns: the one that had a picture last waits while others do. No client gets
 * more of the queue than its share; beyond that its own oldest ticket drops out. If the queue is full, the client
 * with most tickets loses its oldest, so two that ask without pause still leave room for a third.
 *
 * No locks: a killed worker leaves at most a ticket that counts for some seconds.
 */
#ifndef FCGI_POOL_SNAPSHOT_QUEUE_H
#define FCGI_POOL_SNAPSHOT_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SNAPSHOT_QUEUE_MAX 8u
#define SNAPSHOT_CLIENTS   16u /* whose last picture is remembered */

/* A ticket that is older than this no longer counts. Killed workers leave such tickets. */
#define SNAPSHOT_WAIT_MAX_MS 3000u

/* Zeroed: empty. */
struct snapshot_queue {
	_Atomic uint64_t last_number;                 /* of a ticket */
	_Atomic uint64_t tickets[SNAPSHOT_QUEUE_MAX]; /* in no order; 0: free */
	_Atomic uint64_t pictures;                    /* how many were made */
	_Atomic uint64_t served[SNAPSHOT_CLIENTS];    /* the last clients: 16 bits, above them which picture; 0: free */
};

/*
 * Joins the queue. Returns a ticket, which is higher than all before and contains the low 16 bits of `client`, any
 * number that identifies one (0: clients that are not told apart and have no limit). `max`: how many tickets one
 * client may have.
 */
uint64_t snapshot_queue_join(struct snapshot_queue *queue, uint64_t client, uint64_t max);

enum snapshot_turn {
	SNAPSHOT_TURN_NOW,
	SNAPSHOT_TURN_LATER,   /* another ticket goes first */
	SNAPSHOT_TURN_DROPPED, /* the ticket is no longer in the queue */
};

enum snapshot_turn snapshot_queue_turn(const struct snapshot_queue *queue, uint64_t ticket);

/* True if no request waits. */
bool snapshot_queue_is_empty(const struct snapshot_queue *queue);

/* Notes that a picture is being made for this client. */
void snapshot_queue_served(struct snapshot_queue *queue, uint64_t client);

/* Leaves the queue. 0 and tickets that have dropped out are safe. */
void snapshot_queue_leave(struct snapshot_queue *queue, uint64_t ticket);

#endif
