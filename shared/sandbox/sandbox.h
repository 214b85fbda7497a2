/*
 * sandbox.h - sandboxes with Landlock (landlock.h) and seccomp (seccomp.h).
 *
 * A program enters one before it handles bytes from outside, or puts a child into one. Each mechanism is used if the
 * system has it. What is missing is reported and is never a failure. Builds with sanitizers have no sandbox, since
 * sanitizers read /proc.
 *
 * A sandbox is prepared with sandbox_open() and sandbox_allow(), which allocate memory. sandbox_enter() is
 * async-signal-safe, so a child of a program with threads can call it between fork and exec.
 */
#ifndef SHARED_SANDBOX_SANDBOX_H
#define SHARED_SANDBOX_SANDBOX_H

#include <stdbool.h>

#include "shared/base/reason.h"
#include "shared/sandbox/ffmpeg_files.h"
#include "shared/sandbox/landlock.h"
#include "shared/sandbox/seccomp.h"

struct sandbox;

struct sandbox_setup {
	enum seccomp_profile profile; /* SECCOMP_LIVE, SECCOMP_API, SECCOMP_FFMPEG, SECCOMP_MOTION, …_SHIP or …_FETCH */
	bool runs_ffmpeg;             /* it starts, or is about to become, the first ffmpeg in PATH */
	bool scripts;                 /* ffmpeg may be a script, which may start what is in PATH */
	enum ffmpeg_devices devices;  /* for encoding */
	unsigned tcp_port;            /* the only one that it may connect to; 0: none */
	const char *disabled_because; /* why it is not used, must outlive it; NULL: it is used */
};

/* Returns NULL if memory is short. Any thread may call it. */
struct sandbox *sandbox_open(const struct sandbox_setup *setup);
void sandbox_close(struct sandbox *sandbox);

/* Grants `rights` (of enum landlock_right) on a path and everything below it. Ignores one that does not exist. */
void sandbox_allow(struct sandbox *sandbox, const char *path, unsigned rights);

/*
 * Puts this process, and everything that it starts, into the sandbox. Call it before there are threads. With
 * SECCOMP_FFMPEG, the next program gets only the three standard descriptors.
 */
void sandbox_enter(const struct sandbox *sandbox);

/* The same as a `prepare` function of struct subprocess_setup. Returns true, even if the sandbox is incomplete. */
bool sandbox_enter_child(void *sandbox);

struct sandbox_state {
	bool known;            /* false: nobody has entered it yet */
	int landlock;          /* version in effect; 0: none */
	bool seccomp;          /* whether the filter is in effect */
	struct reason missing; /* what is missing and why; empty: nothing */
};

/* The state of the last process that entered it. The process that prepared it knows it too. */
void sandbox_state(const struct sandbox *sandbox, struct sandbox_state *out);

/* Logs one line about it. */
void sandbox_log(const char *area, const struct sandbox_state *state);

/* The dynamic loader of this program and of others of this system, NULL if it has none. */
const char *sandbox_loader(void);

#endif
