/*
 * child_messages.h - what a child writes to stderr: logged, as far as it is reasonable, and its last line explains its
 * end. A line of log.h keeps its level and loses its time.
 */
#ifndef RECORDERD_MOTION_CHILD_MESSAGES_H
#define RECORDERD_MOTION_CHILD_MESSAGES_H

#include <stddef.h>

#define CHILD_MESSAGE_BYTES 200

/* Zero-initialised it is ready to use. */
struct child_messages {
	char line[CHILD_MESSAGE_BYTES]; /* the one being read */
	size_t length;
	char last[CHILD_MESSAGE_BYTES]; /* the last whole one; empty: none */
	unsigned logged;
};

/* Takes the next bytes, in pieces of any size. A line that is too long is cut into several. */
void child_messages_push(struct child_messages *messages, const char *text, size_t bytes);

#endif
