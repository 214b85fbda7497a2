/*
 * program_sandbox.h - what the programs behind the web server leave themselves once they have started: bytes from
 * everybody go through them.
 *
 *                  reads                                   writes      starts   talks
 *   recorder-live  the rings                               its counters   nothing  on the connections it accepts
 *   recorder-api   the rings, recordings, clips            clips       FFmpeg   and with recorderd's control socket,
 *                                                                                    and asks about connections
 *   FFmpeg         its libraries; all else on its pipes    nothing     nothing  with nobody
 *
 * What is missing of the sandbox (shared/sandbox/sandbox.h) is a line in the log and in /health, never a failure.
 */
#ifndef FCGI_SANDBOX_PROGRAM_SANDBOX_H
#define FCGI_SANDBOX_PROGRAM_SANDBOX_H

#include "shared/config/config.h"
#include "shared/sandbox/sandbox.h"

/* Before there are threads. The counters of `cameras` and their clips' folders should be there. */
void program_sandbox_enter_live(const struct config_set *cameras, struct sandbox_state *out);
void program_sandbox_enter_api(const struct config_set *cameras, struct sandbox_state *out);

/*
 * The single files, rather than folders, that program_sandbox_enter_api() lets workers use, and where others of them may come to be:
 * the loader, FFmpeg, the time zone. An upgrade puts another inode in the place of each.
 */
void program_sandbox_each_file(void (*each)(const char *path, void *context), void *context);

/* Between fork() and exec of FFmpeg. */
void program_sandbox_enter_ffmpeg(void);

#endif
