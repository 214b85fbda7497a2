/*
 * pictures.h - follows the ring: which pictures come next.
 *
 * After a start, and after a long pause of this program, it begins with pictures that are some seconds old, so that
 * what the detector has to learn is learnt at once.
 */
#ifndef MOTION_PICTURES_H
#define MOTION_PICTURES_H

#include "motion/sampler.h"
#include "shared/ring/ring_reader.h"

#define PICTURES_LEARN_S  15 /* how old the first picture is, if the ring has it */
#define PICTURES_LAG_S    60 /* a program that is further behind than this begins again */
#define PICTURES_JPEG_MAX (4u << 20)

struct pictures {
	const struct ring_reader *ring;
	struct sampler sampler;
	uint64_t next; /* number of the next frame */
	bool began;
	uint8_t *jpeg; /* PICTURES_JPEG_MAX bytes */
};

/* Returns false if memory is short. `ring` must outlive it. */
bool pictures_init(struct pictures *pictures, const struct ring_reader *ring, int fps);
void pictures_finish(struct pictures *pictures);

enum pictures_outcome {
	PICTURES_NONE,    /* no frame has come since the last call */
	PICTURES_SKIPPED, /* a frame that is not looked at, or is lost */
	PICTURES_TAKEN,   /* its bytes are in `jpeg` */
};

/* Takes the next frame. *out is set unless the outcome is PICTURES_NONE; out->seq is 0 if the frame is lost. */
enum pictures_outcome pictures_next(struct pictures *pictures, struct ring_frame *out);

/* Waits for the next frame, but not past `until`. While none is due it sleeps, however many come. */
void pictures_wait(const struct pictures *pictures, const struct ring_frame *last, mono_t until);

#endif
