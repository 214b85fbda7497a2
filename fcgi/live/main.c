/*
 * main.c - recorder-live: live pictures for a web server, over FastCGI.
 *
 *     RECORDER_CONFIG=recorder.ini recorder-live [-s SOCKET]
 *
 * Without -s the listening socket is descriptor 0, as a web server passes it. RECORDER_CONFIG is an .ini file, or a
 * folder with one per camera. SIGTERM, SIGINT and SIGUSR1 end all streams and then the program.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fcgi/auth/authorize.h"
#include "fcgi/io/fastcgi.h"
#include "fcgi/live/live.h"
#include "fcgi/notify/event_stream.h"
#include "fcgi/sandbox/program_sandbox.h"
#include "shared/base/clock.h"
#include "shared/base/file_limit.h"
#include "shared/base/log.h"
#include "shared/ring/live_stats.h"
#include "shared/store/remote_cameras.h"

#define GONE_LIMIT_US (10 * US_PER_S)

static int usage(void)
{
	fputs("usage: RECORDER_CONFIG=FILE_OR_FOLDER recorder-live [-s SOCKET]\n", stderr);
	return 2;
}

/*
 * Returns a descriptor that is readable once the program has to stop. Call it before any thread starts: all must
 * block these signals.
 */
static int open_stop_signals(struct reason *why)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	int fd = -1;
	if (sigprocmask(SIG_BLOCK, &signals, NULL) == 0)
		fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		reason_errno(why, "cannot wait for signals");
	return fd;
}

/* What the sandboxed program may not remove itself when it ends. */
struct leftovers {
	const struct config_set *cameras;
	const char *socket_path; /* or NULL */
};

static void remove_leftovers(void *context)
{
	const struct leftovers *leftovers = context;

	for (size_t i = 0; i < leftovers->cameras->count; i++)
		live_stats_remove_unused(&leftovers->cameras->cameras[i]);
	if (leftovers->socket_path)
		unlink(leftovers->socket_path);
}

static bool serve(const char *config_path, const char *socket_path, struct reason *why)
{
	struct config_set cameras = {0};
	struct broker *broker = NULL;
	struct token_store *tokens = NULL;
	struct sandbox_state sandbox;
	int listen_fd = -1, stop_fd = -1;
	bool served = false;

	if (!config_set_load(config_path, &cameras, why))
		goto out;
	remote_cameras_stand_in(&cameras);
	log_set_level(cameras.cameras[0].log_level);
	stop_fd = open_stop_signals(why);
	if (stop_fd < 0)
		goto out;
	listen_fd = fastcgi_listen(socket_path, why);
	if (listen_fd < 0)
		goto out;
	struct leftovers leftovers = {&cameras, socket_path};
	broker = broker_open(&(struct broker_setup){&cameras, remove_leftovers, &leftovers}, why);
	tokens = token_store_open(&cameras, broker);
	if (!broker || !tokens)
		goto out;
	for (size_t i = 0; i < cameras.count; i++)
		live_stats_create(&cameras.cameras[i]);
	authorize_init();
	program_sandbox_enter_live(&cameras, &sandbox);
	log_start();
	sandbox_log("live", &sandbox);
	if (cameras.cameras[0].viewer)
		log_info("live", "no camera is configured: there is no live view, only footage from the store");
	else
		log_info("live", "serving %zu camera(s) to at most %d viewers", cameras.count,
			 cameras.cameras[0].http.max_viewers);
	const struct live_setup setup = {
		.cameras = &cameras,
		.listen_fd = listen_fd,
		.stop_fd = stop_fd,
		.tokens = tokens,
		.gone_limit_us = GONE_LIMIT_US,
		.silence_us = EVENT_STREAM_SILENCE_US,
	};
	served = live_run(&setup, why);
	if (served)
		log_info("live", "stopped");
	log_stop();
out:
	token_store_close(tokens);
	broker_close(broker);
	if (listen_fd >= 0)
		close(listen_fd);
	if (stop_fd >= 0)
		close(stop_fd);
	config_set_free(&cameras);
	return served;
}

int main(int argc, char **argv)
{
	const char *socket_path = NULL, *config_path = getenv("RECORDER_CONFIG");
	struct reason why;
	int option;

	while ((option = getopt(argc, argv, "s:")) != -1) {
		if (option != 's')
			return usage();
		socket_path = optarg;
	}
	if (optind != argc || !config_path || config_path[0] == '\0')
		return usage();
	file_limit_raise_nofile(); /* each viewer needs a descriptor */
	if (!serve(config_path, socket_path, &why)) {
		log_error("live", "%s", why.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
