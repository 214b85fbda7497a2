/* store_sandbox.h - what the sandboxes of programs that talk to a store have in common. */
#ifndef OFFSITE_STORE_STORE_SANDBOX_H
#define OFFSITE_STORE_STORE_SANDBOX_H

#include "shared/config/config.h"
#include "shared/sandbox/sandbox.h"

/*
 * Prepares a sandbox that may read the key, certificates and what naming and TLS need of the system, and connect to
 * that TCP port only (where the kernel's Landlock is of version 4 or later). Also keeps this process out of core
 * dumps and away from debuggers of the same user. Returns NULL without memory, and logs that.
 */
struct sandbox *store_sandbox_open(const char *area, enum seccomp_profile profile, const struct config_store *config,
				   unsigned port);

/* Enters it, logs one line about it, and closes it. NULL is safe. Call it before there are threads. */
void store_sandbox_enter(const char *area, struct sandbox *sandbox);

#endif
