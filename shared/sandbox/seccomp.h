/*
 * seccomp.h - leaves this process, and all that it starts, only the system calls that it needs (seccomp(2), by way
 * of libseccomp). Any other gets ENOSYS, as on a kernel that does not have it, so that a newer C library tries the
 * older way.
 */
#ifndef SHARED_SANDBOX_SECCOMP_H
#define SHARED_SANDBOX_SECCOMP_H

#include <stdbool.h>

#include "shared/reason.h"

enum lock_program {
	LOCK_LIVE,
	LOCK_API,    /* also stores files, and starts LOCK_FFMPEG */
	LOCK_FFMPEG, /* from pipe to pipe: no sockets, no processes of its own */
};

/* From the calling thread on: to be called before there are others. False with a sentence. */
bool lock_calls(enum lock_program program, struct reason *why);

#endif
