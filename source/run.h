/*
 * run.h - one run of an external source: its process, the pictures of its standard output, and its end.
 *
 * The program leads a process group, which is killed when the run ends: when the program has ended, when it has closed
 * its output, or writes what are no pictures. It is in the folder /, with an umask of 077 and the limits of
 * program_limits.h, 1 GiB of data among them. What it writes to its standard error is logged, without the passwords of
 * URLs, and its last line tells why it ended.
 */
#ifndef SOURCE_RUN_H
#define SOURCE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/base/buffer.h"
#include "shared/base/reason.h"
#include "shared/event/loop.h"
#include "shared/event/subprocess.h"
#include "shared/program/output_lines.h"
#include "source/command.h"
#include "source/jpeg_splitter.h"

/* Zero it, set the first five, and set child to SUBPROCESS_NONE. It must not move while a source runs. */
struct source_run {
	struct loop *loop;
	/* `arrived` is when the first byte of the picture was read, and later than that of the one before. */
	void (*picture)(void *context, const uint8_t *jpeg, size_t bytes, mono_t arrived);
	void (*ended)(void *context, const char *why);
	void *context;
	bool quiet; /* it failed before, too: what it writes to its standard error is only logged for debugging */

	/* Private */
	struct source_command command;
	struct subprocess child;
	struct loop_watch exit, output, errors;
	struct output_lines lines;
	struct buffer received;
	struct jpeg_splitter splitter;
	mono_t began;      /* when the first byte of the picture that is under way was read */
	mono_t arrived;    /* of the last picture */
	const char *wrong; /* why it is ended; NULL: it has ended by itself */
};

/* Starts it; not while one runs. Returns false and sets *why, and does not call `ended` then. */
bool source_run_start(struct source_run *run, const struct config *config, struct reason *why);

bool source_run_is_running(const struct source_run *run);

/* The id of its process and of its process group; 0: none runs. */
pid_t source_run_id(const struct source_run *run);

/* Kills it, if it runs, without calling `ended`, and frees what it used. */
void source_run_stop(struct source_run *run);

#endif
