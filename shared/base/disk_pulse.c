/* disk_pulse.c - the heartbeat of a process that reads an archive. */
#include "shared/base/disk_pulse.h"

#include <stdatomic.h>
#include <stddef.h>

#include "shared/base/clock.h"

static _Atomic int64_t *target;

void disk_pulse_set_target(_Atomic int64_t *new_target)
{
	target = new_target;
}

void disk_pulse(void)
{
	if (target)
		atomic_store_explicit(target, mono_now().us, memory_order_relaxed);
}
