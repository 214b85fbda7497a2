/*
 * leftovers.h - rings of cameras whose recorder is not running.
 *
 * A recorder that is killed leaves its ring (shared/ring/ring.h) to the next one. If no other comes, somebody has to
 * give the memory back.
 */
#ifndef RECORDERD_RING_LEFTOVERS_H
#define RECORDERD_RING_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/ring/shm_name.h"

#define LEFTOVER_OLD_US (24 * 3600 * INT64_C(1000000))

struct leftover {
	char camera[CONFIG_NAME_BYTES];
	char ring[SHM_NAME_BYTES]; /* its name */
	char owner[40];            /* the user's name, or number */
	uid_t uid;
	uint64_t bytes;        /* of RAM */
	int64_t span_us;       /* of the frames in it; 0: none, or unknown */
	int64_t idle_us;       /* since a recorder last used it; -1: unknown */
	char config_file[256]; /* the .ini that it belongs to; empty: unknown */
	bool configured;       /* true also if that is unknown */
	char unreadable[320];  /* why nothing more is known; empty if it could be read */
};

/*
 * True if that camera has a ring and no running recorder. Prefers a ring of this user to the one with the usual name.
 * If another user's lock cannot be examined, the ring's modification time tells whether a recorder is writing to it.
 */
bool leftover_find(const char *camera, struct leftover *out);

/* Finds every such ring of this machine, in no order. Returns how many; the caller frees *out. */
size_t leftovers_find(struct leftover **out);

/* One or two sentences: what it is, whose it is, and the command that frees it, with this program's own name. */
#define LEFTOVER_TEXT_BYTES 1024
void leftover_describe(const struct leftover *leftover, char out[LEFTOVER_TEXT_BYTES]);

enum leftover_free_outcome {
	LEFTOVER_FREED,
	LEFTOVER_NONE,    /* there is no such ring */
	LEFTOVER_IN_USE,  /* its recorder is running */
	LEFTOVER_REFUSED, /* it belongs to another user; *why says so */
};

/*
 * Frees the rings of that camera: those of this user, or those of everybody if this user is root. *bytes is set to how
 * much was freed.
 */
enum leftover_free_outcome leftover_free(const char *camera, uint64_t *bytes, struct reason *why);

/*
 * Frees this user's rings of cameras that are no longer configured (their .ini is gone, or names another camera) and
 * that no recorder has used for `idle_us`. Reads .ini files. Logs what it frees.
 */
void leftovers_free_old(int64_t idle_us);

#endif
