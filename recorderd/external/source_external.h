/* source_external.h - a program or a network camera, read by recorder-source, as a source of frames (source.h). */
#ifndef RECORDERD_EXTERNAL_SOURCE_EXTERNAL_H
#define RECORDERD_EXTERNAL_SOURCE_EXTERNAL_H

#include "recorderd/source/source.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

#define EXTERNAL_FPS_MAX 1000 /* pictures within a second; more is a flood, which ends the connection */

/*
 * Waits for recorder-source to connect, for at most a second: SOURCE_NOT_FOUND if it does not. The caller owns *out. If
 * it fails, *out is NULL and *why is set.
 *
 * A source that ends, and a recorder-source that does, are SOURCE_GONE, like a camera that was unplugged.
 */
enum source_open_outcome source_external_open(const struct config *config, struct source **out, struct reason *why);

#endif
