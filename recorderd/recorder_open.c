/* recorder_open.c - everything that a start can fail for, and its end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/recorder_internal.h"
#include "recorderd/ring/ring_pages.h"
#include "recorderd/ring/ring_size.h"
#include "shared/base/log.h"
#include "shared/media/ffmpeg_args.h"

/* /dev/shm is shared like RAM: what others have by their own memory.max_mb is theirs, the rest is for all the others.
 */
static void wish_for(struct recorder *recorder, struct ring_request *out)
{
	const struct other_cameras *others = &recorder->other_cameras;
	uint64_t room = ring_pages_total_bytes(RING_SPARE_PERCENT);

	recorder->publisher.memory_limit = ring_size_choose(&recorder->config, others->count + 1, out);
	if (room != UINT64_MAX)
		room = room > others->exact_bytes ? room - others->exact_bytes : 0;
	if (ring_size_limit_to_share(out, room, others->count - others->exact + 1))
		recorder->publisher.memory_limit = MEMORY_SHM;
}

static void log_size(const struct recorder *recorder, uint64_t bytes)
{
	double minutes = recorder->config.memory.minutes;

	if (recorder->publisher.memory_limit == MEMORY_SHM)
		log_warn("memory",
			 "%llu MiB for the newest frames, at most %g minutes: a larger /dev/shm would give them more",
			 (unsigned long long)bytes >> 20, minutes);
	else
		log_info("memory", "%llu MiB for the newest frames, at most %g minutes",
			 (unsigned long long)bytes >> 20, minutes);
}

bool recorder_open_ring(struct recorder *recorder, struct reason *why)
{
	struct ring_request wish;
	char name[64];
	uint64_t bytes, total;
	const void *memory;

	wish_for(recorder, &wish);
	config_ring_name(&recorder->config, name);
	wish.name = name;
	recorder->ring = ring_writer_open(&wish, &bytes, &recorder->adopted, why);
	if (!recorder->ring)
		return false;
	if (bytes < wish.data_bytes)
		recorder->publisher.memory_limit = MEMORY_SHM;
	log_size(recorder, bytes);
	if (recorder->adopted)
		log_info("memory", "took over the frames that a recorder before this one left");
	memory = ring_writer_memory(recorder->ring, &total);
	recorder->reader = ring_reader_attach(memory, total, why);
	return recorder->reader != NULL;
}

/* A recorder that ends by itself is started again: what a new ring of it has is nothing yet. */
static bool keeps_ring(const struct recorder *recorder)
{
	if (recorder->stopping)
		return recorder->keep_memory && !recorder->interrupted;
	return recorder->reader && ring_reader_head(recorder->reader) > 0;
}

void recorder_release_ring(struct recorder *recorder)
{
	if (recorder->ring && keeps_ring(recorder)) {
		log_info("memory", "the frames in memory stay for the next recorder");
		ring_writer_detach(recorder->ring);
	} else {
		ring_writer_close(recorder->ring);
	}
	recorder->ring = recorder->publisher.ring = NULL;
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
	signal(SIGCHLD, SIG_DFL); /* where who started us ignored it, the kernel would not say how a child ended */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
	recorder->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return recorder->signals.fd >= 0 || reason_errno(why, "cannot watch for signals");
}

struct recorder *recorder_open(const struct config *config, bool keep_memory, struct reason *why)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		reason_set(why, "no memory");
		return NULL;
	}
	recorder->config = *config;
	recorder->keep_memory = keep_memory;
	service_open(&recorder->service);
	recorder->name_lock = recorder->signals.fd = recorder->room.fd = -1;
	recorder->configured = mono_now();
	other_cameras_find(config, &recorder->other_cameras);
	if (config->record.codec == CODEC_H264 && !ffmpeg_knows_encoder(config->record.encoder)) {
		reason_set(
			why,
			"%s: record.encoder \"%s\" is not known; libx264, h264_vaapi, h264_v4l2m2m and h264_nvenc are",
			config->file, config->record.encoder);
		goto fail;
	}
	if (!open_signals(recorder, why))
		goto fail;
	recorder->name_lock = instance_lock_take(config->camera.name, why);
	if (recorder->name_lock < 0)
		goto fail;
	recorder->archive = archive_open(&recorder->config, why);
	if (!recorder->archive || !recorder_open_ring(recorder, why))
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

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	if (!leftover_sweep_finish(&recorder->sweep))
		recorder->hangs = true;
	recorder_release_ring(recorder);
	ring_reader_close(recorder->reader);
	archive_close(recorder->archive);
	loop_destroy(recorder->loop);
	service_close(&recorder->service);
	close_fd(recorder->signals.fd);
	close_fd(recorder->room.fd);
	instance_lock_release(recorder->name_lock, recorder->config.camera.name);
	if (!recorder->hangs)
		free(recorder);
}
