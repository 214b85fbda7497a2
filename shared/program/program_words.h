/*
 * program_words.h - the words of a command in the .ini: a program and its arguments, without a shell.
 *
 * Blanks and tabs separate words. There are no quotes and no escapes, and nothing is expanded: a word with a blank
 * in it needs a script.
 */
#ifndef SHARED_PROGRAM_PROGRAM_WORDS_H
#define SHARED_PROGRAM_PROGRAM_WORDS_H

#include <limits.h>
#include <stdbool.h>

#include "shared/base/reason.h"

#define PROGRAM_WORDS_BYTES 1024
#define PROGRAM_WORDS_MAX   64

/* It must not move: `argv` leads into it. */
struct program_words {
	const char *argv[PROGRAM_WORDS_MAX + 1]; /* ends with NULL */
	char text[PROGRAM_WORDS_BYTES];          /* the words, each with a NUL */
	char path[PATH_MAX];                     /* of program_words_find() */
};

/* Returns false and sets *why if there is no word, or if there are too many. */
bool program_words_split(struct program_words *words, const char *command, struct reason *why);

/*
 * Replaces argv[0] by an absolute path, if it has no slash: the first executable file of that name in the folders of
 * PROGRAM_PATH (program_environment.h). Returns false and sets *why if there is none, or if the path is relative.
 */
bool program_words_find(struct program_words *words, struct reason *why);

#endif
