#include "recorderd/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "recorderd/capture.h"
#include "recorderd/control.h"
#include "recorderd/encoder.h"
#include "recorderd/encoder_command.h"
#include "recorderd/name_lock.h"
#include "recorderd/publish.h"
#include "recorderd/reload.h"
#include "recorderd/ring_size.h"
#include "recorderd/service.h"
#include "recorderd/siblings.h"
#include "shared/log.h"

#define PUBLISH_EVERY_US (US_PER_S / 5)
#define FLUSH_US         (10 * US_PER_S) /* how long a stop waits for a slow disk */

struct recorder {
	struct config config;
	struct service service;
	struct siblings siblings;
	int name_lock;
	struct loop *loop;
	struct archive *archive;
	struct ring_writer *ring;
	struct ring_reader *reader;
	mono_t configured; /* the configuration was read before this */
	uint64_t adopted;
	struct storage *storage;
	struct encoder *encoder;
	struct capture *capture;
	struct control *control; /* NULL: its address was not to be had */
	struct publisher publisher;
	struct loop_watch signals, room;
	struct loop_timer publishing;
	bool stopping;
};

/* Opening: everything that a start can fail for */

static bool open_ring(struct recorder *recorder, struct reason *why)
{
	struct ring_wish wish;
	char name[64];
	uint64_t bytes, total;
	const void *memory;

	ring_size_choose(&recorder->config, recorder->siblings.count + 1, &wish);
	config_ring_name(&recorder->config, name);
	wish.name = name;
	recorder->ring = ring_writer_open(&wish, &bytes, &recorder->adopted, why);
	if (!recorder->ring)
		return false;
	if (bytes < wish.data_bytes)
		log_warn("memory", "/dev/shm has room for %llu MiB only, not for the %llu MiB that %g minutes may take",
			 (unsigned long long)bytes >> 20, (unsigned long long)wish.data_bytes >> 20,
			 recorder->config.memory.minutes);
	else
		log_info("memory", "%llu MiB for the newest frames, at most %g minutes",
			 (unsigned long long)bytes >> 20, recorder->config.memory.minutes);
	if (recorder->adopted)
		log_info("memory", "took over the frames that a recorder before this one left");
	memory = ring_writer_memory(recorder->ring, &total);
	recorder->reader = ring_reader_attach(memory, total, why);
	return recorder->reader != NULL;
}

/* Blocked before any thread starts, so that they come to the event loop alone. */
static bool open_signals(struct recorder *recorder, struct reason *why)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	recorder->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return recorder->signals.fd >= 0 || reason_errno(why, "cannot watch for signals");
}

struct recorder *recorder_open(const struct config *config, struct reason *why)
{
	struct recorder *recorder = calloc(1, sizeof *recorder);

	if (!recorder) {
		reason_set(why, "no memory");
		return NULL;
	}
	recorder->config = *config;
	service_open(&recorder->service);
	recorder->name_lock = recorder->signals.fd = recorder->room.fd = -1;
	recorder->configured = mono_now();
	siblings_find(config, &recorder->siblings);
	if (config->record.codec == CODEC_H264 && !encoder_is_known(config->record.encoder)) {
		reason_set(
			why,
			"%s: record.encoder \"%s\" is not known; libx264, h264_vaapi, h264_v4l2m2m and h264_nvenc are",
			config->file, config->record.encoder);
		goto fail;
	}
	if (!open_signals(recorder, why))
		goto fail;
	recorder->name_lock = name_lock_take(config->camera.name, why);
	if (recorder->name_lock < 0)
		goto fail;
	recorder->archive = archive_open(&recorder->config, why);
	if (!recorder->archive || !open_ring(recorder, why))
		goto fail;
	recorder->loop = loop_create();
	recorder->room.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!recorder->loop || recorder->room.fd < 0) {
		reason_errno(why, "cannot make an event loop");
		goto fail;
	}
	return recorder;
fail:
	recorder_close(recorder);
	return NULL;
}

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
		control_adjusted(recorder->control, ticket, good, value, why);
}

static void on_publish(void *context)
{
	struct recorder *recorder = context;

	publish(&recorder->publisher);
	service_tick(&recorder->service, &recorder->publisher.last,
		     !recorder->capture || capture_alive(recorder->capture));
	loop_timer_set(recorder->loop, &recorder->publishing, (mono_t){mono_now().us + PUBLISH_EVERY_US});
}

