/* recorder.c - runs the recorder and stops it in order. */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "recorderd/recorder_internal.h"
#include "shared/base/log.h"

#define PUBLISH_EVERY_US (US_PER_S / 5)

/* Running */

static void on_frame(void *context)
{
	struct recorder *recorder = context;

	encoder_pump(recorder->encoder);
	motion_process_frame(recorder->motion);
	if (recorder->publisher.last.camera_state != CAMERA_STREAMING)
		recorder_publish(recorder); /* at once: a client that sees footage must not read "no camera" */
}

/* The storage thread writes it beside the segment that has this second. What follows from it is told at once. */
static void on_motion_record(void *context, const struct motion_record *record)
{
	struct recorder *recorder = context;

	storage_push_motion(recorder->storage, record);
	notifier_motion(recorder->notifier, record);
	hook_server_motion(recorder->hooks, record);
}

static void on_opened(void *context, unsigned fps)
{
	struct recorder *recorder = context;

	encoder_set_fps(recorder->encoder, fps);
}

static void on_epoch_end(void *context)
{
	struct recorder *recorder = context;

	encoder_end_run(recorder->encoder);
}

static void on_set_recording(void *context, bool on)
{
	recorder_set_recording(context, on);
}

static void on_set_camera(void *context, bool on)
{
	recorder_set_camera(context, on);
}

static bool on_set_control(void *context, uint32_t ticket, const char *name, const char *value, struct reason *why)
{
	struct recorder *recorder = context;

	return capture_set_control(recorder->capture, ticket, name, value, why);
}

static void on_control_set(void *context, uint32_t ticket, bool good, int64_t value, const struct reason *why)
{
	struct recorder *recorder = context;

	if (recorder->control)
		control_server_finish(recorder->control, ticket, good, value, why);
}

static void on_publish(void *context)
{
	struct recorder *recorder = context;

	recorder_check_ring(recorder);
	video_writer_check(recorder->video);
	recorder_check_notifications(recorder);
	if (recorder->control)
		control_server_check(recorder->control);
	recorder_check_schedule(recorder);
	recorder_publish(recorder);
	leftover_sweep_tick(&recorder->sweep);
	service_tick(&recorder->service, &recorder->publisher.last,
		     !recorder->capture || capture_is_alive(recorder->capture));
	loop_timer_set(recorder->loop, &recorder->publish_timer, (mono_t){mono_now().us + PUBLISH_EVERY_US});
}

static void on_storage_room(void *context, uint32_t events)
{
	struct recorder *recorder = context;
	uint64_t count;

	(void)events;
	if (read(recorder->storage_room.fd, &count, sizeof(count)) > 0)
		encoder_pump(recorder->encoder);
}

static void begin_stop(struct recorder *recorder, bool interrupted)
{
	recorder->interrupted |= interrupted;
	if (recorder->restarting) {
		log_info("main", "stopping instead of starting again");
		recorder->restarting = false;
		return;
	}
	if (recorder->stopping) {
		log_warn("main", "second stop signal: exiting at once");
		loop_stop(recorder->loop);
		return;
	}
	log_info("main", "stopping");
	service_stopping(&recorder->service);
	recorder_begin_stop(recorder);
}

