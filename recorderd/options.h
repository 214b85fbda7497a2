/* options.h - the command line of recorderd. */
#ifndef RECORDERD_OPTIONS_H
#define RECORDERD_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_DEFAULT_CONFIG "/etc/recorder" /* where the command line names no configuration */

enum options_task {
	TASK_RECORD,
	TASK_CHECK,
	TASK_STATUS,
	TASK_TOKEN_NEW,
	TASK_TOKEN_LIST,
	TASK_TOKEN_REMOVE,
	TASK_LEFTOVERS,
	TASK_FREE_MEMORY
};

struct options {
	const char *config; /* an .ini, or a directory of them */
	const char *camera; /* of a directory: which; NULL: the only one, or all for TASK_CHECK and TASK_STATUS */
	enum options_task task;
	bool json;                         /* TASK_STATUS */
	bool keep_memory;                  /* TASK_RECORD: SIGTERM leaves the memory to the next recorder */
	const char *token, *scopes, *days; /* of TASK_TOKEN_NEW; NULL where they are not given */
};

enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_INVALID };

/* Prints help, version or what is wrong by itself. */
enum options_outcome options_parse(int argc, char **argv, struct options *out);

#endif
