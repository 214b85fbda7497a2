/*
 * disk_pulse.h - a sign of life of a process that reads an archive: each step of a long work on many files gives one,
 * so that a slow disk is told from one that does not answer (worker_slots.h).
 */
#ifndef FCGI_IO_DISK_PULSE_H
#define FCGI_IO_DISK_PULSE_H

#include <stdint.h>

/* Where the time of each pulse is stored, in microseconds of the monotonic clock; NULL (at first): nowhere. */
void disk_pulse_set_target(_Atomic int64_t *at);

void disk_pulse(void);

#endif
