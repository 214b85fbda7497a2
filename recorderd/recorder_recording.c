/* recorder_recording.c - whether the recorder records: the configuration, the hours, or somebody says so. */
#include "recorderd/recorder_internal.h"

void recorder_apply_recording(struct recorder *recorder)
{
	const struct schedule *schedule = &recorder->schedule;
	bool enabled = recorder->config.record.enabled;
	bool on = recorder->switched ? recorder->switched_on : enabled && schedule->inside;
	bool scheduled = !recorder->switched && enabled && !schedule->inside;

	capture_set_flags(recorder->capture, on ? 0 : RING_FRAME_RECORDING_OFF | (scheduled ? RING_FRAME_SCHEDULE : 0));
	encoder_set_recording(recorder->encoder, on, scheduled ? GAP_SCHEDULE : GAP_OFF);
	recorder->publisher.off_cause = on ? GAP_NONE : scheduled ? GAP_SCHEDULE : GAP_OFF;
	recorder->publisher.on_at = !on && enabled && !schedule->inside ? schedule->next : (wall_t){0};
	recorder_publish(recorder);
}

void recorder_set_recording(struct recorder *recorder, bool on)
{
	recorder->switched = true;
	recorder->switched_on = on;
	recorder_apply_recording(recorder);
}

void recorder_reload_schedule(struct recorder *recorder)
{
	if (schedule_is_of(&recorder->schedule, recorder->config.record.hours))
		return;
	schedule_init(&recorder->schedule, recorder->config.record.hours, wall_now());
	recorder->switched = false;
	recorder_apply_recording(recorder);
}

void recorder_check_schedule(struct recorder *recorder)
{
	if (recorder->stopping || recorder->replacing_ring || !schedule_update(&recorder->schedule, wall_now()))
		return;
	recorder->switched = false;
	recorder_apply_recording(recorder);
}
