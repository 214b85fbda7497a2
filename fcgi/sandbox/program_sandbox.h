/*
 * program_sandbox.h - the sandboxes of the programs behind the web server, which handle bytes from anybody.
 *
 *                  reads                          writes           starts   communicates
 *   recorder-live  the rings                      its statistics   nothing  on the connections that it accepts
 *   recorder-api   the rings, recordings, clips   clips            FFmpeg   also with recorderd's control socket, and
 *                                                                           queries the kernel about connections
 *   FFmpeg         its libraries                  nothing          nothing  only through its pipes
 *
 * If a part of the sandbox (shared/sandbox/sandbox.h) is missing, the log and /health say so. It is never a failure.
 */
#ifndef FCGI_SANDBOX_PROGRAM_SANDBOX_H
#define FCGI_SANDBOX_PROGRAM_SANDBOX_H

#include "shared/config/config.h"
#include "shared/sandbox/sandbox.h"

/* Call these before there are threads, after creating the live statistics and the clips folders of `cameras`. */
void program_sandbox_enter_live(const struct config_set *cameras, struct sandbox_state *out);
void program_sandbox_enter_api(const struct config_set *cameras, struct sandbox_state *out);

/*
 * Calls `each` for the single files that program_sandbox_enter_api() allows, and for paths where one may appear: the
 * loader, FFmpeg, the time zone. An upgrade replaces their inodes.
 */
void program_sandbox_each_file(void (*each)(const char *path, void *context), void *context);

/* Call it between fork and exec of FFmpeg. */
void program_sandbox_enter_ffmpeg(void);

#endif
