/* options.h - the command line of recorderd. */
#ifndef RECORDERD_OPTIONS_H
#define RECORDERD_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_DEFAULT_CONFIG "/etc/recorder" /* unless the command line names another */

enum options_task {
	TASK_RECORD,
	TASK_CHECK,
	TASK_STATUS,
	TASK_PROBE,
	TASK_REPORT,
	TASK_TOKEN_NEW,
	TASK_TOKEN_LIST,
	TASK_TOKEN_REMOVE,
	TASK_LEFTOVERS,
	TASK_FREE_MEMORY
};

struct options {
	const char *config; /* an .ini, or a directory of them */
	const char *camera; /* its name; NULL: the only camera, or all of them for TASK_CHECK and TASK_STATUS */
	enum options_task task;
	bool json;                 /* TASK_STATUS */
	bool keep_memory;          /* TASK_RECORD: after SIGTERM the frames in memory stay for the next recorder */
	const char *token;         /* TASK_TOKEN_NEW, TASK_TOKEN_REMOVE: the token's name */
	const char *scopes, *days; /* TASK_TOKEN_NEW; NULL if not given */
	const char *report_days;   /* TASK_REPORT */
};

enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_INVALID };

/*
 * Parses the command line into `out`, which points into `argv`. Prints the help, the version or the usage error itself.
 * OPTIONS_DONE: nothing is left to do; OPTIONS_INVALID: the command line was wrong.
 */
enum options_outcome options_parse(int argc, char **argv, struct options *out);

#endif
