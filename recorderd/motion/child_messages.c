/* child_messages.c - what a child writes to stderr. */
#include "recorderd/motion/child_messages.h"

#include <string.h>

#include "shared/base/log.h"

#define LOGGED_MAX 20 /* per child */

/* Returns the text of a line that the child's log.h has written, with its level; otherwise the whole line. */
static const char *text_of(const char *line, enum log_level *level)
{
	static const char *const levels[] = {
		[LOG_ERROR] = "error", [LOG_WARN] = "warn ", [LOG_INFO] = "info ", [LOG_DEBUG] = "debug"};
	static const char pattern[] = "dddd-dd-dd dd:dd:dd.ddd ";
	size_t at = 0;

	while (pattern[at] &&
	       (pattern[at] == 'd' ? strchr("0123456789", line[at]) && line[at] : line[at] == pattern[at]))
		at++;
	for (unsigned i = 0; !pattern[at] && i < sizeof(levels) / sizeof(levels[0]); i++) {
		const char *text = strncmp(line + at, levels[i], 5) == 0 ? strstr(line + at, ": ") : NULL;

		if (!text)
			continue;
		*level = (enum log_level)i;
		return text + 2;
	}
	return line;
}

static void end_line(struct child_messages *messages)
{
	enum log_level level = LOG_INFO;

	if (messages->length == 0)
		return;
	messages->line[messages->length] = '\0';
	messages->length = 0;

	const char *text = text_of(messages->line, &level);

	memmove(messages->last, text, strlen(text) + 1);
	if (messages->logged == LOGGED_MAX)
		return;
	log_line(level, "motion", "%s", messages->last);
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
