/* control_request.h - parses one request line of the control socket (shared/ring/control.h). */
#ifndef RECORDERD_CONTROL_CONTROL_REQUEST_H
#define RECORDERD_CONTROL_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "recorderd/setup/setup_choice.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

enum control_kind { CONTROL_RECORDING, CONTROL_CAMERA_POWER, CONTROL_CAMERA, CONTROL_SETUP };

struct control_request {
	enum control_kind kind;
	bool on;                      /* CONTROL_RECORDING, CONTROL_CAMERA_POWER */
	struct config_control camera; /* CONTROL_CAMERA */
	struct setup_choice setup;    /* CONTROL_SETUP */
};

/* Returns false and sets *why to what is wrong with the request. Pure; `text` need not be terminated. */
bool control_request_parse(const char *text, size_t length, struct control_request *out, struct reason *why);

#endif
