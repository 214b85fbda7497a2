/* command.c - how an external source is started. */
#include "source/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/config/camera_device.h"
#include "shared/program/program_check.h"

#define SELF "/proc/self/exe"

static void set_name(struct source_command *command, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(command->name, sizeof(command->name), "%.63s", slash ? slash + 1 : path);
}

static void set_environment(struct source_command *command, const struct config *config)
{
	struct program_environment *environment = &command->environment;

	program_environment_set(environment, config->camera.name);
	snprintf(command->width, sizeof(command->width), "RECORDER_WIDTH=%d", config->camera.width);
	snprintf(command->height, sizeof(command->height), "RECORDER_HEIGHT=%d", config->camera.height);
	snprintf(command->fps, sizeof(command->fps), "RECORDER_FPS=%d", config->camera.fps);
	program_environment_add(environment, command->width);
	program_environment_add(environment, command->height);
	program_environment_add(environment, command->fps);
}

static bool open_program(struct source_command *command, const struct config_camera *camera, struct reason *why)
{
	struct program_words *words = &command->words;

	if (!program_words_split(words, camera_device_command(camera->device), why) ||
	    !program_words_find(words, why) || !program_check(words->argv[0], why))
		return false;
	command->path = words->argv[0];
	command->argv = words->argv;
	set_name(command, command->path);
	if (camera->password_file[0])
		command->in = password_file_open(camera->password_file, why);
	else if ((command->in = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		reason_errno(why, "/dev/null");
	return command->in >= 0;
}

/* The request fits into an empty pipe. */
static bool write_request(struct source_command *command, const char *request, size_t length, struct reason *why)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return reason_errno(why, "cannot make a pipe");
	command->in = ends[0];
	bool written = write(ends[1], request, length) == (ssize_t)length;
	close(ends[1]);
	return written || reason_errno(why, "cannot write to a pipe");
}

static bool open_fetch(struct source_command *command, const struct config_camera *camera, struct reason *why)
{
	static const char *const argv[] = {"recorder-source", FETCH_OPTION, NULL};
	char request[FETCH_BYTES_MAX];
	size_t length = fetch_request(camera, request, why);

	command->path = SELF;
	command->argv = argv;
	set_name(command, "the connection to the camera");
	bool good = length > 0 && write_request(command, request, length, why);
	explicit_bzero(request, sizeof(request));
	return good;
}

bool source_command_open(struct source_command *command, const struct config *config, struct reason *why)
{
	command->in = -1;
	set_environment(command, config);
	bool good = camera_device_kind(config->camera.device) == CAMERA_DEVICE_COMMAND
			    ? open_program(command, &config->camera, why)
			    : open_fetch(command, &config->camera, why);
	if (!good)
		source_command_close(command);
	return good;
}

void source_command_close(struct source_command *command)
{
	if (command->in >= 0)
		close(command->in);
	command->in = -1;
}
