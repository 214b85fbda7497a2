/*
 * fuzz_control.c - a line on the control socket.
 *
 * A request that is accepted has a terminated name and value of printable characters, switches recording or the camera,
 * or chooses keys and values that cannot break an .ini file. A refusal has a reason.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "recorderd/control/control_request.h"

static bool is_printable(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return length > 0 && length < bytes;
}

static void check_setup(const struct setup_choice *choice)
{
	holds(choice->count <= CONFIG_EDITS_MAX);
	for (size_t i = 0; i < choice->count; i++) {
		const struct config_edit *edit = &choice->edits[i];
		holds(strcmp(edit->section, "camera") == 0 || strcmp(edit->section, "controls") == 0);
		holds(edit->key[0] && strspn(edit->key, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(edit->key));
		holds(config_edit_value_valid(edit->value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *line = input_copy(data, size);
	struct control_request request;
	struct reason why = {""};

	if (!control_request_parse((const char *)line, size, &request, &why))
		holds(why.text[0] != '\0');
	else if (request.kind == CONTROL_CAMERA)
		holds(is_printable(request.camera.name, sizeof(request.camera.name)) &&
		      is_printable(request.camera.value, sizeof(request.camera.value)));
	else if (request.kind == CONTROL_SETUP)
		check_setup(&request.setup);
	else
		holds(request.kind == CONTROL_RECORDING || request.kind == CONTROL_CAMERA_POWER);
	free(line);
	return 0;
}
