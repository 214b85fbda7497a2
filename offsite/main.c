/* main.c - recorder-ship: copies the recordings of a camera to an object store as they are made. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/piece_thread.h"
#include "offsite/segment_thread.h"
#include "offsite/ship_sandbox.h"
#include "offsite/shipper.h"
#include "shared/base/log.h"
#include "shared/base/version.h"

/*
 *     recorder-ship --config FILE [--name CAMERA]
 *
 * FILE is the recorder's own .ini, or a folder of them. The program waits for the recordings folder and its archive.id,
 * which recorderd makes. It ends with status 0 after SIGTERM, and with status 3 if one of its folders is another one
 * than at the start, since its sandbox does not let it go there: whoever started it starts it again.
 */

#define STATUS_EVERY_S   1
#define WAIT_S           1
#define EXIT_BEGIN_AGAIN 3

static int usage(void)
{
	fprintf(stderr, "usage: recorder-ship --config FILE [--name CAMERA]\n");
	return 2;
}

static bool parse(int argc, char **argv, const char **file, const char **name)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'},
		{"name", required_argument, NULL, 'n'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:n:V", long_options, NULL)) != -1) {
		if (option == 'c')
			*file = optarg;
		else if (option == 'n')
			*name = optarg;
		else if (option == 'V') {
			puts("recorder-ship " RECORDER_VERSION);
			exit(0);
		} else
			return false;
	}
	return *file && optind == argc;
}

/* Waits for SIGTERM or SIGINT, which are blocked. Returns true once one has come. */
static bool wait_for_end(int seconds)
{
	const struct timespec limit = {.tv_sec = seconds};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	return sigtimedwait(&signals, NULL, &limit) > 0;
}

static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static bool open_state(struct shipper *shipper)
{
	const char *path = shipper->config->store.directory;

	if (mkdir(path, 0750) < 0 && errno != EEXIST) {
		log_error("ship", "cannot create %s: %s", path, strerror(errno));
		return false;
	}
	shipper->state = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (shipper->state < 0)
		log_error("ship", "cannot open %s: %s", path, strerror(errno));
	return shipper->state >= 0;
}

/* Waits until recorderd has made the folder and its id. Returns false if the program has to end first. */
static bool wait_for_recordings(struct shipper *shipper)
{
	const char *path = shipper->config->record.directory;
	struct reason why, logged = {""};

	for (;;) {
		int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (folder >= 0 && archive_id_read(folder, &shipper->archive)) {
			shipper->recordings = folder;
			return true;
		}
		reason_errno(&why, folder < 0 ? "cannot open %s" : "no " ARCHIVE_ID_FILE " in %s", path);
		if (strcmp(why.text, logged.text) != 0)
			log_info("ship", "waiting for the recorder: %s", why.text);
		logged = why;
		if (folder >= 0)
			close(folder);
		if (wait_for_end(WAIT_S))
			return false;
	}
}

/* Two folders of the configuration, as they were at the start. */
struct folders {
	struct stat recordings, clips; /* st_ino 0: there was none */
};

static void find_folders(const struct config *config, struct folders *out)
{
	*out = (struct folders){0};
	(void)stat(config->record.directory, &out->recordings);
	(void)stat(config->clips.directory, &out->clips);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* True if the recordings are elsewhere now: something was mounted, or the folder was moved to another machine. */
static bool must_begin_again(const struct shipper *shipper, const struct folders *before)
{
	struct archive_id id;
	struct folders now;

	find_folders(shipper->config, &now);
	if (now.recordings.st_ino && !is_same(&now.recordings, &before->recordings))
		return true;
	if (now.clips.st_ino && !is_same(&now.clips, &before->clips))
		return true;
	return archive_id_read(shipper->recordings, &id) && strcmp(id.id, shipper->archive.id) != 0;
}

/* Writes the status until the program has to end. Returns its exit status. */
static int keep_status(struct shipper *shipper, const struct folders *folders)
{
	bool logged = false;

	for (;;) {
		if (!shipper_write_status(shipper) && !logged) {
			log_warn("ship", "cannot write " SHIP_STATUS_FILE ": %s", strerror(errno));
			logged = true;
		}
		if (wait_for_end(STATUS_EVERY_S))
			return 0;
		if (must_begin_again(shipper, folders)) {
			log_info("ship", "a folder is another one than before: beginning again");
			return EXIT_BEGIN_AGAIN;
		}
	}
}

static int ship(struct shipper *shipper)
{
	pthread_t pieces, segments;
	struct folders folders;
	int status = 1;

	find_folders(shipper->config, &folders);
	ship_sandbox_enter(shipper->config, store_port(shipper->store));
	bool with_pieces = shipper->config->store.piece_seconds > 0;
	if (pthread_create(&segments, NULL, segment_thread_run, shipper) != 0) {
		log_error("ship", "cannot start a thread");
		return status;
	}
	if (with_pieces && pthread_create(&pieces, NULL, piece_thread_run, shipper) != 0) {
		log_error("ship", "cannot start a thread");
		with_pieces = false;
	} else {
		log_info("ship", "shipping %s to %s", shipper->config->camera.name, shipper->config->store.url);
		status = keep_status(shipper, &folders);
	}
	shipper_stop(shipper);
	pthread_join(segments, NULL);
	if (with_pieces)
		pthread_join(pieces, NULL);
	return status;
}

static int run(const struct config *config)
{
	struct shipper shipper;
	struct reason why;
	int status = 1;

	if (!config->store.url[0]) {
		log_error("ship", "%s: [store] url is empty; there is nowhere to ship to", config->file);
		return 1;
	}
	shipper_init(&shipper, config);
	shipper.store = store_open(&config->store, &why);
	if (!shipper.store)
		log_error("ship", "%s", why.text);
	else if (open_state(&shipper))
		status = wait_for_recordings(&shipper) ? ship(&shipper) : 0;
	store_close(shipper.store);
	return status;
}

int main(int argc, char **argv)
{
	const char *file = NULL, *name = NULL;
	struct config_set cameras;
	struct reason why;

	if (!parse(argc, argv, &file, &name))
		return usage();
	if (!config_set_load(file, &cameras, &why)) {
		log_error("ship", "%s", why.text);
		return 1;
	}
	const struct config *config = config_set_find(&cameras, name);
	if (!config)
		log_error("ship", "%s: there is no camera %s", file, name ? name : "in it");
	block_signals();
	if (config)
		log_set_level(config->log_level);
	int status = config ? run(config) : 1;
	config_set_free(&cameras);
	return status;
}
