#include "recorderd/options.h"

#include <getopt.h>
#include <stdio.h>

#include "shared/version.h"

static void print_usage(FILE *to)
{
	fputs("usage: recorderd -c recorder.ini [-t]\n"
	      "       recorderd -c DIRECTORY -n NAME [-t]\n"
	      "  -c PATH  the configuration of one camera (recorder.ini.example explains each key), or a directory of\n"
	      "           such files, one a camera: then folders default to recordings/NAME and clips/NAME in it\n"
	      "  -n NAME  which camera of the directory to record\n"
	      "  -t       check the configuration and say what is wrong with it\n"
	      "  -V       print the version\n",
	      to);
}

enum options_outcome options_parse(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){0};
	while ((option = getopt(argc, argv, "c:n:thV")) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case 'n':
			out->camera = optarg;
			break;
		case 't':
			out->check_only = true;
			break;
		case 'V':
			puts("recorderd " RECORDER_VERSION);
			return OPTIONS_DONE;
		case 'h':
			print_usage(stdout);
			return OPTIONS_DONE;
		default:
			print_usage(stderr);
			return OPTIONS_WRONG;
		}
	}
	if (!out->config || optind != argc) {
		print_usage(stderr);
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}
