/*
 * recorder_internal.h - shared by recorder_open.c (opening everything that can make a start fail, and closing it),
 * recorder.c (running), recorder_drain.c (what the ring holds is encoded), recorder_recording.c (whether to record),
 * recorder_notify.c (telling what happens), recorder_setup.c (another configuration) and recorder_stop.c (stopping).
 */
#ifndef RECORDERD_RECORDER_INTERNAL_H
#define RECORDERD_RECORDER_INTERNAL_H

#include "recorderd/capture/capture.h"
#include "recorderd/capture/other_cameras.h"
#include "recorderd/control/control_server.h"
#include "recorderd/encoder/encoder.h"
#include "recorderd/motion/motion_process.h"
#include "recorderd/notify/hook_server.h"
#include "recorderd/notify/notifier.h"
#include "recorderd/publish.h"
#include "recorderd/recorder.h"
#include "recorderd/ring/leftover_sweep.h"
#include "recorderd/schedule.h"
#include "recorderd/service.h"
#include "recorderd/setup/setup_writer.h"

#define RECORDER_STOP_US (12 * US_PER_S) /* a stop gives up after this long; make run sends SIGKILL after 15 s */

struct recorder {
	struct config config;
	struct service service;
	struct other_cameras other_cameras;
	int name_lock;
	struct loop *loop;
	struct archive *archive;
	struct ring_writer *ring;
	struct ring_reader *reader;
	struct video_writer *video; /* NULL: it does not record H.264 */
	struct notification_writer *events;
	struct motion_ring_writer *live_motion;
	struct notifier *notifier;
	struct hook_server *hooks; /* NULL if its socket could not be opened */
	mono_t config_read_at;
	uint64_t adopted; /* seq of the newest frame that was taken over; 0: none */
	struct storage *storage;
	struct encoder *encoder;
	struct motion_process *motion;
	struct capture *capture;
	struct control_server *control; /* NULL if its socket could not be opened */
	struct setup_writer *setup;     /* NULL without the socket */
	uint32_t setup_ticket;          /* of the choice that is being written */
	struct publisher publisher;
	struct leftover_sweep sweep;
	struct loop_watch signals;
	struct loop_watch storage_room; /* an eventfd: storage takes frames again */
	struct loop_timer publish_timer, drain_timer;
	struct schedule schedule;
	/* Somebody has switched recording on or off, which holds until record.hours changes it or the recorder ends. */
	bool switched, switched_on;
	/* The same of the camera, but that off holds until somebody switches it on again. */
	bool camera_switched, camera_switched_on;
	enum gap_cause camera_off_cause; /* why the camera is off; GAP_NONE: it is not */
	bool stopping;
	bool keep_memory;     /* SIGTERM leaves the ring to the next recorder */
	bool restarting;      /* it stops to run again with another configuration; the ring stays */
	bool interrupted;     /* by SIGINT, which never leaves the ring */
	bool replacing_ring;  /* the frames of the old one are being encoded first */
	bool emptying_memory; /* and the video ring is replaced, too */
	mono_t stop_by;       /* set when it stops */
	bool leaked_thread;   /* one is stuck in a driver or on a slow disk: the memory it uses is never freed */
};

/* recorder_open.c: takes over the ring or creates it, and opens its reader. Sets *why on failure. */
bool recorder_open_ring(struct recorder *recorder, struct reason *why);

/* Takes over the video ring or creates it, if H.264 is recorded. Recording does not depend on it. */
void recorder_open_video(struct recorder *recorder);

/* Leaves the ring to the next recorder or frees it, as recorder.h says. The reader stays open. Safe without a ring. */
void recorder_release_ring(struct recorder *recorder);

/*
 * recorder_recording.c: records if somebody said so; otherwise if the configuration says so, and now is a time to
 * record. Opens and closes the camera with it, and empties the memory if record.outside_hours says so. Publishes the
 * state.
 */
void recorder_apply_recording(struct recorder *recorder);

/* Somebody switched recording on or off. */
void recorder_set_recording(struct recorder *recorder, bool on);

/* Somebody switched the camera on or off. */
void recorder_set_camera(struct recorder *recorder, bool on);

/* Why the camera has to be off now; GAP_NONE if it has not. */
enum gap_cause recorder_camera_off_cause(const struct recorder *recorder);

/* After record.hours or record.outside_hours was read again. */
void recorder_reload_schedule(struct recorder *recorder);

/* Call it a few times per second. */
void recorder_check_schedule(struct recorder *recorder);

/*
 * recorder_drain.c: begins to close the camera, and has the encoder finish what is in the ring. The loop stops when
 * that is done, or when time is up.
 */
void recorder_drain(struct recorder *recorder);

/* Takes the lock again if somebody has removed the user's folder. Fails if another recorder took it first. */
bool recorder_check_lock(struct recorder *recorder, struct reason *why);

/*
 * Call it a few times per second. Replaces the ring if somebody has removed its name from /dev/shm, since new readers
 * could not find it any more.
 */
void recorder_check_ring(struct recorder *recorder);

/*
 * Has what is in memory encoded, and begins again with empty rings: readers find no frame from before, and their memory
 * is freed even if they still have it mapped.
 */
void recorder_empty_memory(struct recorder *recorder, const char *why);

/* recorder_notify.c: opens the rings of notifications and of motion records. Sets *why on failure. */
bool recorder_open_notifications(struct recorder *recorder, struct reason *why);

/* Opens the socket of recorder-hooks; recorder_release_notifications() closes it. */
void recorder_open_hooks(struct recorder *recorder);

/* Leaves these rings to the next recorder or frees them. Safe without them. */
void recorder_release_notifications(struct recorder *recorder, bool keep);

/* Creates these rings again if somebody has removed their names. */
void recorder_check_notifications(struct recorder *recorder);

/* Publishes the state, and tells what has changed. */
void recorder_publish(struct recorder *recorder);

/* Tells which segments were finished. recorder_publish() does so, too. */
void recorder_notify_segments(struct recorder *recorder);

/* recorder_setup.c: reads the configuration again, and applies what can change while it runs. */
void recorder_reload(struct recorder *recorder);

/* Prepares to write choices. The recorder works without it. */
void recorder_open_setup(struct recorder *recorder);

/* control_server_parts.describe_setup and .set_up; `context` is the recorder. */
struct json_object *recorder_describe_setup(void *context);
bool recorder_set_up(void *context, uint32_t ticket, const struct setup_choice *choice, struct reason *why);

/* recorder_stop.c: begins to stop all parts; the loop ends when they have. */
void recorder_begin_stop(struct recorder *recorder);

/* Closes the capture. Returns false if the camera hangs; all footage is written by then. */
bool recorder_finish_capture(struct recorder *recorder);

/*
 * Stops all parts: the control socket, the capture, the encoder, storage, the archive. Exits the process if the disk
 * does not take what is left before recorder->stop_by.
 */
void recorder_finish(struct recorder *recorder);

#endif
