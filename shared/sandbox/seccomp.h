/*
 * seccomp.h - restricts this process and its children to the system calls that they need, with seccomp(2).
 *
 * libseccomp makes the filters. Any other call fails with ENOSYS, as on a kernel without it, so that a newer C library
 * falls back to an older call.
 */
#ifndef SHARED_SANDBOX_SECCOMP_H
#define SHARED_SANDBOX_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/reason.h"

/* Who makes the calls. These are bits, because FFmpeg may need more: for devices, or if it is started by a script. */
enum seccomp_profile {
	SECCOMP_LIVE = 1,    /* recorder-live */
	SECCOMP_API = 2,     /* recorder-api: also writes files and starts FFmpeg */
	SECCOMP_FFMPEG = 4,  /* opens files only for reading; no sockets, no processes */
	SECCOMP_DEVICES = 8, /* with SECCOMP_FFMPEG: encodes with a device */
	SECCOMP_SCRIPT = 16, /* with SECCOMP_FFMPEG: a script that starts it */
	SECCOMP_SHIP = 64,   /* recorder-ship: writes files and talks to a store */
	SECCOMP_FETCH = 128, /* recorder-fetch: the same, and workers connect to it */
	SECCOMP_MOTION = 32, /* recorder-motion: waits, and writes to its standard output and error; nothing else */
};

/* A BPF filter, an array of struct sock_filter. All zero: none. */
struct seccomp_filter {
	void *code; /* owned */
	size_t bytes;
};

/* `profiles` has bits of enum seccomp_profile. Returns false and sets *why. */
bool seccomp_filter_build(struct seccomp_filter *out, unsigned profiles, struct reason *why);
void seccomp_filter_free(struct seccomp_filter *filter);

/*
 * Restricts the calling thread and what it starts, so call it before there are other threads. It is async-signal-safe,
 * so a child of a program with threads can call it between fork and exec. Returns false with errno.
 */
bool seccomp_filter_enter(const struct seccomp_filter *filter);

#endif
