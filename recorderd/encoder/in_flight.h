/*
 * in_flight.h - a queue of the frames that FFmpeg has been given and has not given back. By its time, each fragment
 * finds the frame that it was encoded from.
 */
#ifndef RECORDERD_ENCODER_IN_FLIGHT_H
#define RECORDERD_ENCODER_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IN_FLIGHT_MAX 2048u

struct in_flight_frame {
	uint64_t seq;
	int64_t pts_us, wall_us, mono_us;
	int64_t next_after_us; /* from this frame to the next one that was given; 0: none yet */
	uint32_t bytes;        /* as IVF */
};

struct in_flight {
	struct in_flight_frame frames[IN_FLIGHT_MAX];
	size_t first, count;
};

static inline bool in_flight_is_full(const struct in_flight *queue)
{
	return queue->count == IN_FLIGHT_MAX;
}

/* The oldest frame has index 0. */
static inline struct in_flight_frame *in_flight_at(struct in_flight *queue, size_t index)
{
	return &queue->frames[(queue->first + index) % IN_FLIGHT_MAX];
}

static inline void in_flight_push(struct in_flight *queue, const struct in_flight_frame *frame)
{
	if (queue->count) {
		struct in_flight_frame *last = in_flight_at(queue, queue->count - 1);

		last->next_after_us = frame->pts_us - last->pts_us;
	}
	*in_flight_at(queue, queue->count++) = *frame;
}

static inline void in_flight_drop_first(struct in_flight *queue)
{
	queue->first = (queue->first + 1) % IN_FLIGHT_MAX;
	queue->count--;
}

/*
 * Removes the frame with that time and all frames before it, which FFmpeg did not give back; *skipped is increased by
 * their number. Returns false if no frame with that time was given.
 */
static inline bool in_flight_take(struct in_flight *queue, int64_t pts_us, struct in_flight_frame *out,
				  uint64_t *skipped)
{
	while (queue->count && queue->frames[queue->first].pts_us <= pts_us) {
		*out = queue->frames[queue->first];
		in_flight_drop_first(queue);
		if (out->pts_us == pts_us)
			return true;
		++*skipped;
	}
	return false;
}

/* How many of the frames FFmpeg has read completely, if it has not read the last `unread_bytes` bytes yet. */
static inline size_t in_flight_read(struct in_flight *queue, uint64_t unread_bytes)
{
	size_t count = queue->count;

	while (count && unread_bytes) {
		uint32_t bytes = in_flight_at(queue, count - 1)->bytes;

		unread_bytes -= bytes < unread_bytes ? bytes : unread_bytes;
		count--;
	}
	return count;
}

#endif
