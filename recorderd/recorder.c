/* recorder.c - running, and stopping in order. */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/recorder_internal.h"
#include "recorderd/reload.h"
#include "shared/base/log.h"

#define PUBLISH_EVERY_US (US_PER_S / 5)
#define STOP_US          (12 * US_PER_S) /* after which a stop leaves behind what hangs; make run kills after 15 s */
#define DRAIN_US         (10 * US_PER_S) /* of which the encoder has so much */

/* Running */

static void on_frame(void *context)
{
	struct recorder *recorder = context;

	encoder_pump(recorder->encoder);
	if (recorder->publisher.last.camera_state != CAMERA_STREAMING)
		publish(&recorder->publisher); /* at once: who sees footage must not read that there is no camera */
}

static void on_opened(void *context, unsigned fps)
{
	struct recorder *recorder = context;

	encoder_set_fps(recorder->encoder, fps);
}

static void on_stretch_over(void *context)
{
	struct recorder *recorder = context;

	encoder_end_run(recorder->encoder);
}

static void on_recording(void *context, bool on)
{
	struct recorder *recorder = context;

	capture_set_recording(recorder->capture, on);
	encoder_set_recording(recorder->encoder, on);
	publish(&recorder->publisher);
}

static bool on_adjust(void *context, uint32_t ticket, const char *name, const char *value, struct reason *why)
{
	struct recorder *recorder = context;

	return capture_set_control(recorder->capture, ticket, name, value, why);
}

static void on_adjusted(void *context, uint32_t ticket, bool good, int64_t value, const struct reason *why)
{
	struct recorder *recorder = context;

	if (recorder->control)
		control_server_finish(recorder->control, ticket, good, value, why);
}

static void on_drained(void *context)
{
	struct recorder *recorder = context;

	loop_stop(recorder->loop);
}

/* The rest that it has is given up: the frames behind it too, where FFmpeg or the disk hangs. */
static void on_encoder_late(void *context)
{
	struct recorder *recorder = context;

	log_error("main", "not all frames were encoded within %d s", (int)(DRAIN_US / US_PER_S));
	loop_stop(recorder->loop);
}

/* No frame comes any more, and the loop ends once the encoder has given what it still has, or time is up. The camera is
 * closed meanwhile. */
static void drain(struct recorder *recorder)
{
	mono_t now = mono_now();

	recorder->stop_by.us = now.us + STOP_US;
	recorder->publisher.capture = NULL;
	capture_stop(recorder->capture);
	loop_timer_set(recorder->loop, &recorder->encoder_late, (mono_t){now.us + DRAIN_US});
	encoder_stop(recorder->encoder, on_drained, recorder);
}

/* Somebody may remove the user's folder. False where another recorder was quicker with the lock. */
static bool keep_lock(struct recorder *recorder, struct reason *why)
{
	const char *camera = recorder->config.camera.name;

	if (instance_lock_is_intact(recorder->name_lock, camera))
		return true;
	int lock = instance_lock_take(camera, why);
	if (lock < 0)
		return false;
	close(recorder->name_lock);
	recorder->name_lock = lock;
	log_warn("main", "the lock of \"%s\" was removed from /dev/shm: it is made anew", camera);
	return true;
}

/* Somebody removed the ring's name: who reads it cannot find it again. */
static void look_after_ring(struct recorder *recorder)
{
	struct reason why;

	if (recorder->renewing || recorder->stopping)
		return;
	if (!keep_lock(recorder, &why)) {
		log_error("memory", "%s", why.text);
	} else {
		ring_writer_republish_name(recorder->ring);
		if (ring_writer_has_name(recorder->ring))
			return;
		log_error("memory", "the ring of \"%s\" was removed from /dev/shm: it is made anew",
			  recorder->config.camera.name);
	}
	recorder->renewing = true;
	drain(recorder);
}

