/*
 * ffmpeg_files.h - grants FFmpeg the files that it needs: itself, its libraries and its encoding devices.
 *
 * Every function is async-signal-safe.
 */
#ifndef SHARED_SANDBOX_FFMPEG_FILES_H
#define SHARED_SANDBOX_FFMPEG_FILES_H

#include <stdbool.h>

#include "shared/sandbox/landlock.h"

enum ffmpeg_devices {
	FFMPEG_DEVICES_NONE,
	FFMPEG_DEVICES_DRM,    /* VAAPI, Quick Sync */
	FFMPEG_DEVICES_CODEC,  /* V4L2 codecs (memory to memory), never cameras */
	FFMPEG_DEVICES_NVIDIA, /* NVENC */
};

/* Whether the first ffmpeg in PATH, as execvp(3) finds it, is a script: readable and not an ELF program. */
bool ffmpeg_is_script(void);

/*
 * Grants the first ffmpeg in PATH, the system's libraries (those of ld.so.cache too), ../lib next to FFmpeg, and what
 * LD_PRELOAD and LD_LIBRARY_PATH name. Returns false with errno.
 */
bool ffmpeg_files_add(const struct landlock_ruleset *ruleset);

/* Grants what a script called ffmpeg may start: its interpreter and the programs in PATH. Returns false with errno. */
bool ffmpeg_script_add(const struct landlock_ruleset *ruleset);

/*
 * Grants the devices. Returns false with errno. It opens the V4L2 devices, which may take long, so do not call it in a
 * process that others wait for.
 */
bool ffmpeg_devices_add(const struct landlock_ruleset *ruleset, enum ffmpeg_devices devices);

#endif
