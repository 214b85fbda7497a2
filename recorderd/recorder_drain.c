/* recorder_drain.c - lets the encoder finish what is in the ring: before the end, and before another ring. */
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/recorder_internal.h"
#include "shared/base/log.h"

#define DRAIN_US (10 * US_PER_S) /* the encoder's share of RECORDER_STOP_US */

static void on_drained(void *context)
{
	struct recorder *recorder = context;

	loop_stop(recorder->loop);
}

/* FFmpeg or the disk hangs: gives up all frames that are not recorded yet. */
static void on_drain_timeout(void *context)
{
	struct recorder *recorder = context;

	log_error("main", "the last frames could not be encoded within %d s and are lost", (int)(DRAIN_US / US_PER_S));
	loop_stop(recorder->loop);
}

void recorder_drain(struct recorder *recorder)
{
	mono_t now = mono_now();

	recorder->stop_by.us = now.us + RECORDER_STOP_US;
	recorder->publisher.capture = NULL;
	recorder->drain_timer.due = on_drain_timeout;
	recorder->drain_timer.context = recorder;
	capture_stop(recorder->capture);
	loop_timer_set(recorder->loop, &recorder->drain_timer, (mono_t){now.us + DRAIN_US});
	encoder_stop(recorder->encoder, on_drained, recorder);
}

bool recorder_check_lock(struct recorder *recorder, struct reason *why)
{
	const char *camera = recorder->config.camera.name;

	if (instance_lock_is_intact(recorder->name_lock, camera))
		return true;

	int lock = instance_lock_take(camera, why);

	if (lock < 0)
		return false;
	close(recorder->name_lock);
	recorder->name_lock = lock;
	log_warn("main", "the lock of \"%s\" was removed from /dev/shm; created it again", camera);
	return true;
}

void recorder_check_ring(struct recorder *recorder)
{
	struct reason why;

	if (recorder->replacing_ring || recorder->stopping)
		return;
	if (!recorder_check_lock(recorder, &why)) {
		log_error("memory", "%s", why.text);
	} else {
		ring_writer_republish_name(recorder->ring);
		if (ring_writer_has_name(recorder->ring))
			return;
		log_error("memory", "the ring of \"%s\" was removed from /dev/shm; creating a new one",
			  recorder->config.camera.name);
	}
	recorder->replacing_ring = true;
	recorder_drain(recorder);
}

void recorder_empty_memory(struct recorder *recorder, const char *why)
{
	log_info("memory", "%s: emptying the memory", why);
	recorder->emptying_memory = true;
	if (recorder->replacing_ring || recorder->stopping)
		return;
	recorder->replacing_ring = true;
	recorder_drain(recorder);
}
