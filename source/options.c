/* options.c - the command line of recorder-source. */
#include "source/options.h"

#include <getopt.h>
#include <stdio.h>

#include "shared/base/version.h"

enum { OPTION_FETCH = 256 };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"name", required_argument, NULL, 'n'},
	{"check", no_argument, NULL, 't'},
	{"fetch", no_argument, NULL, OPTION_FETCH},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static void print_usage(void)
{
	puts("usage: recorder-source -c recorder.ini [-t]\n"
	     "       recorder-source -c DIRECTORY -n NAME [-t]\n"
	     "\n"
	     "Reads the camera of recorder.ini if its device is command:PROGRAM or http://HOST, and hands its "
	     "pictures\n"
	     "to recorderd.\n"
	     "  -c, --config PATH  the configuration of one camera, or a directory with one such file per camera.\n"
	     "                     Default: " OPTIONS_DEFAULT_CONFIG "\n"
	     "  -n, --name NAME    the camera to use, if the directory has several\n"
	     "  -t, --check        check the configuration, and whether its program may be run;\n"
	     "                     exit status 1: it may not, 3: the device is another one\n"
	     "  -V, --version      print the version\n"
	     "  -h, --help         print this help");
}

/* `what` is NULL if getopt has printed the error. */
static enum options_outcome usage_error(const char *what, const char *word)
{
	if (what)
		fprintf(stderr, "recorder-source: %s%s\n", what, word);
	fputs("Try recorder-source --help.\n", stderr);
	return OPTIONS_INVALID;
}

enum options_outcome source_options_parse(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){.config = OPTIONS_DEFAULT_CONFIG};
	while ((option = getopt_long(argc, argv, "c:n:thV", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case 'n':
			out->camera = optarg;
			break;
		case 't':
			out->check = true;
			break;
		case OPTION_FETCH:
			out->fetch = true;
			break;
		case 'V':
			puts("recorder-source " RECORDER_VERSION);
			return OPTIONS_DONE;
		case 'h':
			print_usage();
			return OPTIONS_DONE;
		default:
			return usage_error(NULL, NULL);
		}
	}
	return optind == argc ? OPTIONS_RUN : usage_error("unexpected argument: ", argv[optind]);
}
