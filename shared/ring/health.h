/*
 * health.h - what is wrong with a recorder, in sentences.
 *
 * They follow from the state that the recorder publishes (state.h), and are shown by /health and `recorderd --status`.
 */
#ifndef SHARED_RING_HEALTH_H
#define SHARED_RING_HEALTH_H

#include "shared/ring/state.h"

enum health_kind {
	HEALTH_WARNING, /* it records, but somebody should know about this */
	HEALTH_FAILURE, /* it does not record what it should */
};

/* Receives the sentences, one per call. The text is valid during the call only. */
struct health_listener {
	void (*say)(void *context, enum health_kind kind, const char *sentence);
	void *context;
};

/*
 * How much time the frames in memory cover, and which setting gives more: one or two sentences. Empty if the recorder
 * does not publish it.
 */
#define HEALTH_MEMORY_TEXT_BYTES 400
void health_memory_text(const struct recorder_state *state, char out[HEALTH_MEMORY_TEXT_BYTES]);

/* What limits the memory: "memory.minutes", "RAM", "memory.max_mb", "/dev/shm"; NULL if it is not known. */
const char *health_memory_limit(const struct recorder_state *state);

/* `state` as a running recorder published it, or NULL if none is running. */
void health_check(const struct recorder_state *state, const struct health_listener *listener);

#endif
