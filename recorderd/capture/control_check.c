/* control_check.c - checks the controls of an open camera from time to time. */
#include "recorderd/capture/control_check.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/v4l2/v4l2_controls.h"
#include "recorderd/v4l2/v4l2_ioctl.h"

#define CHECK_AFTER_US US_PER_S
#define CHECKS_MAX     3
#define READ_AGAIN_US  (10 * US_PER_S)

static void set_due(struct control_check *check, int64_t in_us)
{
	check->due = (mono_t){mono_now().us + in_us};
}

void control_check_start(struct control_check *check, const struct config *config)
{
	check->checks = config->control_count > 0;
	set_due(check, check->checks ? CHECK_AFTER_US : READ_AGAIN_US);
}

void control_check_skip(struct control_check *check)
{
	check->checks = 0;
}

void control_check_stop(struct control_check *check)
{
	free(check->values);
	*check = (struct control_check){.due = {0}};
}

bool control_check_is_due(const struct control_check *check)
{
	return check->due.us && mono_now().us >= check->due.us;
}

/* Reads all controls. True if one has changed since the last time. */
static bool have_changed(struct control_check *check, int fd)
{
	struct json_object *controls = v4l2_controls_json(fd);
	char *values = strdup(json_object_to_json_string(controls));
	bool changed = values && check->values && strcmp(values, check->values) != 0;

	json_object_put(controls);
	free(check->values);
	check->values = values;
	return changed;
}

/* The [controls], and after some attempts all controls. */
static enum control_check_outcome run(struct control_check *check, int fd, const struct config *config,
				      struct reason *why)
{
	if (check->checks == 0)
		return have_changed(check, fd) ? CONTROLS_CHANGED : CONTROLS_PENDING;
	if (v4l2_controls_check(fd, config, why) > 0 && check->checks++ < CHECKS_MAX) {
		set_due(check, CHECK_AFTER_US);
		return CONTROLS_PENDING;
	}
	check->checks = 0;
	have_changed(check, fd);
	return CONTROLS_CHECKED;
}

enum control_check_outcome control_check_run(struct control_check *check, const char *path, const struct config *config,
					     struct reason *why)
{
	int fd = video_open(path);

	set_due(check, READ_AGAIN_US);
	if (fd < 0)
		return CONTROLS_PENDING;
	enum control_check_outcome outcome = run(check, fd, config, why);
	close(fd);
	return outcome;
}
