/*
 * leftovers.h - rings of cameras whose recorder does not run: a killed recorder leaves its ring (shared/ring/ring.h)
 * for the next one, and where none comes somebody has to give the memory back.
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
	int64_t span_us;       /* of the frames in it; 0: none, or not known */
	int64_t idle_us;       /* since a recorder was last there; -1: not known */
	char config_file[256]; /* the .ini that it belongs to; empty: not known */
	bool configured;       /* true also where that cannot be told */
	char unreadable[320];  /* why nothing more is known; else empty */
};

/*
 * True where that camera has a ring and no recorder that runs: a ring of this user, else the one with the usual name.
 * Of another user's recorder whose lock this one may not look at, the time of the ring says whether it runs.
 */
bool leftover_find(const char *camera, struct leftover *out);

/* Every such ring of this machine, in no order. Allocates *out, which the caller frees; returns how many. */
size_t leftovers_find(struct leftover **out);

/*
 * One or two sentences: what it is, whose, and the command that frees it, with the name that this program was started
 * by.
 */
#define LEFTOVER_TEXT_BYTES 1024
void leftover_describe(const struct leftover *leftover, char out[LEFTOVER_TEXT_BYTES]);

enum leftover_free_outcome {
	LEFTOVER_FREED,
	LEFTOVER_NONE,    /* there is no such ring */
	LEFTOVER_IN_USE,  /* its recorder runs */
	LEFTOVER_REFUSED, /* it is another user's; `why` says so */
};

/* Gives the memory of that camera's rings back: those of this user; all of them where that is root. *bytes gets how
 * much. */
enum leftover_free_outcome leftover_free(const char *camera, uint64_t *bytes, struct reason *why);

/*
 * Frees this user's rings of cameras that are not configured any more (their .ini is gone, or names another camera),
 * and that no recorder has used for `idle_us`. Reads .ini files. Logs what it frees.
 */
void leftovers_free_old(int64_t idle_us);

#endif
