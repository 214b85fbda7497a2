/* main.c - recorder-fetch: gets footage from an object store for the workers of this machine. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "offsite/fetch/fetch_options.h"
#include "offsite/fetch/restore.h"
#include "offsite/fetch/server.h"
#include "offsite/fetch/upkeep.h"
#include "offsite/store/store_sandbox.h"
#include "shared/base/log.h"
#include "shared/base/version.h"

/*
 * The program ends with status 0 after SIGTERM, and with status 3 if somebody has deleted its socket, or the cache that
 * it is in, since its sandbox does not let it make another one: whoever started it starts it again.
 */
#define EXIT_BEGIN_AGAIN 3
#define LOOK_US          US_PER_S

struct program {
	struct loop *loop;
	struct fetcher fetcher;
	struct thread_pool *pool;
	struct fetch_server *server;
	struct upkeep *upkeep;
	struct loop_watch signals;
	struct loop_timer look, upkeep_due;
	int status;
};

static void on_signal(void *context, uint32_t events)
{
	struct program *program = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(program->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop_stop(program->loop);
}

static void look(void *context)
{
	struct program *program = context;

	if (!fetch_server_is_there(program->server)) {
		log_warn("fetch", "somebody has deleted the socket: beginning again");
		program->status = EXIT_BEGIN_AGAIN;
		loop_stop(program->loop);
	}
	loop_timer_set(program->loop, &program->look, (mono_t){mono_now().us + LOOK_US});
}

static void do_upkeep(void *context)
{
	struct program *program = context;

	upkeep_begin(program->upkeep, program->pool);
	loop_timer_set(program->loop, &program->upkeep_due, (mono_t){mono_now().us + UPKEEP_EVERY_US});
}

static bool watch_signals(struct program *program)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, SIGPIPE);
	sigdelset(&set, SIGHUP);
	program->signals = (struct loop_watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signal, .context = program};
	return program->signals.fd >= 0 && loop_watch_set(program->loop, &program->signals, EPOLLIN);
}

static void enter_sandbox(const struct config_store *config, const char *folder, const struct store *store)
{
	struct sandbox *sandbox = store_sandbox_open("fetch", SECCOMP_FETCH, config, store_port(store));

	if (sandbox)
		sandbox_allow(sandbox, folder, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_MAKE);
	store_sandbox_enter("fetch", sandbox);
}

/* Opens everything. Who connects early waits until it is answered. */
static bool open_all(struct program *program, const struct config *config, const struct config_store *reader,
		     struct store *store, struct reason *why)
{
	char path[PATH_MAX];

	config_fetch_socket(config, path);
	program->loop = loop_create();
	if (!program->loop || !watch_signals(program))
		return reason_errno(why, "cannot begin");
	program->server = fetch_server_open(program->loop, path, why);
	if (!program->server)
		return false;
	enter_sandbox(reader, reader->cache, store);
	log_start();
	if (!fetcher_open(&program->fetcher, reader, store, why))
		return false;
	program->pool = thread_pool_open(&program->fetcher, why);
	program->upkeep = upkeep_open(&program->fetcher);
	if (!program->pool || !program->upkeep)
		return program->pool ? reason_set(why, "out of memory") : false;
	return fetch_server_start(program->server, &program->fetcher, program->pool, why);
}

static void close_all(struct program *program, struct store *store)
{
	store_stop(store);
	thread_pool_close(program->pool);
	fetch_server_close(program->server);
	upkeep_close(program->upkeep);
	if (program->fetcher.store)
		fetcher_close(&program->fetcher);
	if (program->loop)
		loop_destroy(program->loop);
	if (program->signals.fd > 0)
		close(program->signals.fd);
}

static int serve(const struct config *config, const struct config_store *reader, struct store *store)
{
	struct program program = {0};
	struct reason why;

	if (mkdir(reader->cache, 0750) < 0 && errno != EEXIST) {
		log_error("fetch", "cannot create %s: %s", reader->cache, strerror(errno));
		return 1;
	}
	if (open_all(&program, config, reader, store, &why)) {
		program.look = (struct loop_timer){.due = look, .context = &program};
		program.upkeep_due = (struct loop_timer){.due = do_upkeep, .context = &program};
		look(&program);
		loop_timer_set(program.loop, &program.upkeep_due, (mono_t){mono_now().us + UPKEEP_EVERY_US});
		log_info("fetch", "recorder-fetch " RECORDER_VERSION " serves %s", reader->url);
		loop_run(program.loop);
	} else {
		log_error("fetch", "%s", why.text);
		program.status = 1;
	}
	close_all(&program, store);
	log_stop();
	return program.status;
}

static int run(const struct config *config, const struct fetch_options *options)
{
	struct config_store *reader = malloc(sizeof(*reader));
	struct reason why = {"out of memory"};
	int status = 1;

	if (reader) {
		*reader = config->store;
		memcpy(reader->url, reader->read_url, sizeof(reader->url));
		memcpy(reader->key_file, reader->read_key_file, sizeof(reader->key_file));
	}
	struct store *store = reader ? store_open(reader, &why) : NULL;
	if (!store)
		log_error("fetch", "%s", why.text);
	else
		status = options->camera ? restore_run(options, reader, store) : serve(config, reader, store);
	store_close(store);
	free(reader);
	return status;
}

int main(int argc, char **argv)
{
	struct fetch_options options;
	struct config_set set;
	struct reason why;

	tzset();
	switch (fetch_options_parse(argc, argv, &options)) {
	case FETCH_OPTIONS_DONE:
		return 0;
	case FETCH_OPTIONS_INVALID:
		return 2;
	case FETCH_OPTIONS_RUN:
		break;
	}
	if (!config_set_load(options.config, &set, &why)) {
		log_error("fetch", "%s", why.text);
		return 1;
	}
	const struct config *config = config_set_reader(&set);
	if (!config)
		log_error("fetch", "%s has no [store] read_url: there is nothing to serve", options.config);
	else
		log_set_level(config->log_level);
	int status = config ? run(config, &options) : 1;
	config_set_free(&set);
	return status;
}