static void on_signal(void *context, uint32_t events)
{
	struct recorder *recorder = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(recorder->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		recorder_reload(recorder);
	else
		begin_stop(recorder, info.ssi_signo == SIGINT);
}

static uint32_t newest_epoch(const struct recorder *recorder)
{
	struct ring_frame frame;

	return ring_reader_get(recorder->reader, recorder->adopted, &frame) ? frame.meta.epoch : 0;
}

static bool start_storage(struct recorder *recorder, struct reason *why)
{
	if (!archive_start(recorder->archive, why))
		return false;
	recorder->storage = storage_start(recorder->archive, &recorder->config, recorder->storage_room.fd);
	if (!recorder->storage)
		return reason_set(why, "cannot start the storage thread");
	recorder->motion = motion_process_create(&(struct motion_parts){
		.loop = recorder->loop,
		.config = &recorder->config,
		.record = on_motion_record,
		.context = recorder,
	});
	return recorder->motion || reason_set(why, "out of memory");
}

/* Starts the writer and the reader of the ring: the capture and the encoder. */
static bool start_pipeline(struct recorder *recorder, struct reason *why)
{
	recorder->encoder = encoder_create(&(struct encoder_parts){
		.loop = recorder->loop,
		.config = &recorder->config,
		.archive = recorder->archive,
		.storage = recorder->storage,
		.ring = recorder->reader,
		.video = recorder->video,
		.adopted = recorder->adopted,
	});
	if (!recorder->encoder)
		return reason_set(why, "out of memory");
	recorder->capture = capture_create(&(struct capture_parts){
		.loop = recorder->loop,
		.config = &recorder->config,
		.ring = recorder->ring,
		.others = &recorder->other_cameras,
		.last_epoch = newest_epoch(recorder),
		.first_cause = recorder->emptying_memory ? GAP_FORMAT : GAP_NONE,
		.off_cause = recorder_camera_off_cause(recorder),
		.frame = on_frame,
		.opened = on_opened,
		.epoch_ended = on_epoch_end,
		.control_set = on_control_set,
		.context = recorder,
	});
	if (!recorder->capture)
		return reason_set(why, "cannot start the capture");
	motion_process_set_ring(recorder->motion, recorder->reader);
	return true;
}

static void set_published_parts(struct recorder *recorder)
{
	recorder->publisher.ring = recorder->ring;
	recorder->publisher.reader = recorder->reader;
	recorder->publisher.capture = recorder->capture;
	recorder->publisher.encoder = recorder->encoder;
}

static bool watch_parts(struct recorder *recorder)
{
	recorder->signals.ready = on_signal;
	recorder->storage_room.ready = on_storage_room;
	recorder->signals.context = recorder->storage_room.context = recorder;
	recorder->publisher = (struct publisher){
		.config = &recorder->config,
		.storage = recorder->storage,
		.archive = recorder->archive,
		.motion = recorder->motion,
		.notifier = recorder->notifier,
		.started = wall_now(),
		.config_read_at = recorder->config_read_at,
		.memory_limit = recorder->publisher.memory_limit,
		.cameras = recorder->other_cameras.count + 1,
	};
	set_published_parts(recorder);
	recorder->publish_timer = (struct loop_timer){.due = on_publish, .context = recorder};
	loop_timer_set(recorder->loop, &recorder->publish_timer, mono_now());
	return loop_watch_set(recorder->loop, &recorder->signals, EPOLLIN) &&
	       loop_watch_set(recorder->loop, &recorder->storage_room, EPOLLIN);
}

/* The recorder works without it. */
static void open_control(struct recorder *recorder)
{
	struct reason why;

	recorder->control = control_server_create(
		&(struct control_server_parts){
			.loop = recorder->loop,
			.camera = recorder->config.camera.name,
			.set_recording = on_set_recording,
			.set_camera = on_set_camera,
			.set_control = on_set_control,
			.set_up = recorder_set_up,
			.describe_setup = recorder_describe_setup,
			.context = recorder,
		},
		&why);
	if (!recorder->control)
		log_warn("control", "%s; recording and camera controls cannot be changed while the recorder runs",
			 why.text);
}

/* Starts the capture and the encoder again on a new ring. Storage and all other parts keep running. */
static bool replace_ring(struct recorder *recorder, struct reason *why)
{
	encoder_destroy(recorder->encoder);
	recorder->encoder = NULL;
	if (!recorder_finish_capture(recorder))
		return reason_set(why, "cannot replace the ring while the camera hangs in its driver");
	if (!recorder_check_lock(recorder, why))
		return false;
	motion_process_set_ring(recorder->motion, NULL);
	ring_reader_close(recorder->reader);
	if (recorder->emptying_memory)
		ring_writer_empty(recorder->ring);
	else
		ring_writer_close(recorder->ring);
	recorder->reader = NULL;
	recorder->ring = recorder->publisher.ring = NULL;
	if (recorder->emptying_memory) {
		video_writer_empty(recorder->video);
		recorder->video = NULL;
		recorder_open_video(recorder);
	}
	if (!recorder_open_ring(recorder, why) || !start_pipeline(recorder, why))
		return false;
	loop_timer_clear(recorder->loop, &recorder->drain_timer);
	recorder->replacing_ring = recorder->emptying_memory = false;
	set_published_parts(recorder);
	recorder_apply_recording(recorder);
	return true;
}

/* Returns true when it was told to stop; false with the reason if it had to end by itself. */
static bool run(struct recorder *recorder, struct reason *why)
{
	open_control(recorder);
	recorder_open_setup(recorder);
	recorder_open_hooks(recorder);
	notifier_start(recorder->notifier);
	recorder_apply_recording(recorder);
	if (recorder->camera_off_cause == GAP_SCHEDULE && ring_reader_head(recorder->reader) > 0)
		recorder_empty_memory(recorder, "outside of record.hours");
	service_ready(&recorder->service);
	for (;;) {
		loop_run(recorder->loop);
		if (!recorder->replacing_ring || recorder->stopping)
			return true;
		if (!replace_ring(recorder, why))
			return false;
	}
}

int recorder_run(struct recorder *recorder)
{
	struct reason why = {"epoll refused a descriptor"};

	schedule_init(&recorder->schedule, recorder->config.record.hours, wall_now());
	recorder->camera_off_cause = recorder_camera_off_cause(recorder);
	bool stopped = start_storage(recorder, &why) && start_pipeline(recorder, &why) && watch_parts(recorder) &&
		       run(recorder, &why);

	if (!stopped)
		log_error("main", "%s", why.text);
	recorder_finish(recorder);
	return stopped ? 0 : 1;
}
