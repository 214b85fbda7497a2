/*
 * motion_process_internal.h - the parts of a motion process: motion_process.c supervises, motion_records.c reads what
 * the child sends, motion_child.c starts and ends it.
 */
#ifndef RECORDERD_MOTION_MOTION_PROCESS_INTERNAL_H
#define RECORDERD_MOTION_MOTION_PROCESS_INTERNAL_H

#include <limits.h>

#include "recorderd/motion/captured_seconds.h"
#include "recorderd/motion/child_messages.h"
#include "recorderd/motion/motion_process.h"
#include "shared/base/backoff.h"
#include "shared/event/subprocess.h"

#define MOTION_RECORDS_AT_ONCE 16 /* that are read in one go */
#define MOTION_FAILURES_MAX    2  /* without enough records in between, before somebody should know */
#define MOTION_RECORDS_WORKS   5  /* after so many a child works */

struct motion_process {
	struct motion_parts parts;
	char program[PATH_MAX];
	const struct ring_reader *ring; /* NULL: none */
	uint64_t seen;                  /* the newest frame of the ring whose second was noted */
	uint32_t source, epoch;         /* of that frame */
	struct captured_seconds captured;

	/* The child; its fields are valid while child.pid is not 0 */
	struct subprocess child;
	struct loop_watch out;
	struct loop_timer tick;
	struct child_messages messages;
	uint8_t data[MOTION_RECORDS_AT_ONCE * MOTION_RECORD_BYTES]; /* of which `bytes` are not used yet */
	size_t bytes;
	uint64_t records_of_child;
	uint64_t answered;  /* the newest frame when it was started, or when the last record came */
	mono_t quiet_since; /* the child owes a record for so long */
	mono_t closed_at;   /* when it closed its output; 0: it has not */
	int fps;            /* that it was started with */

	/* Supervision */
	struct backoff backoff;
	struct backoff cause_backoff; /* if it says why it cannot work */
	mono_t retry_at;
	unsigned failures; /* since a child worked */

	uint32_t restarts;
	uint64_t records;
	int64_t end_second;
	char error[128];
	struct motion_tamper tamper;
};

/* motion_child.c: starts it. Returns false and sets *why if it cannot be started. */
bool motion_child_start(struct motion_process *process, struct reason *why);

/* motion_child.c: ends it, without saying anything. Safe if there is none. */
void motion_child_end(struct motion_process *process);

/* motion_child.c: it has ended, or is useless: ends it, logs why, and waits before the next one. */
void motion_child_fail(struct motion_process *process, const char *what);

/* motion_child.c: reads what it has written to stderr, a little at a time. */
void motion_child_read_errors(struct motion_process *process);

/* motion_child.c: if it has ended, fails with how it did. Returns whether it has. */
bool motion_child_has_ended(struct motion_process *process);

/* motion_records.c: begins to read its records. Returns false if the loop refuses. */
bool motion_records_watch(struct motion_process *process);

#endif
