/*
 * health.h - what is wrong with a recorder, in sentences, by the state that it publishes (state.h): for /health and for
 * recorderd --status.
 */
#ifndef SHARED_RING_HEALTH_H
#define SHARED_RING_HEALTH_H

#include "shared/ring/state.h"

enum health_kind {
	HEALTH_WARNING, /* it records, and somebody should know this */
	HEALTH_FAILURE, /* what should be recorded is not */
};

/* Is told each sentence, which is good during the call. */
struct health_listener {
	void (*say)(void *context, enum health_kind kind, const char *sentence);
	void *context;
};

/*
 * How long the memory lasts and which setting gives more, as one or two sentences; empty where the recorder does not
 * say.
 */
#define HEALTH_MEMORY_TEXT_BYTES 400
void health_memory_text(const struct recorder_state *state, char out[HEALTH_MEMORY_TEXT_BYTES]);

/* What limits the memory: "memory.minutes", "RAM", "memory.max_mb", "/dev/shm"; NULL where the recorder does not say.
 */
const char *health_memory_limit(const struct recorder_state *state);

/* `state` as a living recorder published it; NULL: none runs. */
void health_check(const struct recorder_state *state, const struct health_listener *listener);

#endif
