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
	OPTION_KEEP_MEMORY
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
	{"leftovers", no_argument, NULL, OPTION_LEFTOVERS},
	{"free-memory", no_argument, NULL, OPTION_FREE_MEMORY},
	{0},
};

static void print_usage_tokens(FILE *to)
{
	fputs("usage: recorderd [-c PATH] --new-token NAME --scope SCOPES [--days N] | --list-tokens | --remove-token "
	      "NAME\n"
	      "  --new-token NAME   makes a token for scripts and prints it; it is sent as Authorization: Bearer "
	      "TOKEN\n"
	      "  --scope SCOPES     what it may do: live, footage, control, delete, with commas between them\n"
	      "  --days N           until when: 365 days if nothing else is said\n",
	      to);
}

static void print_usage_memory(FILE *to)
{
	fputs("usage: recorderd --leftovers | recorderd --free-memory -n NAME | recorderd --free-memory -c PATH\n"
	      "  --leftovers        names what recorders that were killed have left in memory, and whose it is\n"
	      "  --free-memory      gives that memory of a camera back, or of all cameras of a configuration\n"
	      "  --keep-memory      while it records: SIGTERM leaves the frames in memory to the next recorder; for\n"
	      "                     service managers that free them when none comes. SIGINT frees them always\n",
	      to);
}

static void print_usage(FILE *to)
{
	fputs("usage: recorderd -c recorder.ini [-t | -S]\n"
	      "       recorderd -c DIRECTORY [-n NAME] [-t | -S]\n"
	      "  -c, --config PATH  the configuration of one camera (recorder.ini.example explains each key), or a\n"
	      "                     directory of such files, one a camera: then folders default to recordings/NAME "
	      "and\n"
	      "                     clips/NAME in it. Default: " OPTIONS_DEFAULT_CONFIG "\n"
	      "  -n, --name NAME    which camera of the directory\n"
	      "  -t, --check        check the configuration and say what is wrong with it (status 1)\n"
	      "  -S, --status       say how the recorder that runs is doing, and whether anything is wrong:\n"
	      "                     status 0: it records, 1: it does not, 3: there is none\n"
	      "  -j, --json         with --status: as JSON\n"
	      "  -V, --version      print the version\n"
	      "  -h, --help         print this\n"
	      "SIGHUP: read the configuration again, and take what can change while it runs.\n",
	      to);
	print_usage_memory(to);
	print_usage_tokens(to);
}

/* False where the option is none of these, or a second task. */
static bool take_long_option(int option, struct options *out)
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
	else if (option == OPTION_LEFTOVERS)
		out->task = TASK_LEFTOVERS;
	else if (option == OPTION_FREE_MEMORY)
		out->task = TASK_FREE_MEMORY;
	out->token = optarg;
	return out->task != TASK_RECORD;
}

/* `what` is NULL where getopt has said it. */
static enum options_outcome wrong(const char *what, const char *word)
{
	if (what)
		fprintf(stderr, "recorderd: %s%s\n", what, word);
	fputs("recorderd --help lists what there is.\n", stderr);
	return OPTIONS_INVALID;
}

static enum options_outcome check(int argc, char **argv, const struct options *options)
{
	if (optind != argc)
		return wrong("unexpected argument: ", argv[optind]);
	if (options->json && options->task != TASK_STATUS)
		return wrong("--json goes with --status", "");
	if (options->keep_memory && options->task != TASK_RECORD)
		return wrong("--keep-memory goes with recording", "");
	if ((options->scopes || options->days) && options->task != TASK_TOKEN_NEW)
		return wrong(options->scopes ? "--scope" : "--days", " goes with --new-token");
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
			if (!take_long_option(option, out))
				return wrong(option == '?' ? NULL : "one task at a time", "");
		}
	}
	return check(argc, argv, out);
}
