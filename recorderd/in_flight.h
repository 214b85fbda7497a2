/*
 * in_flight.h - the frames that the encoder has been given and has not given back: a queue, so that each fragment finds
 * the frame that it was made from by its time.
 */
#ifndef RECORDERD_IN_FLIGHT_H
#define RECORDERD_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IN_FLIGHT_MAX 2048u

struct in_flight_frame {
	uint64_t seq;
	int64_t pts_us, wall_us, mono_us;
};

struct in_flight {
	struct in_flight_frame frames[IN_FLIGHT_MAX];
	size_t first, count;
};

static inline bool in_flight_is_full(const struct in_flight *queue)
{
	return queue->count == IN_FLIGHT_MAX;
}

static inline void in_flight_push(struct in_flight *queue, const struct in_flight_frame *frame)
{
	queue->frames[(queue->first + queue->count++) % IN_FLIGHT_MAX] = *frame;
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
		queue->first = (queue->first + 1) % IN_FLIGHT_MAX;
		queue->count--;
		if (out->pts_us == pts_us)
			return true;
		++*skipped;
	}
	return false;
}

#endif
