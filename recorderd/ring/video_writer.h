/*
 * video_writer.h - puts the fragments of the recording into the video ring (shared/ring/video_ring.h).
 *
 * All calls come from the event loop. None of them waits, and none touches a disk. Without room in /dev/shm there is no
 * live video, which is logged; recording does not depend on it.
 */
#ifndef RECORDERD_RING_VIDEO_WRITER_H
#define RECORDERD_RING_VIDEO_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIDEO_WRITER_FIRST_BYTES (UINT64_C(2) << 20) /* of data, before the ring grows: four seconds at 4 Mbit/s */

struct video_writer;

/* One fragment: a moof that is followed at once by its mdat. The bytes are copied. */
struct video_fragment {
	int64_t wall_us, mono_us; /* of the frame's capture */
	int64_t run_mono_us;      /* of the first frame of its run */
	uint16_t width, height;
	bool key;
	const uint8_t *init; /* ftyp and moov of the run */
	size_t init_bytes;
	const uint8_t *data;
	size_t moof_bytes, total_bytes;
};

/*
 * Takes over the video ring of the camera whose ring has that name, or creates it. The caller holds the camera's lock,
 * as for ring_writer_open(); `mask` is that of struct ring_request. NULL if memory runs out.
 */
struct video_writer *video_writer_open(const char *ring_name, uint64_t mask);

/* Removes what an earlier recorder left that recorded H.264, for one that does not. */
void video_writer_remove_leftover(const char *ring_name);

/* NULL is safe here and below. */
void video_writer_put(struct video_writer *writer, const struct video_fragment *fragment);

/* Call it a few times per second: creates the ring again if somebody has removed its name. */
void video_writer_check(struct video_writer *writer);

/* Bytes of /dev/shm that a video ring takes before it grows. */
uint64_t video_writer_first_total_bytes(void);

/* The size of its data in bytes; 0: there is no ring. */
uint64_t video_writer_data_bytes(const struct video_writer *writer);

/* Frees the ring. */
void video_writer_close(struct video_writer *writer);

/* The same, and nothing in it can be read any more. */
void video_writer_empty(struct video_writer *writer);

/* Leaves the ring to the next recorder. */
void video_writer_detach(struct video_writer *writer);

#endif