static void on_publish(void *context)
{
	struct recorder *recorder = context;

	look_after_ring(recorder);
	if (recorder->control)
		control_server_check(recorder->control);
	publish(&recorder->publisher);
	leftover_sweep_tick(&recorder->sweep);
	service_tick(&recorder->service, &recorder->publisher.last,
		     !recorder->capture || capture_is_alive(recorder->capture));
	loop_timer_set(recorder->loop, &recorder->publishing, (mono_t){mono_now().us + PUBLISH_EVERY_US});
}

static void on_room(void *context, uint32_t events)
{
	struct recorder *recorder = context;
	uint64_t count;

	(void)events;
	if (read(recorder->room.fd, &count, sizeof(count)) > 0)
		encoder_pump(recorder->encoder);
}

/* Published in any case before READY=1: who waits for that finds the workers on their way. */
static void read_again(struct recorder *recorder)
{
	mono_t now = mono_now();

	if (recorder->stopping)
		return;
	service_reloading(&recorder->service);
	if (reload(&recorder->config, recorder->archive, recorder->capture))
		recorder->publisher.configured = now;
	publish(&recorder->publisher);
	service_ready(&recorder->service);
}

static void begin_stop(struct recorder *recorder, bool interrupted)
{
	recorder->interrupted |= interrupted;
	if (recorder->stopping) {
		log_warn("main", "told to stop a second time: leaving at once");
		loop_stop(recorder->loop);
		return;
	}
	log_info("main", "stopping");
	service_stopping(&recorder->service);
	recorder->stopping = true;
	control_server_destroy(recorder->control);
	recorder->control = NULL;
	archive_cancel_repair(recorder->archive);
	drain(recorder);
}

