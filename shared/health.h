/*
 * health.h - what is wrong with a recorder, in sentences, by the state that it publishes (state.h): for /health and for
 * recorderd --status.
 */
#ifndef SHARED_HEALTH_H
#define SHARED_HEALTH_H

#include "shared/state.h"

enum health_kind {
	HEALTH_WARNING, /* it records, and somebody should know this */
	HEALTH_FAILURE, /* what should be recorded is not */
};

/* Is told each sentence, which is good during the call. */
struct health_listener {
	void (*say)(void *context, enum health_kind kind, const char *sentence);
	void *context;
};

/* `state` as a living recorder published it; NULL: none runs. */
void health_judge(const struct recorder_state *state, const struct health_listener *listener);

#endif
