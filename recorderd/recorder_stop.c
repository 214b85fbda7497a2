/* recorder_stop.c - stops the parts of the recorder in order, within a time limit. */
#include <unistd.h>

#include "recorderd/recorder_internal.h"
#include "shared/base/log.h"

void recorder_begin_stop(struct recorder *recorder)
{
	recorder->stopping = true;
	notifier_stop(recorder->notifier);
	control_server_destroy(recorder->control);
	recorder->control = NULL;
	archive_cancel_repair(recorder->archive);
	recorder_drain(recorder);
}

static int64_t time_left_us(const struct recorder *recorder)
{
	int64_t left_us = recorder->stop_by.us - mono_now().us;

	return left_us > 0 ? left_us : 0;
}

/* Exits without waiting for the threads. */
static _Noreturn void abandon(struct recorder *recorder, const char *why)
{
	log_error("main", "%s within %d s", why, (int)(RECORDER_STOP_US / US_PER_S));
	publish_stopped(&recorder->publisher);
	recorder_release_ring(recorder);
	log_stop();
	_exit(1);
}

/* Stops everything after the encoder, which has passed all its frames on or has been given up. */
static void finish_writing(struct recorder *recorder)
{
	encoder_destroy(recorder->encoder);
	recorder->encoder = NULL;
	motion_process_destroy(recorder->motion);
	recorder->motion = NULL;
	if (recorder->storage && !storage_stop(recorder->storage, time_left_us(recorder)))
		abandon(recorder, "the last frames could not be written");
	recorder->storage = NULL;
	if (!archive_stop(recorder->archive, time_left_us(recorder)))
		abandon(recorder, "the open files could not be finished");
	recorder_notify_segments(recorder);
	archive_close(recorder->archive);
	recorder->archive = NULL;
}

bool recorder_finish_capture(struct recorder *recorder)
{
	bool closed = capture_destroy(recorder->capture, time_left_us(recorder));

	recorder->capture = NULL;
	if (closed)
		return true;
	log_error("main", "the camera hangs in its driver; exiting without closing it");
	recorder->leaked_thread = true;
	return false;
}

void recorder_finish(struct recorder *recorder)
{
	if (!recorder->stop_by.us)
		recorder->stop_by.us = mono_now().us + RECORDER_STOP_US;
	control_server_destroy(recorder->control);
	recorder->control = NULL;
	if (!setup_writer_destroy(recorder->setup))
		recorder->leaked_thread = true;
	recorder->setup = NULL;
	if (recorder->capture)
		capture_stop(recorder->capture);
	finish_writing(recorder);
	recorder_finish_capture(recorder);
	if (recorder->publisher.ring)
		publish_stopped(&recorder->publisher);
	log_info("main", "stopped");
}
