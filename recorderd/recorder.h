/* recorder.h - the recorder of one camera: capture -> ring -> encoder -> storage, and the state they publish. */
#ifndef RECORDERD_RECORDER_H
#define RECORDERD_RECORDER_H

#include "shared/base/reason.h"
#include "shared/config/config.h"

struct recorder;

/*
 * Locks, allocates and opens everything that can make a start fail. Returns NULL and sets *why on failure. `config` is
 * copied.
 *
 * Takes over the frames in memory that a previous recorder of this camera left. What happens to them at the end: with
 * `keep_memory`, SIGTERM leaves them to the next recorder, and whoever asked for that frees them if none comes
 * (recorderd --free-memory); without it SIGTERM frees them. SIGINT always does. A recorder that ends because of an
 * error leaves them, as a crash would.
 */
struct recorder *recorder_open(const struct config *config, bool keep_memory, struct reason *why);

/*
 * Runs until SIGTERM or SIGINT, then stops in order: the camera, the encoder once it has encoded what it was given, the
 * open segment, the lists. It gives up on FFmpeg after 10 s, and on the disk and the camera's driver after 12 s. A
 * second such signal ends it at once. SIGHUP reads the configuration again (reload.h). Returns the exit status.
 */
int recorder_run(struct recorder *recorder);

/* Whether it has ended to be opened again at once, with the configuration that is in its file by now. */
bool recorder_restarts(const struct recorder *recorder);

/* NULL is safe. */
void recorder_close(struct recorder *recorder);

#endif
