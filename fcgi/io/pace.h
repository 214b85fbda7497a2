/*
 * pace.h - detects clients that read too slowly and only occupy a connection.
 *
 * Only the time counts in which bytes were waiting and the client's connection accepted none. Time in which a disk or
 * an encoder had nothing to send does not count, nor does time in which this process was blocked. A client that reads
 * less than PACE_MIN_BYTES_PER_S over a whole window of such time is too slow.
 */
#ifndef FCGI_IO_PACE_H
#define FCGI_IO_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * In a window of one minute, this is half of what a web server reads from a worker at once (FASTCGI_TURN_BYTES), so
 * clients have the benefit of that buffer and of the kernel's. No video plays at ten times that rate.
 */
#define PACE_MIN_BYTES_PER_S 512

struct pace {
	int64_t checked_us; /* monotonic time of the last check */
	int64_t waited_us;  /* of the window so far */
	uint64_t read;      /* bytes that the client had read when the window began */
};

/* The longest interval between two checks for windows of that length. */
int64_t pace_interval_us(int64_t window_us);

/* Begins a window. `read` is how many bytes the client has read so far, as far as that is known. */
void pace_begin(struct pace *pace, uint64_t read, int64_t now_us);

/*
 * Checks a client. `blocked` says that bytes are waiting and the connection accepts none; otherwise the time since the
 * last check does not count. Returns false if the client is too slow. With a window of 0, no client is.
 */
bool pace_update(struct pace *pace, uint64_t read, bool blocked, int64_t now_us, int64_t window_us);

#endif
