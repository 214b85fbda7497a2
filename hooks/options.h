/* options.h - the command line of recorder-hooks. */
#ifndef HOOKS_OPTIONS_H
#define HOOKS_OPTIONS_H

#include <stdbool.h>

#include "shared/notify/notification.h"

#define OPTIONS_DEFAULT_CONFIG "/etc/recorder" /* unless the command line names another */

struct options {
	const char *config; /* an .ini, or a directory of them */
	const char *camera; /* its name; NULL: the only camera */
	bool check;         /* only checks the configuration and the programs */
	const char *test;   /* the hook that is run once; NULL: none */
	bool has_event;     /* for --test */
	enum notification_kind event;
};

enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_INVALID };

/*
 * Parses the command line into `out`, which points into `argv`. Prints the help, the version or the usage error itself.
 * OPTIONS_DONE: nothing is left to do; OPTIONS_INVALID: the command line was wrong.
 */
enum options_outcome hook_options_parse(int argc, char **argv, struct options *out);

#endif
