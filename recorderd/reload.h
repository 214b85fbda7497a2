/* reload.h - reads the configuration again while the recorder runs, and applies what may change without a restart. */
#ifndef RECORDERD_RELOAD_H
#define RECORDERD_RELOAD_H

#include "recorderd/archive/archive.h"
#include "recorderd/capture/capture.h"
#include "shared/config/config.h"

/*
 * Updates `running` and the parts, and logs what was applied and what needs a restart. If the file is invalid it logs
 * why, changes nothing and returns false. *mask_changed says whether [mask] has changed: the caller empties the memory.
 */
bool reload(struct config *running, struct archive *archive, struct capture *capture, bool *mask_changed);

#endif
