/*
 * reload.h - the configuration read again while the recorder runs: what can change is handed to the part that it
 * concerns, what cannot is named.
 */
#ifndef RECORDERD_RELOAD_H
#define RECORDERD_RELOAD_H

#include "recorderd/archive/archive.h"
#include "recorderd/capture/capture.h"
#include "shared/config/config.h"

/*
 * Says in the log what changed and what needs a restart. False where the file is broken: then it says what is wrong,
 * and nothing changes.
 */
bool reload(struct config *running, struct archive *archive, struct capture *capture);

#endif
