/*
 * motion_process.h - runs recorder-motion, which looks at the frames in the ring and says what moves.
 *
 * It is a child like FFmpeg: started again when it ends, hangs or sends what cannot be true, and nothing waits for it.
 * It gets no descriptor but its three standard ones, and finds the ring by the camera's name. On its standard output it
 * sends one struct motion_record per second, sealed with 0 as the segment number. What it writes to standard error is
 * logged.
 *
 * Each record is checked against the frames that were captured, marked if the camera seems to be covered, turned or
 * blurred (shared/motion/motion_tamper.h), and passed on.
 */
#ifndef RECORDERD_MOTION_MOTION_PROCESS_H
#define RECORDERD_MOTION_MOTION_PROCESS_H

#include <stdbool.h>

#include "shared/base/clock.h"
#include "shared/config/config.h"
#include "shared/event/loop.h"
#include "shared/motion/motion_record.h"
#include "shared/motion/motion_tamper.h"
#include "shared/ring/ring_reader.h"

struct motion_process;

struct motion_parts {
	struct loop *loop;
	const struct config *config;
	const char *program; /* the path of recorder-motion; NULL: where it was installed (motion_program.h) */

	/* Gets each record, sealed with 0. It must not block. */
	void (*record)(void *context, const struct motion_record *record);
	void *context;
};

struct motion_status {
	enum motion_state state;
	uint32_t restarts;
	uint64_t records;
	wall_t end; /* of the newest second that has a record; 0: none yet */
	char error[128];

	/* Since when; 0: not, or not known. A changed view is reported for a day, unless the old one came back. */
	wall_t covered, view_changed, blurred;
};

/* Does nothing until it has a ring. What the parts point to must outlive it. Returns NULL without memory. */
struct motion_process *motion_process_create(const struct motion_parts *parts);

/* Kills the child. NULL is safe. */
void motion_process_destroy(struct motion_process *process);

/* Kills the child, and starts one for this ring if motion.enabled. NULL: starts none. */
void motion_process_set_ring(struct motion_process *process, const struct ring_reader *ring);

/* To be called after frames were put into the ring. */
void motion_process_frame(struct motion_process *process);

/* To be called after [motion] of the configuration has changed. */
void motion_process_reload(struct motion_process *process);

void motion_process_status(const struct motion_process *process, struct motion_status *out);

#endif
