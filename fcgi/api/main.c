/*
 * main.c - recorder-api: JSON, clips, snapshots and playlists for a web server, over FastCGI.
 *
 *     RECORDER_CONFIG=recorder.ini recorder-api [-s SOCKET]
 *
 * Without -s the listening socket is descriptor 0, as a web server passes it. RECORDER_CONFIG is an .ini file, or a
 * folder with one per camera.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fcgi/api/route.h"
#include "fcgi/auth/authorize.h"
#include "fcgi/io/config_watch.h"
#include "fcgi/io/fastcgi.h"
#include "fcgi/server/master.h"
#include "shared/base/log.h"

#define WORKERS      2
#define DISK_WORKERS 3 /* per camera */
#define RETIRE_AFTER 5000

static int usage(void)
{
	fputs("usage: RECORDER_CONFIG=FILE_OR_FOLDER recorder-api [-s SOCKET]\n", stderr);
	return 2;
}

/*
 * For a web server that started this program. Signals to its process group are not for us, but we end when it dies,
 * however that happens: the next web server makes a new socket, and nothing else would end this master.
 */
static void die_with_web_server(void)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

int main(int argc, char **argv)
{
	const char *socket_path = NULL, *config_path = getenv("RECORDER_CONFIG");
	struct config_set config = {0};
	struct reason why;
	int option, status = EXIT_FAILURE;

	while ((option = getopt(argc, argv, "s:")) != -1) {
		if (option != 's')
			return usage();
		socket_path = optarg;
	}
	if (optind != argc || !config_path || !*config_path)
		return usage();
	mono_t before = mono_now();
	if (!config_watch_load(&(struct config_watch){.path = config_path}, &config, &why)) {
		log_error("api", "%s", why.text);
		return EXIT_FAILURE;
	}
	log_set_level(config.cameras[0].log_level);
	int listen_fd = fastcgi_listen(socket_path, &why);
	if (listen_fd < 0) {
		log_error("api", "%s", why.text);
		goto finish_config;
	}
	if (!socket_path)
		die_with_web_server();
	authorize_init();
	struct master_setup setup = {
		.listen_fd = listen_fd,
		.config = &config,
		.config_path = config_path,
		.config_read = before,
		.workers = WORKERS,
		.disk_workers = DISK_WORKERS,
		.retire_after = RETIRE_AFTER,
		.dispatch = route_dispatch,
	};
	status = master_run(&setup);
	close(listen_fd);
	if (socket_path)
		unlink(socket_path);
finish_config:
	config_set_free(&config);
	return status;
}
