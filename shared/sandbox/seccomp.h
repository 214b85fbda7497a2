/*
 * seccomp.h - leaves this process, and all that it starts, only the system calls that it needs (seccomp(2), by way
 * of libseccomp). Any other gets ENOSYS, as on a kernel that does not have it, so that a newer C library tries the
 * older way.
 */
#ifndef SHARED_SANDBOX_SECCOMP_H
#define SHARED_SANDBOX_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/reason.h"

/* Who makes the calls: bits, since what FFmpeg may do grows with what stands in its place and what it works with. */
enum seccomp_profile {
	SECCOMP_LIVE = 1,    /* recorder-live */
	SECCOMP_API = 2,     /* recorder-api: also stores files, and starts FFmpeg */
	SECCOMP_FFMPEG = 4,  /* from pipe to pipe: opens files to read, no sockets, no processes of its own */
	SECCOMP_DEVICES = 8, /* with SECCOMP_FFMPEG: it encodes by a device */
	SECCOMP_SCRIPT = 16, /* with SECCOMP_FFMPEG: a script that starts it */
};

/* A filter (BPF, of struct sock_filter) in memory. All zero: none. */
struct seccomp_filter {
	void *code; /* owned */
	size_t bytes;
};

/* False with a sentence. `callers` is of enum seccomp_profile. */
bool seccomp_filter_build(struct seccomp_filter *out, unsigned callers, struct reason *why);
void seccomp_filter_free(struct seccomp_filter *filter);

/*
 * From the calling thread on: to be called before there are others. Async-signal-safe, so that a child of a program
 * with threads can call it between fork and exec. False with errno.
 */
bool seccomp_filter_enter(const struct seccomp_filter *filter);

#endif
