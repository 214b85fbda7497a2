/* fetch_options.c - the command line of recorder-fetch. */
#include "offsite/fetch/fetch_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "offsite/remote/fetcher.h"
#include "shared/base/version.h"
#include "shared/text/time_text.h"

#define RESTORE_ARGUMENTS 3 /* after --restore CAMERA */

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"restore", required_argument, NULL, 'r'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static void print_usage(void)
{
	puts("usage: recorder-fetch -c PATH\n"
	     "       recorder-fetch -c PATH --restore CAMERA FROM TO DIRECTORY\n"
	     "\n"
	     "Gets footage from an object store for the workers of recorder-api on this machine.\n"
	     "  -c, --config PATH     the configuration, or a directory of them, with a [store] read_url\n"
	     "      --restore CAMERA  copy the segments of that camera that overlap FROM to TO into DIRECTORY, which\n"
	     "                        recorderd takes as its recordings folder, and players play. Times are written "
	     "as\n"
	     "                        in addresses: 2026-05-17T10:23:00, 20260517_102300, -2h, now\n"
	     "  -V, --version         print the version\n"
	     "  -h, --help            print this help");
}

static enum fetch_options_outcome refuse(const char *what, const char *word)
{
	fprintf(stderr, "recorder-fetch: %s%s\nTry recorder-fetch --help.\n", what, word);
	return FETCH_OPTIONS_INVALID;
}

static bool read_time(const char *text, enum time_side side, int64_t *out_us)
{
	struct time_point point;

	if (time_parse(text, strlen(text), side, wall_now(), &point) != TIME_OK)
		return false;
	*out_us = point.at.us;
	return true;
}

static enum fetch_options_outcome parse_restore(char **arguments, struct fetch_options *out)
{
	if (!fetcher_camera_name_valid(out->camera))
		return refuse("this cannot be the name of a camera: ", out->camera);
	if (!read_time(arguments[0], TIME_FROM, &out->from_us))
		return refuse("this is no time: ", arguments[0]);
	if (!read_time(arguments[1], TIME_TO, &out->to_us))
		return refuse("this is no time: ", arguments[1]);
	if (out->from_us >= out->to_us)
		return refuse("FROM is not before TO", "");
	out->directory = arguments[2];
	return FETCH_OPTIONS_RUN;
}

enum fetch_options_outcome fetch_options_parse(int argc, char **argv, struct fetch_options *out)
{
	int option;

	*out = (struct fetch_options){0};
	while ((option = getopt_long(argc, argv, "c:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case 'r':
			out->camera = optarg;
			break;
		case 'h':
			print_usage();
			return FETCH_OPTIONS_DONE;
		case 'V':
			puts("recorder-fetch " RECORDER_VERSION);
			return FETCH_OPTIONS_DONE;
		default:
			fputs("Try recorder-fetch --help.\n", stderr);
			return FETCH_OPTIONS_INVALID;
		}
	}
	if (!out->config)
		return refuse("--config is missing", "");
	if (argc - optind != (out->camera ? RESTORE_ARGUMENTS : 0))
		return refuse("--restore needs CAMERA FROM TO DIRECTORY, and nothing else has arguments", "");
	return out->camera ? parse_restore(argv + optind, out) : FETCH_OPTIONS_RUN;
}