static void on_signal(void *context, uint32_t events)
{
	struct recorder *recorder = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(recorder->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		read_again(recorder);
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
	recorder->storage = storage_start(recorder->archive, &recorder->config, recorder->room.fd);
	return recorder->storage || reason_set(why, "cannot start the storage thread");
}

/* What frames go through: from the camera into the ring, and out of it. */
static bool start_frames(struct recorder *recorder, struct reason *why)
{
	recorder->encoder = encoder_create(&(struct encoder_parts){
		.loop = recorder->loop,
		.config = &recorder->config,
		.archive = recorder->archive,
		.storage = recorder->storage,
		.ring = recorder->reader,
		.adopted = recorder->adopted,
	});
	if (!recorder->encoder)
		return reason_set(why, "no memory");
	recorder->capture = capture_create(&(struct capture_parts){
		.loop = recorder->loop,
		.config = &recorder->config,
		.ring = recorder->ring,
		.others = &recorder->other_cameras,
		.last_epoch = newest_epoch(recorder),
		.frame = on_frame,
		.opened = on_opened,
		.epoch_ended = on_stretch_over,
		.control_set = on_adjusted,
		.context = recorder,
	});
	return recorder->capture || reason_set(why, "cannot start the capture");
}

static void publish_frames(struct recorder *recorder)
{
	recorder->publisher.ring = recorder->ring;
	recorder->publisher.reader = recorder->reader;
	recorder->publisher.capture = recorder->capture;
	recorder->publisher.encoder = recorder->encoder;
}

static bool watch_parts(struct recorder *recorder)
{
	recorder->signals.ready = on_signal;
	recorder->room.ready = on_room;
	recorder->signals.context = recorder->room.context = recorder;
	recorder->publisher = (struct publisher){
		.config = &recorder->config,
		.storage = recorder->storage,
		.archive = recorder->archive,
		.started = wall_now(),
		.configured = recorder->configured,
		.memory_limit = recorder->publisher.memory_limit,
	};
	publish_frames(recorder);
	recorder->encoder_late = (struct loop_timer){.due = on_encoder_late, .context = recorder};
	recorder->publishing = (struct loop_timer){.due = on_publish, .context = recorder};
	loop_timer_set(recorder->loop, &recorder->publishing, mono_now());
	return loop_watch_set(recorder->loop, &recorder->signals, EPOLLIN) &&
	       loop_watch_set(recorder->loop, &recorder->room, EPOLLIN);
}

/* Recording does not hang on it. */
static void open_control(struct recorder *recorder)
{
	struct reason why;

	recorder->control = control_server_create(
		&(struct control_server_parts){
			.loop = recorder->loop,
			.camera = recorder->config.camera.name,
			.recording = on_recording,
			.adjust = on_adjust,
			.context = recorder,
		},
		&why);
	if (!recorder->control)
		log_warn("control", "%s: nothing can be changed while the recorder runs", why.text);
}

static int64_t time_left_us(const struct recorder *recorder)
{
	int64_t left_us = recorder->stop_by.us - mono_now().us;

	return left_us > 0 ? left_us : 0;
}

/* The process ends without its threads. */
static _Noreturn void leave(struct recorder *recorder, const char *why)
{
	log_error("main", "%s within %d s", why, (int)(STOP_US / US_PER_S));
	publish_stopped(&recorder->publisher);
	recorder_release_ring(recorder);
	log_stop();
	_exit(1);
}

/* What was fed is with storage, or time was up: the rest in order. */
static void finish_writing(struct recorder *recorder)
{
	encoder_destroy(recorder->encoder);
	recorder->encoder = NULL;
	if (recorder->storage && !storage_stop(recorder->storage, time_left_us(recorder)))
		leave(recorder, "the disk did not take the last frames");
	recorder->storage = NULL;
	if (!archive_stop(recorder->archive, time_left_us(recorder)))
		leave(recorder, "the disk did not let the recordings be finished");
	archive_close(recorder->archive);
	recorder->archive = NULL;
}

/* Footage does not hang on it: all of that is written. False where it hangs. */
static bool finish_capture(struct recorder *recorder)
{
	bool closed = capture_destroy(recorder->capture, time_left_us(recorder));

	recorder->capture = NULL;
	if (closed)
		return true;
	log_error("main", "the camera hangs in its driver: it is left to the kernel");
	recorder->hangs = true;
	return false;
}

static void finish(struct recorder *recorder)
{
	if (!recorder->stop_by.us)
		recorder->stop_by.us = mono_now().us + STOP_US;
	control_server_destroy(recorder->control);
	recorder->control = NULL;
	if (recorder->capture)
		capture_stop(recorder->capture);
	finish_writing(recorder);
	finish_capture(recorder);
	if (recorder->publisher.ring)
		publish_stopped(&recorder->publisher);
	log_info("main", "stopped");
}

/* Everything that frames go through, on a new ring; storage and what else there is go on. */
static bool renew_ring(struct recorder *recorder, struct reason *why)
{
	struct encoder_status status;

	encoder_status(recorder->encoder, &status);
	encoder_destroy(recorder->encoder);
	recorder->encoder = NULL;
	if (!finish_capture(recorder))
		return reason_set(why, "the ring cannot be made anew while the camera hangs");
	if (!keep_lock(recorder, why))
		return false;
	ring_reader_close(recorder->reader);
	ring_writer_close(recorder->ring);
	recorder->reader = NULL;
	recorder->ring = recorder->publisher.ring = NULL;
	if (!recorder_open_ring(recorder, why) || !start_frames(recorder, why))
		return false;
	loop_timer_clear(recorder->loop, &recorder->encoder_late);
	recorder->renewing = false;
	publish_frames(recorder);
	on_recording(recorder, !status.off);
	return true;
}

/* False, with the reason, where it ended by itself. */
static bool run(struct recorder *recorder, struct reason *why)
{
	open_control(recorder);
	publish(&recorder->publisher);
	service_ready(&recorder->service);
	for (;;) {
		loop_run(recorder->loop);
		if (!recorder->renewing || recorder->stopping)
			return true;
		if (!renew_ring(recorder, why))
			return false;
	}
}

int recorder_run(struct recorder *recorder)
{
	struct reason why = {"the event loop refuses its descriptors"};
	bool good = start_storage(recorder, &why) && start_frames(recorder, &why) && watch_parts(recorder) &&
		    run(recorder, &why);

	if (!good)
		log_error("main", "%s", why.text);
	finish(recorder);
	return good ? 0 : 1;
}
