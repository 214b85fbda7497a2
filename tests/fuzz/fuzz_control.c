/*
 * fuzz_control.c - a line on the control socket.
 *
 * A request that is accepted has a terminated name and value of printable characters, or switches recording. A refusal
 * has a reason.
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
	else
		holds(request.kind == CONTROL_RECORDING);
	free(line);
	return 0;
}
