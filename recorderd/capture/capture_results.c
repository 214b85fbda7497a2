/* capture_results.c - what the thread that opens cameras has to say: how an order ended, and which devices there are.
 */
#include "recorderd/capture/capture_internal.h"

#include <stdlib.h>
#include <string.h>

static void take_list(struct capture *capture, struct device_worker_result *result)
{
	struct recorder_state *status = &capture->status;
	const char *wanted = capture->parts.config->camera.device;
	bool better = false;

	status->camera_count = 0;
	for (size_t i = 0; i < result->device_count; i++) {
		status->camera_ids[status->camera_count++] = result->devices[i].number;
		better |= strcmp(wanted, "auto") == 0 || device_is_same(result->devices[i].path, wanted);
	}
	if (result->devices_json)
		ring_writer_set_devices(capture->parts.ring, result->devices_json);
	free(result->devices_json);
	if (better && capture->on_fallback && capture->looking) {
		capture->looking = false;
		capture->happen(capture, EVENT_PREFERRED_BACK);
	}
}

static void take_adjusted(struct capture *capture, struct device_worker_result *result)
{
	if (result->adjusted)
		take_list(capture, result);
	capture->parts.adjusted(capture->parts.context, result->ticket, result->adjusted, result->value, &result->why);
}

void capture_results_ready(void *context, uint32_t events)
{
	struct capture *capture = context;
	struct device_worker_result result;

	(void)events;
	while (device_worker_take_result(capture->opener, &result)) {
		switch (result.answer) {
		case JOB_LISTED:
			take_list(capture, &result);
			break;
		case JOB_CONTROL_SET:
			take_adjusted(capture, &result);
			break;
		case JOB_OPENED:
			device_worker_list(capture->opener);
			capture->said = result.why;
			capture->source = result.source;
			capture->happen(capture, result.outcome == SOURCE_OPENED ? EVENT_OPENED : EVENT_OPEN_FAILED);
			break;
		}
	}
}
