/* options.c - the command line of recorder-hooks. */
#include "hooks/options.h"

#include <getopt.h>
#include <stdio.h>

#include "shared/base/version.h"

enum { OPTION_TEST = 256, OPTION_EVENT };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"name", required_argument, NULL, 'n'},
	{"check", no_argument, NULL, 't'},
	{"test", required_argument, NULL, OPTION_TEST},
	{"event", required_argument, NULL, OPTION_EVENT},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static void print_usage(void)
{
	puts("usage: recorder-hooks -c recorder.ini [-t | --test HOOK]\n"
	     "       recorder-hooks -c DIRECTORY -n NAME [-t | --test HOOK]\n"
	     "\n"
	     "Runs the programs of the sections [hook NAME] of recorder.ini when something happens. It learns that "
	     "from\n"
	     "recorderd, and follows its configuration.\n"
	     "  -c, --config PATH  the configuration of one camera, or a directory with one such file per camera.\n"
	     "                     Default: " OPTIONS_DEFAULT_CONFIG "\n"
	     "  -n, --name NAME    the camera to use, if the directory has several\n"
	     "  -t, --check        check the hooks of the configuration, and whether their programs may be run;\n"
	     "                     exit status 1: one of them may not, 3: there are no hooks\n"
	     "      --test HOOK    run this hook now, with an example of a notification, and print what it does;\n"
	     "                     exit status 0: its program has succeeded\n"
	     "      --event EVENT  of that example; default: the hook's first one\n"
	     "  -V, --version      print the version\n"
	     "  -h, --help         print this help");
}

/* `what` is NULL if getopt has printed the error. */
static enum options_outcome usage_error(const char *what, const char *word)
{
	if (what)
		fprintf(stderr, "recorder-hooks: %s%s\n", what, word);
	fputs("Try recorder-hooks --help.\n", stderr);
	return OPTIONS_INVALID;
}

static enum options_outcome check(int argc, char **argv, const struct options *options)
{
	if (optind != argc)
		return usage_error("unexpected argument: ", argv[optind]);
	if (options->has_event && !options->test)
		return usage_error("--event needs --test", "");
	if (options->check && options->test)
		return usage_error("--check and --test exclude each other", "");
	return OPTIONS_RUN;
}

enum options_outcome hook_options_parse(int argc, char **argv, struct options *out)
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
		case OPTION_TEST:
			out->test = optarg;
			break;
		case OPTION_EVENT:
			out->has_event = true;
			if (!notification_kind_parse(optarg, &out->event))
				return usage_error("there is no event ", optarg);
			break;
		case 'V':
			puts("recorder-hooks " RECORDER_VERSION);
			return OPTIONS_DONE;
		case 'h':
			print_usage();
			return OPTIONS_DONE;
		default:
			return usage_error(NULL, NULL);
		}
	}
	return check(argc, argv, out);
}
