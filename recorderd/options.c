#include "recorderd/options.h"

#include <getopt.h>
#include <stdio.h>

#include "shared/version.h"

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'}, {"name", required_argument, NULL, 'n'},
	{"check", no_argument, NULL, 't'},        {"status", no_argument, NULL, 'S'},
	{"json", no_argument, NULL, 'j'},         {"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},      {0},
};

static void print_usage(FILE *to)
{
	fputs("usage: recorderd -c recorder.ini [-t | -S]\n"
	      "       recorderd -c DIRECTORY [-n NAME] [-t | -S]\n"
	      "  -c, --config PATH  the configuration of one camera (recorder.ini.example explains each key), or a\n"
	      "                     directory of such files, one a camera: then folders default to recordings/NAME "
	      "and\n"
	      "                     clips/NAME in it. Default: " OPTIONS_CONFIG "\n"
	      "  -n, --name NAME    which camera of the directory\n"
	      "  -t, --check        check the configuration and say what is wrong with it (status 1)\n"
	      "  -S, --status       say how the recorder that runs is doing, and whether anything is wrong:\n"
	      "                     status 0: it records, 1: it does not, 3: there is none\n"
	      "  -j, --json         with --status: as JSON\n"
	      "  -V, --version      print the version\n"
	      "  -h, --help         print this\n"
	      "SIGHUP: read the configuration again, and take what can change while it runs.\n",
	      to);
}

static enum options_outcome wrong(void)
{
	print_usage(stderr);
	return OPTIONS_WRONG;
}

enum options_outcome options_parse(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){.config = OPTIONS_CONFIG};
	while ((option = getopt_long(argc, argv, "c:n:tSjhV", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case 'n':
			out->camera = optarg;
			break;
		case 't':
			out->task = TASK_CHECK;
			break;
		case 'S':
			out->task = TASK_STATUS;
			break;
		case 'j':
			out->json = true;
			break;
		case 'V':
			puts("recorderd " RECORDER_VERSION);
			return OPTIONS_DONE;
		case 'h':
			print_usage(stdout);
			return OPTIONS_DONE;
		default:
			return wrong();
		}
	}
	if (optind != argc || (out->json && out->task != TASK_STATUS))
		return wrong();
	return OPTIONS_RUN;
}
