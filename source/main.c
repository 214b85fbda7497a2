/*
 * main.c - recorder-source: reads a camera that a program or a network camera gives, and hands its pictures to
 * recorderd.
 *
 * One process per camera. It reads the configuration again before each run of the source. SIGTERM and SIGINT end the
 * source and this program at once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/version.h"
#include "shared/config/camera_device.h"
#include "shared/program/orphans.h"
#include "source/fetch.h"
#include "source/options.h"
#include "source/session.h"

#define ORPHANS_US (US_PER_S / 10) /* until those that did not die at once are looked at again */

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_UNWANTED = 3 };

struct program {
	struct loop *loop;
	struct session session;
	struct loop_watch signals;
	struct loop_timer orphans;
	int status;
};

static bool is_source(void *context, pid_t pid)
{
	return pid == session_source_id(context);
}

static void on_orphans(void *context)
{
	struct program *program = context;

	if (orphans_kill(is_source, &program->session))
		loop_timer_set(program->loop, &program->orphans, (mono_t){mono_now().us + ORPHANS_US});
}

static void on_signal(void *context, uint32_t events)
{
	struct program *program = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(program->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		on_orphans(program);
	else
		loop_stop(program->loop);
}

/* Blocks the signals before any thread starts, so that only the event loop gets them. */
static bool open_signals(struct program *program)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL); /* if our parent ignored it, the kernel would discard the exit status of children */
	program->signals = (struct loop_watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signal, .context = program};
	return program->signals.fd >= 0;
}

static int report_unwanted(const struct config *config)
{
	printf("%s: device = %s is read by recorderd itself\n", config->camera.name, config->camera.device);
	return STATUS_UNWANTED;
}

static void unwanted(void *context)
{
	struct program *program = context;

	program->status = report_unwanted(program->session.config);
	loop_stop(program->loop);
}

static bool open_parts(struct program *program, struct config *config)
{
	program->loop = loop_create();
	if (!program->loop || !open_signals(program) || !loop_watch_set(program->loop, &program->signals, EPOLLIN))
		return false;
	program->orphans = (struct loop_timer){.due = on_orphans, .context = program};
	program->session.loop = program->loop;
	program->session.config = config;
	program->session.unwanted = unwanted;
	program->session.context = program;
	return true;
}

static int run(struct config *config)
{
	static struct program program; /* large */
	char device[CAMERA_SHOWN_BYTES];

	if (!open_parts(&program, config)) {
		perror("recorder-source: cannot create an event loop");
		return STATUS_FAILED;
	}
	orphans_adopt();
	log_set_level(config->log_level);
	log_start();
	camera_device_show(config->camera.device, device, sizeof(device));
	log_info("source", "recorder-source " RECORDER_VERSION ", camera \"%s\", %s, as user %u", config->camera.name,
		 device, (unsigned)geteuid());
	session_open(&program.session);
	loop_run(program.loop);
	session_close(&program.session);
	orphans_kill_all();
	loop_destroy(program.loop);
	close(program.signals.fd);
	log_info("source", "stopped");
	log_stop();
	return program.status;
}

static int check(const struct config *config)
{
	static struct source_command command; /* large */
	struct reason why;

	if (!source_command_open(&command, config, &why)) {
		printf("%s: %s\n", config->camera.name, why.text);
		return STATUS_FAILED;
	}
	if (camera_device_kind(config->camera.device) == CAMERA_DEVICE_COMMAND)
		printf("%s: %s\n", config->camera.name, command.path);
	else
		printf("%s: %s\n", config->camera.name, "a network camera");
	source_command_close(&command);
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
	return true;
}

static int run_or_check(const struct options *options)
{
	struct config_set set = {0};
	struct config *config = NULL;
	struct reason why;
	int status = STATUS_FAILED;

	if (!config_set_load(options->config, &set, &why) || !choose_camera(options, &set, &config, &why))
		fprintf(stderr, "recorder-source: %s\n", why.text);
	else if (!camera_device_is_external(config->camera.device))
		status = report_unwanted(config);
	else
		status = options->check ? check(config) : run(config);
	config_set_free(&set);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;

	switch (source_options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_INVALID:
		return STATUS_USAGE;
	case OPTIONS_RUN:
		break;
	}
	tzset();
	return options.fetch ? fetch_main() : run_or_check(&options);
}
