/*
 * session.h - one camera: connects to its recorder, runs its source while the recorder wants it, and connects again.
 *
 * The recorder decides when the source runs: it takes a connection when it needs the source, and ends it when it
 * does not, when the camera is switched off, or when no picture comes. So nothing here waits longer after a failure.
 */
#ifndef SOURCE_SESSION_H
#define SOURCE_SESSION_H

#include "shared/config/config.h"
#include "shared/event/loop.h"
#include "source/delivery.h"
#include "source/run.h"

/* Zero it, and set the first four. It must not move. */
struct session {
	struct loop *loop;
	struct config *config;           /* read again before each run */
	void (*unwanted)(void *context); /* the configuration does not name an external source any more */
	void *context;

	/* Private */
	struct delivery delivery;
	struct source_run run;
	struct loop_timer retry, give_up;
	char failure[320]; /* that was logged; empty: the source works */
};

/* Begins to connect. */
void session_open(struct session *session);

void session_close(struct session *session);

/* The id of the source's process and of its process group; 0: none runs. */
pid_t session_source_id(const struct session *session);

#endif
