/* recorder_recording.c - whether the recorder records: the configuration, the hours, or somebody says so. */
#include "recorderd/recorder_internal.h"

static bool is_scheduled_off(const struct recorder *recorder)
{
	return !recorder->switched && recorder->config.record.enabled && !recorder->schedule.inside;
}

enum gap_cause recorder_camera_off_cause(const struct recorder *recorder)
{
	if (recorder->camera_switched)
		return recorder->camera_switched_on ? GAP_NONE : GAP_CAMERA_OFF;
	if (recorder->config.record.outside_hours == OUTSIDE_OFF && is_scheduled_off(recorder))
		return GAP_SCHEDULE;
	return GAP_NONE;
}

/* While the ring is being replaced there is no capture that runs: the next one begins with the cause of then. */
static void apply_camera(struct recorder *recorder)
{
	enum gap_cause before = recorder->camera_off_cause, cause = recorder_camera_off_cause(recorder);

	recorder->camera_off_cause = cause;
	capture_set_off(recorder->capture, cause);
	if (cause == GAP_SCHEDULE && before != GAP_SCHEDULE)
		recorder_empty_memory(recorder, "outside of record.hours");
}

void recorder_apply_recording(struct recorder *recorder)
{
	const struct schedule *schedule = &recorder->schedule;
	bool enabled = recorder->config.record.enabled;
	bool on = recorder->switched ? recorder->switched_on : enabled && schedule->inside;
	bool scheduled = is_scheduled_off(recorder);

	capture_set_flags(recorder->capture, on ? 0 : RING_FRAME_RECORDING_OFF | (scheduled ? RING_FRAME_SCHEDULE : 0));
	encoder_set_recording(recorder->encoder, on, scheduled ? GAP_SCHEDULE : GAP_OFF);
	recorder->publisher.off_cause = on ? GAP_NONE : scheduled ? GAP_SCHEDULE : GAP_OFF;
	recorder->publisher.on_at = !on && enabled && !schedule->inside ? schedule->next : (wall_t){0};
	apply_camera(recorder);
	recorder_publish(recorder);
}

void recorder_set_recording(struct recorder *recorder, bool on)
{
	recorder->switched = true;
	recorder->switched_on = on;
	recorder_apply_recording(recorder);
}

void recorder_set_camera(struct recorder *recorder, bool on)
{
	recorder->camera_switched = true;
	recorder->camera_switched_on = on;
	recorder_apply_recording(recorder);
}

/* The hours hold again, but not for a camera that somebody has switched off. */
static void forget_switches(struct recorder *recorder)
{
	recorder->switched = false;
	if (recorder->camera_switched_on)
		recorder->camera_switched = recorder->camera_switched_on = false;
}

void recorder_reload_schedule(struct recorder *recorder)
{
	if (!schedule_is_of(&recorder->schedule, recorder->config.record.hours)) {
		schedule_init(&recorder->schedule, recorder->config.record.hours, wall_now());
		forget_switches(recorder);
	}
	recorder_apply_recording(recorder);
}

void recorder_check_schedule(struct recorder *recorder)
{
	if (recorder->stopping || recorder->replacing_ring || !schedule_update(&recorder->schedule, wall_now()))
		return;
	forget_switches(recorder);
	recorder_apply_recording(recorder);
}
