/* options.c - parses the command line of recorderd. */
#include "recorderd/options.h"

#include <getopt.h>
#include <stdio.h>

#include "shared/base/version.h"

enum {
	OPTION_NEW_TOKEN = 256,
	OPTION_SCOPE,
	OPTION_DAYS,
	OPTION_LIST_TOKENS,
	OPTION_REMOVE_TOKEN,
	OPTION_LEFTOVERS,
	OPTION_FREE_MEMORY,
	OPTION_KEEP_MEMORY,
	OPTION_PROBE,
	OPTION_REPORT
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"name", required_argument, NULL, 'n'},
	{"check", no_argument, NULL, 't'},
	{"status", no_argument, NULL, 'S'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"new-token", required_argument, NULL, OPTION_NEW_TOKEN},
	{"scope", required_argument, NULL, OPTION_SCOPE},
	{"days", required_argument, NULL, OPTION_DAYS},
	{"list-tokens", no_argument, NULL, OPTION_LIST_TOKENS},
	{"remove-token", required_argument, NULL, OPTION_REMOVE_TOKEN},
	{"keep-memory", no_argument, NULL, OPTION_KEEP_MEMORY},
	{"probe", no_argument, NULL, OPTION_PROBE},
	{"report", required_argument, NULL, OPTION_REPORT},
	{"leftovers", no_argument, NULL, OPTION_LEFTOVERS},
	{"free-memory", no_argument, NULL, OPTION_FREE_MEMORY},
	{0},
};

static void print_usage_tokens(FILE *to)
{
	fputs("\n"
	      "Tokens for scripts, which send one in the header Authorization: Bearer TOKEN\n"
	      "  --new-token NAME   create a token and print it\n"
	      "  --scope SCOPES     what it allows: live, footage, control, delete, separated by commas\n"
	      "  --days N           how long it is valid (default: 365)\n"
	      "  --list-tokens      list the tokens, without the secrets\n"
	      "  --remove-token NAME\n"
	      "                     remove that token\n",
	      to);
}

static void print_usage_memory(FILE *to)
{
	fputs("\n"
	      "Frames in shared memory\n"
	      "  --keep-memory      record, and after SIGTERM (not SIGINT) leave the frames in memory for the next\n"
	      "                     recorder; for service managers that free them if no recorder follows\n"
	      "  --leftovers        list the memory that killed recorders left behind, and its owners\n"
	      "  --free-memory      free it, for camera NAME (-n) or for all cameras of PATH (-c)\n",
	      to);
}

static void print_usage(FILE *to)
{
	fputs("usage: recorderd -c recorder.ini [-t | -S]\n"
	      "       recorderd -c DIRECTORY [-n NAME] [-t | -S]\n"
	      "       recorderd [-c PATH] --new-token NAME --scope SCOPES [--days N]\n"
	      "       recorderd [-c PATH] --list-tokens | --remove-token NAME\n"
	      "       recorderd [-c PATH] [-n NAME] --probe | --report DAYS\n"
	      "       recorderd --leftovers\n"
	      "       recorderd --free-memory [-n NAME | -c PATH]\n"
	      "\n"
	      "Records a camera. SIGHUP makes it read the configuration again and apply what may change while it "
	      "runs.\n"
	      "  -c, --config PATH  the configuration of one camera (recorder.ini.example explains each key), or a\n"
	      "                     directory with one such file per camera; the folders then default to\n"
	      "                     recordings/NAME and clips/NAME in it. Default: " OPTIONS_DEFAULT_CONFIG "\n"
	      "  -n, --name NAME    the camera to use, if the directory has several\n"
	      "  -t, --check        check the configuration and print what is wrong with it (exit status 1)\n"
	      "  -S, --status       print how the running recorder is doing and what is wrong, if anything;\n"
	      "                     exit status 0: it records, 1: it does not, 3: no recorder is running\n"
	      "  -j, --json         with --status: print JSON\n"
	      "  --probe            measure how many frames per second this machine encodes with this configuration;\n"
	      "                     exit status 1: fewer than it asks for\n"
	      "  --report DAYS      print how much was recorded on each of these days, today being the last, and what "
	      "is\n"
	      "                     missing\n"
	      "  -V, --version      print the version\n"
	      "  -h, --help         print this help\n",
	      to);
	print_usage_memory(to);
	print_usage_tokens(to);
}

/* Returns false if the option is none of these, or asks for a second task. */
static bool parse_long_option(int option, struct options *out)
{
	if (option == OPTION_KEEP_MEMORY) {
		out->keep_memory = true;
		return true;
	}
	if (option == OPTION_SCOPE || option == OPTION_DAYS) {
		*(option == OPTION_SCOPE ? &out->scopes : &out->days) = optarg;
		return true;
	}
	if (out->task != TASK_RECORD)
		return false;
	if (option == OPTION_NEW_TOKEN)
		out->task = TASK_TOKEN_NEW;
	else if (option == OPTION_LIST_TOKENS)
		out->task = TASK_TOKEN_LIST;
	else if (option == OPTION_REMOVE_TOKEN)
		out->task = TASK_TOKEN_REMOVE;
	else if (option == OPTION_PROBE)
		out->task = TASK_PROBE;
	else if (option == OPTION_REPORT)
		out->task = TASK_REPORT;
	else if (option == OPTION_LEFTOVERS)
		out->task = TASK_LEFTOVERS;
	else if (option == OPTION_FREE_MEMORY)
		out->task = TASK_FREE_MEMORY;
	out->token = out->report_days = optarg;
	return out->task != TASK_RECORD;
}

/* `what` is NULL if getopt has printed the error. */
static enum options_outcome usage_error(const char *what, const char *word)
{
	if (what)
		fprintf(stderr, "recorderd: %s%s\n", what, word);
	fputs("Try recorderd --help.\n", stderr);
	return OPTIONS_INVALID;
}

static enum options_outcome check(int argc, char **argv, const struct options *options)
{
	if (optind != argc)
		return usage_error("unexpected argument: ", argv[optind]);
	if (options->json && options->task != TASK_STATUS)
		return usage_error("--json needs --status", "");
	if (options->keep_memory && options->task != TASK_RECORD)
		return usage_error("--keep-memory is only for recording", "");
	if ((options->scopes || options->days) && options->task != TASK_TOKEN_NEW)
		return usage_error(options->scopes ? "--scope" : "--days", " needs --new-token");
	return OPTIONS_RUN;
}

enum options_outcome options_parse(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){.config = OPTIONS_DEFAULT_CONFIG};
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
			if (!parse_long_option(option, out))
				return usage_error(option == '?' ? NULL : "more than one task was given; choose one",
						   "");
		}
	}
	return check(argc, argv, out);
}
