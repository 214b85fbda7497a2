/*
 * recorder.h - one camera's recorder, put together from its parts: capture -> ring -> encoder -> storage, and what is
 * published about them.
 */
#ifndef RECORDERD_RECORDER_H
#define RECORDERD_RECORDER_H

#include "shared/base/reason.h"
#include "shared/config/config.h"

struct recorder;

/*
 * Locks, allocates and opens all that a start can fail for. NULL with a sentence. `config` is copied.
 *
 * The frames in memory are taken over from a recorder before this one. With `keep_memory` SIGTERM leaves them to the
 * next one, since somebody else frees them where none comes (recorderd --free-memory); else they go with this one.
 * SIGINT gives the memory back in either case, and what ends by itself leaves it, as a crash does.
 */
struct recorder *recorder_open(const struct config *config, bool keep_memory, struct reason *why);

/*
 * Runs until SIGTERM or SIGINT, then stops in order: the camera, what the encoder still has, the open segment, the
 * lists. What hangs is left behind: FFmpeg after 10 s, the disk and the camera's driver after 12 s. A second such
 * signal leaves at once. SIGHUP reads the configuration again (reload.h). Returns the exit status.
 */
int recorder_run(struct recorder *recorder);

/* NULL is safe. */
void recorder_close(struct recorder *recorder);

#endif
