/* program_words.c - the words of a command in the .ini. */
#include "shared/program/program_words.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/program/program_environment.h"

#define BLANKS " \t"

bool program_words_split(struct program_words *words, const char *command, struct reason *why)
{
	char *rest = words->text;
	size_t count = 0;

	if (snprintf(words->text, sizeof(words->text), "%s", command) >= (int)sizeof(words->text))
		return reason_set(why, "the command is too long; at most %zu bytes are allowed",
				  sizeof(words->text) - 1);
	for (char *word; (word = strsep(&rest, BLANKS));) {
		if (!*word)
			continue;
		if (count == PROGRAM_WORDS_MAX)
			return reason_set(why, "the command has too many arguments; at most %d are allowed",
					  PROGRAM_WORDS_MAX - 1);
		words->argv[count++] = word;
	}
	words->argv[count] = NULL;
	return count > 0 || reason_set(why, "the command is empty; expected a program and its arguments");
}

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool program_words_find(struct program_words *words, struct reason *why)
{
	const char *name = words->argv[0], *folder = PROGRAM_PATH;

	if (name[0] == '/')
		return true;
	if (strchr(name, '/'))
		return reason_set(why, "%s is a relative path; expected an absolute path, or the name of a program",
				  name);
	for (size_t length; (length = strcspn(folder, ":")) > 0; folder += length + (folder[length] == ':')) {
		if (snprintf(words->path, sizeof(words->path), "%.*s/%s", (int)length, folder, name) <
			    (int)sizeof(words->path) &&
		    is_program(words->path)) {
			words->argv[0] = words->path;
			return true;
		}
	}
	return reason_set(why, "there is no program %.100s in " PROGRAM_PATH, name);
}