static void on_room(void *context, uint32_t events)
{
	struct recorder *recorder = context;
	uint64_t count;

	(void)events;
	if (read(recorder->room.fd, &count, sizeof count) > 0)
		encoder_pump(recorder->encoder);
}

static void on_drained(void *context)
{
	struct recorder *recorder = context;

	loop_stop(recorder->loop);
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

static void begin_stop(struct recorder *recorder)
{
	if (recorder->stopping) {
		log_warn("main", "told to stop a second time: leaving at once");
		loop_stop(recorder->loop);
		return;
	}
	log_info("main", "stopping");
	service_stopping(&recorder->service);
	recorder->stopping = true;
	recorder->publisher.capture = NULL;
	control_destroy(recorder->control);
	recorder->control = NULL;
	capture_destroy(recorder->capture);
	recorder->capture = NULL;
	encoder_stop(recorder->encoder, on_drained, recorder);
}

static void on_signal(void *context, uint32_t events)
{
	struct recorder *recorder = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(recorder->signals.fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGHUP)
		read_again(recorder);
	else
		begin_stop(recorder);
}

static uint32_t newest_stretch(const struct recorder *recorder)
{
	struct ring_frame frame;

	return ring_reader_get(recorder->reader, recorder->adopted, &frame) ? frame.meta.stretch : 0;
}

static bool start_parts(struct recorder *recorder, struct reason *why)
{
	if (!archive_start(recorder->archive, why))
		return false;
	recorder->storage = storage_start(recorder->archive, &recorder->config, recorder->room.fd);
	if (!recorder->storage)
		return reason_set(why, "cannot start the storage thread");
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
		.others = &recorder->siblings.others,
		.first_stretch = newest_stretch(recorder),
		.frame = on_frame,
		.opened = on_opened,
		.stretch_over = on_stretch_over,
		.adjusted = on_adjusted,
		.context = recorder,
	});
	return recorder->capture || reason_set(why, "cannot start the capture");
}

static bool watch_parts(struct recorder *recorder)
{
	recorder->signals.ready = on_signal;
	recorder->room.ready = on_room;
	recorder->signals.context = recorder->room.context = recorder;
	recorder->publisher = (struct publisher){
		.config = &recorder->config,
		.ring = recorder->ring,
		.capture = recorder->capture,
		.encoder = recorder->encoder,
		.storage = recorder->storage,
		.archive = recorder->archive,
		.started = wall_now(),
		.configured = recorder->configured,
	};
	recorder->publishing = (struct loop_timer){.due = on_publish, .context = recorder};
	loop_timer_set(recorder->loop, &recorder->publishing, mono_now());
	return loop_watch_set(recorder->loop, &recorder->signals, EPOLLIN) &&
	       loop_watch_set(recorder->loop, &recorder->room, EPOLLIN);
}

/* Recording does not hang on it. */
static void open_control(struct recorder *recorder)
{
	struct reason why;

	recorder->control = control_create(
		&(struct control_parts){
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

/* What was fed is with storage, or time was up: the rest in order. Where the disk hangs, the process ends without its
 * threads. */
static void finish_writing(struct recorder *recorder)
{
	encoder_destroy(recorder->encoder);
	recorder->encoder = NULL;
	if (recorder->storage && !storage_stop(recorder->storage, FLUSH_US)) {
		log_error("main", "the disk did not take the last frames within %d s", (int)(FLUSH_US / US_PER_S));
		publish_stopped(&recorder->publisher);
		ring_writer_close(recorder->ring);
		log_stop();
		_exit(1);
	}
	recorder->storage = NULL;
	archive_close(recorder->archive);
	recorder->archive = NULL;
}

int recorder_run(struct recorder *recorder)
{
	struct reason why;
	int status = 0;

	if (!start_parts(recorder, &why) || !watch_parts(recorder)) {
		log_error("main", "%s", why.text);
		status = 1;
	} else {
		open_control(recorder);
		publish(&recorder->publisher);
		service_ready(&recorder->service);
		loop_run(recorder->loop);
	}
	control_destroy(recorder->control);
	recorder->control = NULL;
	capture_destroy(recorder->capture);
	recorder->capture = NULL;
	finish_writing(recorder);
	publish_stopped(&recorder->publisher);
	log_info("main", "stopped");
	return status;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	ring_reader_close(recorder->reader);
	ring_writer_close(recorder->ring);
	archive_close(recorder->archive);
	loop_destroy(recorder->loop);
	service_close(&recorder->service);
	close_fd(recorder->signals.fd);
	close_fd(recorder->room.fd);
	close_fd(recorder->name_lock);
	free(recorder);
}
