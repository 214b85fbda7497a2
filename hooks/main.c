/*
 * main.c - recorder-hooks: runs programs when a recorder tells that something has happened.
 *
 * One process per camera. SIGHUP makes it read the configuration again; it also does that when its recorder does.
 * SIGTERM and SIGINT let what runs and waits end, for at most STOP_US.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "hooks/hook_set.h"
#include "hooks/options.h"
#include "hooks/recorder_link.h"
#include "hooks/test_run.h"
#include "shared/base/log.h"
#include "shared/base/version.h"
#include "shared/config/config.h"
#include "shared/program/orphans.h"

#define TICK_US    US_PER_S
#define ORPHANS_US (US_PER_S / 10) /* until those that did not die at once are looked at again */
#define STOP_US    (10 * US_PER_S)

struct program {
	struct loop *loop;
	struct config *config;
	struct hook_set hooks;
	struct recorder_link link;
	struct loop_watch signals;
	struct loop_timer tick, orphans, stop_by;
	bool stopping;
};

static void reload(struct program *program)
{
	struct config *fresh = malloc(sizeof(*fresh));
	struct reason why = {"out of memory"};

	if (fresh && config_reload(program->config, fresh, &why) && hook_set_configure(&program->hooks, fresh, &why)) {
		*program->config = *fresh;
		log_set_level(fresh->log_level);
		log_info("hooks", "%s has %zu hooks", fresh->file, program->hooks.count);
	} else {
		log_error("hooks", "%s; the hooks stay as they were", why.text);
	}
	free(fresh);
}

static void take_news(void *context, const struct hook_news *news)
{
	struct program *program = context;
	const struct notification_parts *parts = &news->notification;

	switch (news->kind) {
	case HOOK_CONFIG:
		reload(program);
		break;
	case HOOK_NOTIFICATION:
		hook_set_notify(&program->hooks, (enum notification_kind)parts->record.kind,
				(wall_t){parts->record.wall_us}, parts->json, parts->record.json_bytes);
		break;
	case HOOK_MOTION:
		hook_set_add_motion(&program->hooks, &news->motion);
		break;
	case HOOK_LOST:
		log_warn("hooks", "%llu notifications are lost: they came faster than they were taken",
			 (unsigned long long)news->count);
		break;
	case HOOK_MOTION_LOST:
		if (hook_set_needs_motion(&program->hooks))
			log_warn("hooks", "what moved in %llu seconds is not known: their records are lost",
				 (unsigned long long)news->count);
		break;
	case HOOK_PACKET_KINDS:
		break;
	}
}

static void on_tick(void *context)
{
	struct program *program = context;

	hook_set_tick(&program->hooks);
	loop_timer_set(program->loop, &program->tick, (mono_t){mono_now().us + TICK_US});
}

static void on_orphans(void *context)
{
	struct program *program = context;

	if (hook_set_kill_orphans(&program->hooks))
		loop_timer_set(program->loop, &program->orphans, (mono_t){mono_now().us + ORPHANS_US});
}

static void on_idle(void *context)
{
	struct program *program = context;

	if (program->stopping)
		loop_stop(program->loop);
}

static void on_stop_timeout(void *context)
{
	struct program *program = context;

	log_warn("hooks", "programs still run after %d s: killed", (int)(STOP_US / US_PER_S));
	loop_stop(program->loop);
}

static void begin_stop(struct program *program)
{
	if (program->stopping || hook_set_is_idle(&program->hooks))
		loop_stop(program->loop);
	program->stopping = true;
	recorder_link_close(&program->link);
	loop_timer_set(program->loop, &program->stop_by, (mono_t){mono_now().us + STOP_US});
}

static void on_signal(void *context, uint32_t events)
{
	struct program *program = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(program->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		reload(program);
	else if (info.ssi_signo == SIGCHLD)
		on_orphans(program);
	else
		begin_stop(program);
}

/* Blocks the signals before any thread starts, so that only the event loop gets them. */
static bool open_signals(struct program *program)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL); /* if our parent ignored it, the kernel would discard the exit status of children */
	program->signals = (struct loop_watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signal, .context = program};
	return program->signals.fd >= 0;
}

static bool open_parts(struct program *program, struct reason *why)
{
	program->loop = loop_create();
	if (!program->loop || !open_signals(program) || !loop_watch_set(program->loop, &program->signals, EPOLLIN))
		return reason_errno(why, "cannot create an event loop");
	program->hooks = (struct hook_set){.loop = program->loop, .idle = on_idle, .context = program};
	program->link.loop = program->loop;
	program->link.camera = program->config->camera.name;
	program->link.take = take_news;
	program->link.context = program;
	program->tick = (struct loop_timer){.due = on_tick, .context = program};
	program->orphans = (struct loop_timer){.due = on_orphans, .context = program};
	program->stop_by = (struct loop_timer){.due = on_stop_timeout, .context = program};
	return hook_set_configure(&program->hooks, program->config, why);
}

static int run(struct config *config)
{
	struct program program = {.config = config, .signals.fd = -1};
	struct reason why;

	if (!open_parts(&program, &why)) {
		fprintf(stderr, "recorder-hooks: %s\n", why.text);
		return 1;
	}
	orphans_adopt();
	log_set_level(config->log_level);
	log_start();
	log_info("hooks", "recorder-hooks " RECORDER_VERSION ", camera \"%s\", %zu hooks, as user %u",
		 config->camera.name, program.hooks.count, (unsigned)geteuid());
	recorder_link_open(&program.link);
	loop_timer_set(program.loop, &program.tick, mono_now());
	loop_run(program.loop);
	recorder_link_close(&program.link);
	hook_set_close(&program.hooks);
	orphans_kill_all();
	loop_destroy(program.loop);
	close(program.signals.fd);
	log_info("hooks", "stopped");
	log_stop();
	return 0;
}

/* Sets *out to the camera that was named, or to the only one. */
static bool choose_camera(const struct options *options, const struct config_set *set, struct config **out,
			  struct reason *why)
{
	const struct config *found = config_set_find(set, options->camera);

	if (!options->camera && set->count > 1)
		return reason_set(why, "%s has %zu cameras; choose one with -n NAME", options->config, set->count);
	if (!found && !options->camera)
		return reason_set(why, "%s configures no recorder: it has no [camera]", options->config);
	if (!found)
		return reason_set(why, "%s has no camera \"%s\"", options->config, options->camera);
	*out = &set->cameras[found - set->cameras];
	return hook_rules_check(*out, why);
}

int main(int argc, char **argv)
{
	struct config_set set = {0};
	struct options options;
	struct config *config = NULL;
	struct reason why;
	int status = 1;

	switch (hook_options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_INVALID:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	tzset();
	signal(SIGPIPE, SIG_IGN); /* of a program that does not read its input */
	if (!config_set_load(options.config, &set, &why) || !choose_camera(&options, &set, &config, &why))
		fprintf(stderr, "recorder-hooks: %s\n", why.text);
	else if (options.check)
		status = test_run_check(config);
	else if (options.test)
		status = test_run(config, &options);
	else
		status = run(config);
	config_set_free(&set);
	return status;
}
