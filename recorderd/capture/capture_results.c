/* capture_results.c - results of the device worker: an opened source, the list of devices, a control that was set. */
#include "recorderd/capture/capture_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/log.h"

void capture_note_bandwidth(struct capture *capture)
{
	char *note = capture->state.camera_notes[CAMERA_NOTE_BANDWIDTH], before[STATE_CAMERA_NOTE_SIZE];

	static_assert(BANDWIDTH_TEXT_BYTES == STATE_CAMERA_NOTE_SIZE, "a whole sentence");
	memcpy(before, note, sizeof(before));
	bandwidth_describe(&capture->bandwidth, &capture->source->info, note);
	if (*note && strcmp(note, before) != 0)
		log_warn("camera", "%s", note);
}

static void take_bus(struct capture *capture, const struct device_worker_result *result)
{
	bool is_free = bandwidth_set_devices(&capture->bandwidth, capture->source->info.bus, result->devices,
					     result->device_count);

	capture_note_bandwidth(capture);
	if (is_free && capture->bandwidth.steps_down > 0)
		capture->handle_event(capture, EVENT_BUS_FREE);
}

static void note_link(struct capture *capture, enum camera_note which, const struct reason *warning)
{
	char *note = capture->state.camera_notes[which], text[STATE_CAMERA_NOTE_SIZE] = "";

	if (warning->text[0])
		snprintf(text, sizeof(text), "%s.", warning->text);
	if (text[0] && strcmp(text, note) != 0)
		log_warn("camera", "%s", text);
	memcpy(note, text, sizeof(text));
}

static void take_list(struct capture *capture, struct device_worker_result *result)
{
	struct recorder_state *state = &capture->state;

	state->camera_count = 0;
	for (size_t i = 0; i < result->device_count; i++)
		state->camera_ids[state->camera_count++] = result->devices[i].number;
	if (result->devices_json)
		ring_writer_set_devices(capture->parts.ring, result->devices_json);
	free(result->devices_json);
	if (capture->source)
		take_bus(capture, result);
	note_link(capture, CAMERA_NOTE_MOVED, &result->warnings.moved);
	note_link(capture, CAMERA_NOTE_IDENTICAL, &result->warnings.identical);
}

static void take_control(struct capture *capture, struct device_worker_result *result)
{
	if (result->control_set)
		take_list(capture, result);
	capture->parts.control_set(capture->parts.context, result->ticket, result->control_set, result->value,
				   &result->why);
}

/* `failed` lists the [controls] that the camera does not keep; empty: it keeps them all. */
static void note_controls(struct capture *capture, const struct reason *failed)
{
	char *note = capture->state.camera_notes[CAMERA_NOTE_CONTROLS];

	if (!failed->text[0]) {
		note[0] = '\0';
		return;
	}
	snprintf(note, STATE_CAMERA_NOTE_SIZE, "The camera does not keep all [controls]: %s.", failed->text);
	log_warn("camera", "%s", note);
}

void capture_results_ready(void *context, uint32_t events)
{
	struct capture *capture = context;
	struct device_worker_result result;

	(void)events;
	while (device_worker_take_result(capture->worker, &result)) {
		switch (result.kind) {
		case JOB_LISTED:
			take_list(capture, &result);
			break;
		case JOB_CONTROL_SET:
			take_control(capture, &result);
			break;
		case JOB_CONTROLS_CHECKED:
			note_controls(capture, &result.why);
			take_list(capture, &result);
			break;
		case JOB_CONFIGURED_CHECKED:
			if (result.configured_is_free && capture->on_fallback)
				capture->handle_event(capture, EVENT_PREFERRED_BACK);
			break;
		case JOB_OPENED:
			device_worker_list(capture->worker);
			capture->open_error = result.why;
			capture->source = result.source;
			capture->handle_event(capture,
					      result.outcome == SOURCE_OPENED ? EVENT_OPENED : EVENT_OPEN_FAILED);
			break;
		}
	}
}
