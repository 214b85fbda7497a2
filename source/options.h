/* options.h - the command line of recorder-source. */
#ifndef SOURCE_OPTIONS_H
#define SOURCE_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_DEFAULT_CONFIG "/etc/recorder" /* unless the command line names another */

struct options {
	const char *config; /* an .ini, or a directory of them */
	const char *camera; /* its name; NULL: the only camera */
	bool check;         /* only checks the configuration and the program */
	bool fetch;         /* it is the process that reads a network camera (fetch.h) */
};

enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_INVALID };

/*
 * Parses the command line into `out`, which points into `argv`. Prints the help, the version or the usage error itself.
 * OPTIONS_DONE: nothing is left to do; OPTIONS_INVALID: the command line was wrong.
 */
enum options_outcome source_options_parse(int argc, char **argv, struct options *out);

#endif
