/*
 * pace.h - whether a client takes what is sent to it, or only holds a place. Pure.
 *
 * What is judged is the time in which the client's connection took nothing more although bytes were waiting for it: not
 * that of a disk or an encoder that has nothing to send yet, nor that in which the process itself was held up. A client
 * that takes less than PACE_MIN_BYTES_PER_S a second over a whole window of such time is too slow.
 */
#ifndef FCGI_IO_PACE_H
#define FCGI_IO_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * In a window of a minute that is half of what a web server takes from a worker in one go (FASTCGI_TURN_BYTES), so a
 * client is given the benefit of that buffer and of the kernel's. No video plays at that rate, nor at ten times it.
 */
#define PACE_MIN_BYTES_PER_S 512

struct pace {
	int64_t looked_us; /* by the monotonic clock */
	int64_t waited_us; /* of the window so far */
	uint64_t taken;    /* by the client when the window began */
};

/* How often to look at a client, at least, so that windows of that length are judged well. */
int64_t pace_interval_us(int64_t window_us);

/* A window begins; `taken` counts all bytes that the client has taken so far, as well as that is known. */
void pace_begin(struct pace *pace, uint64_t taken, int64_t now_us);

/*
 * A look. `full`: bytes are waiting and the connection takes none of them; if not, the time since the last look does
 * not count. False for a client that is too slow; window_us 0: none is.
 */
bool pace_update(struct pace *pace, uint64_t taken, bool full, int64_t now_us, int64_t window_us);

#endif
