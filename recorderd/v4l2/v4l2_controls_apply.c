/* v4l2_controls_apply.c - sets the [controls] of the configuration, and checks that they hold. */
#include <stdio.h>
#include <string.h>

#include "recorderd/v4l2/v4l2_controls.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "shared/base/log.h"

enum setting_outcome {
	SETTING_DONE,
	SETTING_REFUSED, /* by the driver, or without effect: another control may have to be set first */
	SETTING_INVALID, /* no such control, or no such value */
};

static bool is_switch(const struct v4l2_query_ext_ctrl *control)
{
	return control->type == V4L2_CTRL_TYPE_BOOLEAN || control->type == V4L2_CTRL_TYPE_MENU ||
	       control->type == V4L2_CTRL_TYPE_INTEGER_MENU;
}

/* What is wrong with a control that was found but could not be set, or was set and is overridden. */
static void explain(const struct config_control *setting, const struct v4l2_query_ext_ctrl *control, int error,
		    struct reason *why)
{
	if (control->flags & V4L2_CTRL_FLAG_INACTIVE)
		reason_set(why, "%s = %s has no effect: another control overrides it", setting->name, setting->value);
	else
		reason_set(why, "the camera rejected %s = %s: %s", setting->name, setting->value, strerror(error));
}

static enum setting_outcome apply_one(int fd, const struct config_control *setting, bool switches, struct reason *why)
{
	struct v4l2_query_ext_ctrl control;
	int64_t number;

	if (!v4l2_control_find(fd, setting->name, setting->value, &control, &number, why))
		return SETTING_INVALID;
	if (switches && !is_switch(&control))
		return SETTING_REFUSED; /* its turn comes */
	if (!v4l2_control_write(fd, &control, &number)) {
		explain(setting, &control, errno, why);
		return SETTING_REFUSED;
	}
	if (!(control.flags & V4L2_CTRL_FLAG_INACTIVE))
		return SETTING_DONE;
	explain(setting, &control, 0, why);
	return SETTING_REFUSED;
}

/* Applies those that are pending. True if at least one of them is done now. */
static bool apply_pending(int fd, const struct config *config, bool pending[CONFIG_CONTROLS_MAX], bool switches)
{
	bool progress = false;

	for (size_t i = 0; i < config->control_count; i++) {
		struct reason why = {""};

		if (!pending[i])
			continue;
		enum setting_outcome outcome = apply_one(fd, &config->controls[i], switches, &why);
		pending[i] = outcome == SETTING_REFUSED;
		progress |= outcome == SETTING_DONE;
		if (outcome == SETTING_DONE)
			log_info("camera", "%s = %s", config->controls[i].name, config->controls[i].value);
		else if (why.text[0])
			log_debug("camera", "%s", why.text);
	}
	return progress;
}

void v4l2_controls_apply(int fd, const struct config *config)
{
	bool pending[CONFIG_CONTROLS_MAX];

	for (size_t i = 0; i < config->control_count; i++)
		pending[i] = true;
	apply_pending(fd, config, pending, true);
	while (apply_pending(fd, config, pending, false))
		;
}

/* Drivers round values to the control's step. */
static bool is_near(const struct v4l2_query_ext_ctrl *control, int64_t value, int64_t wanted)
{
	int64_t distance = value > wanted ? value - wanted : wanted - value;

	return distance == 0 || (control->step > 1 && (uint64_t)distance < control->step);
}

/* True if the control has its value, or has none that could be read. */
static bool holds(int fd, const struct config_control *setting, struct reason *why)
{
	struct v4l2_query_ext_ctrl control;
	int64_t wanted, value;

	if (!v4l2_control_find(fd, setting->name, setting->value, &control, &wanted, why))
		return false;
	if (control.flags & V4L2_CTRL_FLAG_WRITE_ONLY || control.type == V4L2_CTRL_TYPE_BUTTON)
		return true;
	if (control.flags & V4L2_CTRL_FLAG_INACTIVE)
		return reason_set(why, "%s = %s has no effect: another control overrides it", setting->name,
				  setting->value);
	if (!v4l2_control_read(fd, &control, &value))
		return reason_errno(why, "cannot read %s", setting->name);
	return is_near(&control, value, wanted) ||
	       reason_set(why, "%s is %lld instead of %s", setting->name, (long long)value, setting->value);
}

size_t v4l2_controls_check(int fd, const struct config *config, struct reason *why)
{
	size_t failed = 0, used = 0;

	*why = (struct reason){""};
	for (size_t i = 0; i < config->control_count; i++) {
		struct reason detail = {""};

		if (holds(fd, &config->controls[i], &detail))
			continue;
		failed++;
		if (used < sizeof(why->text))
			used += (size_t)snprintf(why->text + used, sizeof(why->text) - used, "%s%s", used ? "; " : "",
						 detail.text);
	}
	if (failed)
		v4l2_controls_apply(fd, config);
	return failed;
}
