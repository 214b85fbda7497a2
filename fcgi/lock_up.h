/*
 * lock_up.h - what the programs behind the web server leave themselves once they have started: bytes from everybody go
 * through them.
 *
 *                  reads                                   writes      starts   talks
 *   recorder-live  the rings                               its books   nothing  on the connections it accepts
 *   recorder-api   the rings, recordings, clips            clips       FFmpeg   and with recorderd's control socket,
 *                                                                                    and asks about connections
 *   FFmpeg         its libraries; all else on its pipes    nothing     nothing  with nobody
 *
 * By Landlock (landlock.h) and seccomp (seccomp.h). Each is used where it is there; what is missing is a line in
 * the log and in /health, never a failure. Builds with sanitizers do without: those look around in /proc.
 */
#ifndef FCGI_LOCK_UP_H
#define FCGI_LOCK_UP_H

#include "shared/config.h"
#include "shared/reason.h"

struct lock_state {
	int landlock; /* version; 0: not locked by it */
	bool seccomp;
	struct reason missing; /* what and why; empty: nothing */
};

/* Before there are threads. The books of `cameras` and their clips' folders should be there. */
void lock_up_live(const struct config_set *cameras, struct lock_state *out);
void lock_up_api(const struct config_set *cameras, struct lock_state *out);

/*
 * The single files, rather than folders, that lock_up_api() lets workers use, and where others of them may come to be:
 * the loader, FFmpeg, the time zone. An upgrade puts another inode in the place of each.
 */
void lock_up_files(void (*each)(const char *path, void *context), void *context);

/* Between fork() and exec of FFmpeg. */
void lock_up_ffmpeg(void);

/* One line about it, for the start. */
void lock_log(const char *area, const struct lock_state *state);

#endif
