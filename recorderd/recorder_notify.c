/* recorder_notify.c - what the recorder tells as it happens: its notifications and their rings. */
#include "recorderd/recorder_internal.h"
#include "shared/base/log.h"

/* Each notification passes here, after it was put into its ring. */
static void on_notified(void *context, const uint8_t *record, size_t bytes)
{
	struct recorder *recorder = context;

	hook_server_notify(recorder->hooks, record, bytes);
}

bool recorder_open_notifications(struct recorder *recorder, struct reason *why)
{
	char name[64];

	config_ring_name(&recorder->config, name);
	recorder->events = notification_writer_open(name);
	recorder->live_motion = motion_ring_writer_open(name);
	if (recorder->events && recorder->live_motion)
		recorder->notifier = notifier_create(&(struct notifier_parts){
			.camera = recorder->config.camera.name,
			.events = recorder->events,
			.motion = recorder->live_motion,
			.notified = on_notified,
			.context = recorder,
		});
	return recorder->notifier || reason_set(why, "out of memory");
}

/* The recorder works without it. */
void recorder_open_hooks(struct recorder *recorder)
{
	struct reason why;

	recorder->hooks = hook_server_create(
		&(struct hook_server_parts){
			.loop = recorder->loop,
			.camera = recorder->config.camera.name,
			.notifications = recorder->events,
			.motion = recorder->live_motion,
		},
		&why);
	recorder->publisher.hooks = recorder->hooks;
	if (!recorder->hooks)
		log_warn("hooks", "%s; no hook learns what happens while the recorder runs", why.text);
}

void recorder_release_notifications(struct recorder *recorder, bool keep)
{
	hook_server_destroy(recorder->hooks);
	recorder->hooks = NULL;
	recorder->publisher.hooks = NULL;
	notifier_destroy(recorder->notifier);
	if (keep) {
		notification_writer_detach(recorder->events);
		motion_ring_writer_detach(recorder->live_motion);
	} else {
		notification_writer_close(recorder->events);
		motion_ring_writer_close(recorder->live_motion);
	}
	recorder->notifier = NULL;
	recorder->events = NULL;
	recorder->live_motion = NULL;
}

void recorder_check_notifications(struct recorder *recorder)
{
	notification_writer_check(recorder->events);
	motion_ring_writer_check(recorder->live_motion);
	hook_server_check(recorder->hooks);
}

/* When the newest frame in the ring was captured; 0: there is none. */
static mono_t newest_frame(const struct recorder *recorder)
{
	struct ring_frame frame;

	if (!recorder->reader || !ring_reader_get(recorder->reader, ring_reader_head(recorder->reader), &frame))
		return (mono_t){0};
	return (mono_t){frame.meta.mono_us};
}

void recorder_notify_segments(struct recorder *recorder)
{
	struct catalogue_entry finished[ARCHIVE_FINISHED_MAX];
	size_t count = archive_take_finished(recorder->archive, finished);

	for (size_t i = 0; i < count; i++)
		notifier_segment(recorder->notifier, &finished[i]);
}

void recorder_publish(struct recorder *recorder)
{
	struct publisher *publisher = &recorder->publisher;

	publish(publisher);
	recorder_notify_segments(recorder);
	if (publisher->capture)
		notifier_state(recorder->notifier, &publisher->last, capture_gap_cause(publisher->capture),
			       newest_frame(recorder));
}
