/*
 * hook_peer.h - one client of the socket of recorder-hooks: what it has received, and sending it the rest.
 *
 * Nothing is queued for it beside the socket's own buffer. A client that is behind catches up from the rings.
 */
#ifndef RECORDERD_NOTIFY_HOOK_PEER_H
#define RECORDERD_NOTIFY_HOOK_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/notify/motion_ring_writer.h"
#include "recorderd/notify/notification_writer.h"
#include "shared/notify/hook_socket.h"

struct hook_peer {
	int fd;                  /* a connected socket that never blocks; not owned */
	uint64_t series, number; /* of the last notification that was sent; 0: none */
	int64_t since_us;        /* of struct hook_hello: monotonic */
	uint64_t motion_seq;     /* in the motion ring, of the last record that was sent */
	bool config_due;         /* a packet HOOK_CONFIG */
	uint64_t lost;           /* notifications */
	uint64_t lost_motion;    /* motion records */
};

enum hook_peer_outcome {
	HOOK_PEER_CURRENT, /* it was sent everything */
	HOOK_PEER_BEHIND,  /* its buffer is full: call hook_peer_send() when it is writable */
	HOOK_PEER_GONE,
};

/* A client has said hello. */
void hook_peer_init(struct hook_peer *peer, int fd, const struct hook_hello *hello,
		    const struct motion_ring_writer *motion);

/* Sends what is due: the rings have everything, except what was overwritten before the peer could take it. */
enum hook_peer_outcome hook_peer_send(struct hook_peer *peer, const struct notification_writer *notifications,
				      const struct motion_ring_writer *motion);

/* For a notification that is in no ring, since there is no room for one. If the peer does not take it, it is lost. */
enum hook_peer_outcome hook_peer_send_notification(struct hook_peer *peer, const uint8_t *record, size_t bytes);

/* The same for a motion record. */
enum hook_peer_outcome hook_peer_send_motion(struct hook_peer *peer, const struct motion_record *record);

#endif
