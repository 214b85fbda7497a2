/*
 * sandbox.h - what a program leaves itself, or leaves a program that it starts, once bytes from outside go through it:
 * by Landlock (landlock.h) and seccomp (seccomp.h). Each is used where it is there; what is missing is said, and is
 * never a failure. Builds with sanitizers do without: those look around in /proc.
 *
 * A sandbox is prepared where memory may be taken, and entered where it may not: sandbox_enter() is async-signal-safe,
 * for a child of a program with threads, between fork and exec.
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
	enum seccomp_profile caller; /* SECCOMP_LIVE, SECCOMP_API or SECCOMP_FFMPEG */
	bool runs_ffmpeg;            /* may start, or is about to become, the first ffmpeg in PATH */
	bool scripts;                /* also where that is a script; it may then start what is in PATH */
	enum ffmpeg_devices devices; /* that FFmpeg encodes by */
	const char *left_out;        /* why nobody is kept in by it; NULL: it is used. Has to outlive it */
};

/* NULL where there is no memory. Before the process has threads that start programs. */
struct sandbox *sandbox_open(const struct sandbox_setup *setup);
void sandbox_close(struct sandbox *sandbox);

/* Grants `rights` (of enum landlock_right) to a path, with all below it; one that is not there is left out. */
void sandbox_allow(struct sandbox *sandbox, const char *path, unsigned rights);

/*
 * This process, and all that it starts, is in the sandbox from here on. To be called before there are threads. With
 * SECCOMP_FFMPEG no descriptor but the standard three is open in the program that comes next.
 */
void sandbox_enter(const struct sandbox *sandbox);

/* The same as what prepares a child (struct subprocess_setup), which begins however far it is kept in: true. */
bool sandbox_enter_child(void *sandbox);

struct sandbox_state {
	bool known;            /* false: nobody has entered it yet */
	int landlock;          /* version; 0: not kept in by it */
	bool seccomp;          /* kept in by it */
	struct reason missing; /* what and why; empty: nothing */
};

/* How far whoever entered it last was kept in; also known to the process that prepared it. */
void sandbox_state(const struct sandbox *sandbox, struct sandbox_state *out);

/* One line about it in the log. */
void sandbox_log(const char *area, const struct sandbox_state *state);

/* The dynamic loader of this program, and of others of this system; NULL where it has none. */
const char *sandbox_loader(void);

#endif
