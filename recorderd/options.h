/* options.h - the command line of recorderd. */
#ifndef RECORDERD_OPTIONS_H
#define RECORDERD_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config; /* an .ini, or a directory of them */
	const char *camera; /* of a directory: which; NULL: the first */
	bool check_only;
};

enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Prints help, version or what is wrong by itself. */
enum options_outcome options_parse(int argc, char **argv, struct options *out);

#endif
