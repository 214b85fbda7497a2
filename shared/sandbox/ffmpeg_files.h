/*
 * ffmpeg_files.h - what FFmpeg needs of the file system: itself, its libraries, and the devices that it encodes by.
 * Every function is async-signal-safe.
 */
#ifndef SHARED_SANDBOX_FFMPEG_FILES_H
#define SHARED_SANDBOX_FFMPEG_FILES_H

#include <stdbool.h>

#include "shared/sandbox/landlock.h"

enum ffmpeg_devices {
	FFMPEG_DEVICES_NONE,
	FFMPEG_DEVICES_DRM,    /* VAAPI */
	FFMPEG_DEVICES_CODEC,  /* V4L2 codecs (memory to memory), never cameras */
	FFMPEG_DEVICES_NVIDIA, /* NVENC */
};

/* Whether the first ffmpeg in PATH, as execvp(3) finds it, is a script: it can be read and is no ELF program. */
bool ffmpeg_is_script(void);

/*
 * The first ffmpeg in PATH, libraries (those in ld.so.cache too, and in lib beside FFmpeg's folder), and what
 * LD_PRELOAD and LD_LIBRARY_PATH name. False with errno.
 */
bool ffmpeg_files_add(const struct landlock_ruleset *ruleset);

/* What a script in its place may start: its interpreter, and the programs in PATH. False with errno. */
bool ffmpeg_script_add(const struct landlock_ruleset *ruleset);

/* False with errno. Looks at the V4L2 devices that there are, which may take long: not in a process that is waited
 * for. */
bool ffmpeg_devices_add(const struct landlock_ruleset *ruleset, enum ffmpeg_devices devices);

#endif
