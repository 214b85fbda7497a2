/* disk_pulse.c - see disk_pulse.h. */
#include "fcgi/io/disk_pulse.h"

#include <stdatomic.h>
#include <stddef.h>

#include "shared/base/clock.h"

static _Atomic int64_t *pulse_at;

void disk_pulse_set_target(_Atomic int64_t *at)
{
	pulse_at = at;
}

void disk_pulse(void)
{
	if (pulse_at)
		atomic_store_explicit(pulse_at, mono_now().us, memory_order_relaxed);
}
