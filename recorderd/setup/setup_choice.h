/*
 * setup_choice.h - what somebody chooses in the set-up (shared/ring/control.h), as edits of recorder.ini.
 */
#ifndef RECORDERD_SETUP_SETUP_CHOICE_H
#define RECORDERD_SETUP_SETUP_CHOICE_H

#include "recorderd/setup/config_edit.h"

struct json_object;

struct setup_choice {
	struct config_edit edits[CONFIG_EDITS_MAX];
	size_t count;  /* 0: it only asks */
	bool restarts; /* one of them is in [camera], which a running recorder cannot change */
};

/*
 * Reads the value of "setup" in a request. Returns false and sets *why if it has an unknown member or an unsuitable
 * value, such as a device that is no camera of this machine (command:, http:). Whether the configuration is valid with
 * it, config_replace() finds out. Pure.
 */
bool setup_choice_parse(struct json_object *json, struct setup_choice *out, struct reason *why);

#endif
