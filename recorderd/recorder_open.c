/* recorder_open.c - opens everything that can make a start fail, and closes it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/recorder_internal.h"
#include "recorderd/rewrite/privacy_mask.h"
#include "recorderd/ring/ring_pages.h"
#include "recorderd/ring/ring_size.h"
#include "shared/base/log.h"
#include "shared/media/ffmpeg_args.h"
#include "shared/notify/hook_rule.h"

/*
 * All cameras share /dev/shm as they share RAM: those with a memory.max_mb get that much, and the rest is divided among
 * the others. Each is left room for its side rings.
 */
static void choose_size(struct recorder *recorder, struct ring_request *out)
{
	const struct other_cameras *others = &recorder->other_cameras;
	uint64_t room = ring_pages_total_bytes(RING_SPARE_PERCENT);

	recorder->publisher.memory_limit = ring_size_choose(&recorder->config, others->count + 1, out);
	uint64_t side =
		video_writer_first_total_bytes() + notification_writer_total_bytes() + motion_ring_writer_total_bytes();
	uint64_t taken = others->exact_bytes + (others->count + 1) * side;
	if (room != UINT64_MAX)
		room = room > taken ? room - taken : 0;
	if (ring_size_limit_to_share(out, room, others->count - others->exact + 1))
		recorder->publisher.memory_limit = MEMORY_SHM;
}

static void log_size(const struct recorder *recorder, uint64_t bytes)
{
	double minutes = recorder->config.memory.minutes;

	if (recorder->publisher.memory_limit == MEMORY_SHM)
		log_warn("memory",
			 "%llu MiB of memory for up to %g minutes of frames; a larger /dev/shm would allow more",
			 (unsigned long long)bytes >> 20, minutes);
	else
		log_info("memory", "%llu MiB of memory for up to %g minutes of frames", (unsigned long long)bytes >> 20,
			 minutes);
}

bool recorder_open_ring(struct recorder *recorder, struct reason *why)
{
	struct ring_request request;
	char name[64];

	choose_size(recorder, &request);
	config_ring_name(&recorder->config, name);
	request.name = name;
	request.mask = config_mask_id(&recorder->config);

	uint64_t bytes;

	recorder->ring = ring_writer_open(&request, &bytes, &recorder->adopted, why);
	if (!recorder->ring)
		return false;
	if (bytes < request.data_bytes)
		recorder->publisher.memory_limit = MEMORY_SHM;
	log_size(recorder, bytes);
	if (recorder->adopted)
		log_info("memory", "took over the frames that the previous recorder left");

	uint64_t total;
	const void *memory = ring_writer_memory(recorder->ring, &total);

	recorder->reader = ring_reader_attach(memory, total, why);
	return recorder->reader != NULL;
}

void recorder_open_video(struct recorder *recorder)
{
	char name[64];

	config_ring_name(&recorder->config, name);
	if (recorder->config.record.codec == CODEC_H264)
		recorder->video = video_writer_open(name, config_mask_id(&recorder->config));
	else
		video_writer_remove_leftover(name);
}

/* A recorder that ends because of an error is restarted, and its frames are kept for that, if it has any. */
static bool keeps_ring(const struct recorder *recorder)
{
	if (recorder->restarting && !recorder->interrupted)
		return true;
	if (recorder->stopping)
		return recorder->keep_memory && !recorder->interrupted;
	return recorder->reader && ring_reader_head(recorder->reader) > 0;
}

void recorder_release_ring(struct recorder *recorder)
{
	bool keep = recorder->ring && keeps_ring(recorder);

	recorder_release_notifications(recorder, keep);
	if (keep) {
		log_info("memory", "the frames in memory stay for the next recorder");
		ring_writer_detach(recorder->ring);
		video_writer_detach(recorder->video);
	} else {
		ring_writer_close(recorder->ring);
		video_writer_close(recorder->video);
	}
	recorder->video = NULL;
	recorder->ring = recorder->publisher.ring = NULL;
}

/* Blocks the signals before any thread starts, so that only the event loop gets them. */
static bool open_signals(struct recorder *recorder, struct reason *why)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL); /* if our parent ignored it, the kernel would discard the exit status of children */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* write() fails with EFBIG instead */
	recorder->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return recorder->signals.fd >= 0 || reason_errno(why, "signalfd failed");
}

static bool check_encoder(const struct config *config, struct reason *why)
{
	const char *name = config->record.encoder;

	if (config->record.codec != CODEC_H264 || strcmp(name, FFMPEG_ENCODER_AUTO) == 0 || ffmpeg_knows_encoder(name))
		return true;
	return reason_set(why,
			  "%s: record.encoder = %s is not supported; use auto, libx264, h264_v4l2m2m, h264_vaapi, "
			  "h264_nvenc or h264_qsv",
			  config->file, name);
}

struct recorder *recorder_open(const struct config *config, bool keep_memory, struct reason *why)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		reason_set(why, "out of memory");
		return NULL;
	}
	recorder->config = *config;
	recorder->keep_memory = keep_memory;
	service_open(&recorder->service);
	recorder->name_lock = recorder->signals.fd = recorder->storage_room.fd = -1;
	recorder->config_read_at = mono_now();
	other_cameras_find(config, &recorder->other_cameras);
	if (!check_encoder(config, why) || !hook_rules_check(config, why) || !privacy_mask_check(config, why))
		goto fail;
	if (!open_signals(recorder, why))
		goto fail;
	recorder->name_lock = instance_lock_take(config->camera.name, why);
	if (recorder->name_lock < 0)
		goto fail;
	recorder->archive = archive_open(&recorder->config, why);
	if (!recorder->archive || !recorder_open_ring(recorder, why))
		goto fail;
	recorder_open_video(recorder);
	if (!recorder_open_notifications(recorder, why))
		goto fail;
	recorder->loop = loop_create();
	recorder->storage_room.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!recorder->loop || recorder->storage_room.fd < 0) {
		reason_errno(why, "cannot create an event loop");
		goto fail;
	}
	return recorder;
fail:
	recorder_close(recorder);
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

bool recorder_restarts(const struct recorder *recorder)
{
	return recorder->restarting && !recorder->leaked_thread;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	if (!leftover_sweep_finish(&recorder->sweep))
		recorder->leaked_thread = true;
	recorder_release_ring(recorder);
	ring_reader_close(recorder->reader);
	archive_close(recorder->archive);
	loop_destroy(recorder->loop);
	if (recorder_restarts(recorder))
		sd_notify_hand_over(&recorder->service.notify);
	service_close(&recorder->service);
	close_fd(recorder->signals.fd);
	close_fd(recorder->storage_room.fd);
	instance_lock_release(recorder->name_lock, recorder->config.camera.name);
	if (!recorder->leaked_thread)
		free(recorder);
}
