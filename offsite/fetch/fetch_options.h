/* fetch_options.h - the command line of recorder-fetch. */
#ifndef OFFSITE_FETCH_FETCH_OPTIONS_H
#define OFFSITE_FETCH_FETCH_OPTIONS_H

#include <stdint.h>

struct fetch_options {
	const char *config;
	const char *camera; /* to restore; NULL: none */
	int64_t from_us, to_us;
	const char *directory;
};

enum fetch_options_outcome { FETCH_OPTIONS_RUN, FETCH_OPTIONS_DONE, FETCH_OPTIONS_INVALID };

/* Prints what is wrong, or what was asked for. */
enum fetch_options_outcome fetch_options_parse(int argc, char **argv, struct fetch_options *out);

#endif
