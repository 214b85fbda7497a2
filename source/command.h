/*
 * command.h - how an external source is started: a program with its arguments, environment and standard input.
 *
 * A command: is split into words, without a shell (shared/program/program_words.h). Its program must be one that nobody
 * but root and this user can replace (program_check.h). Its environment is that of program_environment.h, and
 *
 *     RECORDER_WIDTH, RECORDER_HEIGHT, RECORDER_FPS   camera.width, height and fps, for a script to pass on
 *
 * and its standard input is camera.password_file, or empty. A URL is fetched by this program itself (fetch.h).
 */
#ifndef SOURCE_COMMAND_H
#define SOURCE_COMMAND_H

#include <stdbool.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/program/program_environment.h"
#include "shared/program/program_words.h"
#include "source/fetch.h"

/* It must not move. */
struct source_command {
	const char *path;        /* what is executed */
	const char *const *argv; /* ends with NULL */
	int in;                  /* its standard input; owned */
	char name[64];           /* for messages */

	/* Private */
	struct program_words words;
	struct program_environment environment;
	char width[32], height[32], fps[32];
};

/* Prepares it from the configuration, whose device is an external one. Returns false and sets *why. */
bool source_command_open(struct source_command *command, const struct config *config, struct reason *why);

void source_command_close(struct source_command *command);

#endif
