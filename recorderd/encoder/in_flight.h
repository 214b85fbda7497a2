/*
 * in_flight.h - the frames that the encoder has been given and has not given back: a queue, so that each fragment finds
 * the frame that it was made from by its time.
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
	int64_t next_after_us; /* to the frame that was given after it; 0: none was yet */
	uint32_t bytes;        /* in the pipe */
};

struct in_flight {
	struct in_flight_frame frames[IN_FLIGHT_MAX];
	size_t first, count;
};

static inline bool in_flight_is_full(const struct in_flight *queue)
{
	return queue->count == IN_FLIGHT_MAX;
}

/* The frame at a place in the queue, 0 being the oldest. */
static inline struct in_flight_frame *in_flight_at(struct in_flight *queue, size_t place)
{
	return &queue->frames[(queue->first + place) % IN_FLIGHT_MAX];
}

static inline void in_flight_push(struct in_flight *queue, const struct in_flight_frame *frame)
{
	if (queue->count) {
		struct in_flight_frame *before = in_flight_at(queue, queue->count - 1);

		before->next_after_us = frame->pts_us - before->pts_us;
	}
	*in_flight_at(queue, queue->count++) = *frame;
}

static inline void in_flight_drop_first(struct in_flight *queue)
{
	queue->first = (queue->first + 1) % IN_FLIGHT_MAX;
	queue->count--;
}

/*
 * Takes the frame with that time off the front; *skipped counts those before it, which the encoder swallowed. False
 * where no frame was given with that time.
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

/* How many of them are out of the pipe, in which so many bytes are left. */
static inline size_t in_flight_read(struct in_flight *queue, uint64_t bytes_left)
{
	size_t taken = queue->count;

	while (taken && bytes_left) {
		uint32_t bytes = in_flight_at(queue, taken - 1)->bytes;

		bytes_left -= bytes < bytes_left ? bytes : bytes_left;
		taken--;
	}
	return taken;
}

#endif
