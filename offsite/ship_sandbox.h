/* ship_sandbox.h - the sandbox of recorder-ship. */
#ifndef OFFSITE_SHIP_SANDBOX_H
#define OFFSITE_SHIP_SANDBOX_H

#include "shared/config/config.h"

/*
 * From then on this process and its threads read recordings, clips and what naming and TLS need of the system, write to
 * store.directory, and connect to that TCP port only (where the kernel's Landlock is of version 4 or later). They start
 * nothing. Also keeps them out of core dumps and away from debuggers of the same user. Call it before there are threads.
 */
void ship_sandbox_enter(const struct config *config, unsigned port);

#endif
