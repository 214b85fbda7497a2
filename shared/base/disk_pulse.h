/*
 * disk_pulse.h - the heartbeat of a process that reads an archive.
 *
 * Each step of a long operation on many files gives one pulse, so that a slow disk is not mistaken for one that does
 * not respond (worker_slots.h).
 */
#ifndef SHARED_BASE_DISK_PULSE_H
#define SHARED_BASE_DISK_PULSE_H

#include <stdint.h>

/* Sets where the time of each pulse is stored, in microseconds of monotonic time. NULL, the default: nowhere. */
void disk_pulse_set_target(_Atomic int64_t *target);

void disk_pulse(void);

#endif
