/*
 * delivery.h - the connection to the recorder of a camera, over which pictures go (shared/source/source_socket.h).
 *
 * Nothing waits for recorderd: what its socket does not take is kept, up to a limit of bytes and of time. Pictures that
 * come then are dropped, and recorderd sees by their numbers how many.
 */
#ifndef SOURCE_DELIVERY_H
#define SOURCE_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/event/loop.h"

#define DELIVERY_KEPT_BYTES (16u * 1024 * 1024)
#define DELIVERY_KEPT_US    (2 * US_PER_S)

/* Zero it, set the first three, and set watch.fd to -1. */
struct delivery {
	struct loop *loop;
	void (*done)(
		void *context); /* the recorder has ended the connection, or everything after delivery_end() is sent */
	void *context;

	/* Private */
	struct loop_watch watch; /* fd -1: not connected */
	struct buffer kept;
	size_t sent;       /* bytes of `kept` */
	mono_t kept_since; /* {0}: nothing is kept */
	uint64_t number;   /* of the last picture */
	uint64_t dropped;  /* since something is kept */
	bool ending;       /* delivery_end() was called */
};

/* Connects, without waiting. False if the recorder needs no pictures now, or does not run. */
bool delivery_open(struct delivery *delivery, const char *camera);

bool delivery_is_open(const struct delivery *delivery);

/* Hands a picture of at most SOURCE_PICTURE_MAX bytes over. `arrived` is when its first byte came. */
void delivery_picture(struct delivery *delivery, const uint8_t *jpeg, size_t bytes, mono_t arrived);

/* Tells why the source has ended. `done` is called once that is sent. */
void delivery_end(struct delivery *delivery, const char *why);

/* Safe if it is not open. */
void delivery_close(struct delivery *delivery);

#endif
