/* child_messages.c - what a child writes to stderr. */
#include "recorderd/motion/child_messages.h"

#include <string.h>

#include "shared/base/log.h"

#define LOGGED_MAX 20 /* per child */

static void end_line(struct child_messages *messages)
{
	if (messages->length == 0)
		return;
	messages->line[messages->length] = '\0';
	messages->length = 0;
	memcpy(messages->last, messages->line, sizeof(messages->last));
	if (messages->logged == LOGGED_MAX)
		return;
	log_info("motion", "%s", messages->line);
	if (++messages->logged == LOGGED_MAX)
		log_info("motion", "further messages of this recorder-motion are not logged");
}

void child_messages_push(struct child_messages *messages, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n' || messages->length == sizeof(messages->line) - 1)
			end_line(messages);
		if (text[i] != '\n')
			messages->line[messages->length++] = text[i] ? text[i] : '?';
	}
}
