/*
 * setup_writer.h - writes choices of the set-up into recorder.ini in a thread of its own, since the disk may be slow.
 */
#ifndef RECORDERD_SETUP_SETUP_WRITER_H
#define RECORDERD_SETUP_SETUP_WRITER_H

#include "recorderd/setup/config_replace.h"
#include "recorderd/setup/setup_choice.h"
#include "shared/event/loop.h"

struct setup_writer;

struct setup_writer_parts {
	struct loop *loop;
	const struct config *running; /* its `file`, which never changes while the recorder runs */
	void (*done)(void *context, enum config_replace_outcome outcome, bool restarts, const struct reason *why);
	void *context;
};

/* NULL with errno. */
struct setup_writer *setup_writer_create(const struct setup_writer_parts *parts);

/* Begins to write; parts.done() is called later, from the loop. Returns false and sets *why while one is written. */
bool setup_writer_start(struct setup_writer *writer, const struct setup_choice *choice, struct reason *why);

/*
 * Returns false if the thread still waits for the disk: it keeps its memory, and the process must not wait. NULL is
 * safe.
 */
bool setup_writer_destroy(struct setup_writer *writer);

#endif
