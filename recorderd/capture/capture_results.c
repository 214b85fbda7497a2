/* capture_results.c - what the thread that opens cameras has to say: how an order ended, and which devices there are.
 */
#include "recorderd/capture/capture_internal.h"

#include <stdlib.h>
#include <string.h>

static void take_list(struct capture *capture, struct opener_result *result)
{
	struct recorder_state *status = &capture->status;
	const char *wanted = capture->parts.config->camera.device;
	bool better = false;

	status->camera_count = 0;
	for (size_t i = 0; i < result->device_count; i++) {
		status->camera_ids[status->camera_count++] = result->devices[i].number;
		better |= strcmp(wanted, "auto") == 0 || device_same(result->devices[i].path, wanted);
	}
	if (result->devices_json)
		ring_writer_devices(capture->parts.ring, result->devices_json);
	free(result->devices_json);
	if (better && capture->stands_in && capture->looking) {
		capture->looking = false;
		capture->happen(capture, EVENT_BETTER);
	}
}

static void take_adjusted(struct capture *capture, struct opener_result *result)
{
	if (result->adjusted)
		take_list(capture, result);
	capture->parts.adjusted(capture->parts.context, result->ticket, result->adjusted, result->value, &result->why);
}

void capture_answered(void *context, uint32_t events)
{
	struct capture *capture = context;
	struct opener_result result;

	(void)events;
	while (opener_take_result(capture->opener, &result)) {
		switch (result.answer) {
		case OPENER_LISTED:
			take_list(capture, &result);
			break;
		case OPENER_ADJUSTED:
			take_adjusted(capture, &result);
			break;
		case OPENER_TRIED:
			opener_order_list(capture->opener);
			capture->said = result.why;
			capture->source = result.source;
			capture->happen(capture, result.outcome == SOURCE_OPENED ? EVENT_OPENED : EVENT_REFUSED);
			break;
		}
	}
}
