/*
 * state.h - the state that recorderd publishes in the ring's header.
 *
 * Other processes read it, so all fields have a fixed width. Texts are NUL-terminated UTF-8. A reader terminates them
 * again, because it cannot trust what is in shared memory.
 */
#ifndef SHARED_RING_STATE_H
#define SHARED_RING_STATE_H

#include <assert.h>
#include <stdint.h>

enum camera_state {
	CAMERA_STARTING,
	CAMERA_WAITING, /* no device is available */
	CAMERA_OPENING, /* open, but no frame yet */
	CAMERA_STREAMING,
	CAMERA_STALLED, /* no frame for longer than the limit; the device is being reopened */
	CAMERA_STOPPED, /* the recorder exited */
	CAMERA_OFF,     /* its device is closed: somebody switched it off, or it is off outside of record.hours */
};

enum frame_source { SOURCE_CAMERA, SOURCE_TEST };

enum recording_state {
	RECORDING_OFF,     /* record.enabled = no, switched off, or outside of record.hours */
	RECORDING_WAITING, /* no frames to record */
	RECORDING_ON,
	RECORDING_ENCODER,     /* the encoder stopped and is being restarted */
	RECORDING_DISK,        /* the disk cannot be written to; see disk_error */
	RECORDING_NO_PICTURES, /* the encoder cannot decode what the camera sends; see last_error */
};

/* Why a frame was dropped. */
enum frame_damage {
	DAMAGE_NONE,
	DAMAGE_FLAGGED,   /* by the driver */
	DAMAGE_EMPTY,     /* no bytes */
	DAMAGE_OVERRUN,   /* larger than its buffer */
	DAMAGE_NOT_JPEG,  /* no JPEG that players show */
	DAMAGE_TRUNCATED, /* a JPEG of which the end is missing */
	DAMAGE_FIELDS,    /* two fields of an interlaced picture */
	DAMAGE_SHORT,     /* an uncompressed picture of which the end is missing */
	DAMAGE_COMPRESS,  /* could not be compressed */
	DAMAGE_TOO_LARGE, /* for the ring */
	DAMAGE_REWRITE,   /* could not be masked */
	DAMAGE_KINDS,
};

/* Why there is a gap before a segment. The numbers are stored in segments (segment.h) and must not change. */
enum gap_cause {
	GAP_NONE = 0,          /* it continues the previous segment without a missing frame */
	GAP_START = 1,         /* the first recording ever */
	GAP_RECORDER_DOWN = 2, /* stopped, crashed, or the machine was off */
	GAP_UNPLUGGED = 3,
	GAP_STALLED = 4, /* the camera sent nothing */
	GAP_CLOCK = 5,   /* the clock was set; older recorders: or the machine was suspended */
	GAP_ENCODER = 6,
	GAP_DISK = 7,
	GAP_OFF = 8,    /* recording was switched off */
	GAP_FORMAT = 9, /* picture size, format or source changed */
	GAP_SUSPENDED = 10,
	GAP_SCHEDULE = 11, /* outside of record.hours */
	GAP_CAMERA_OFF = 12,
	GAP_CAUSES,
	GAP_DELETED = GAP_CAUSES, /* never stored: the segment between two others is missing */
	GAP_EXPIRED,              /* never stored: the store no longer has the segment (SEGMENT_EXPIRED) */
	GAP_CAUSES_TOLD,          /* that a timeline can have */
};

/* What limits the number of frames in memory. */
enum memory_limit {
	MEMORY_UNKNOWN,   /* the recorder does not publish it */
	MEMORY_MINUTES,   /* memory.minutes: it holds as much as configured */
	MEMORY_RAM_SHARE, /* a quarter of the RAM, which all cameras of a folder share */
	MEMORY_MAX_MB,    /* memory.max_mb */
	MEMORY_SHM,       /* the size of /dev/shm, which they share too */
	MEMORY_LIMITS,
};

/* "unplugged", "recorder down", …; "unknown" for a number out of range. */
const char *gap_cause_text(uint32_t cause);
const char *camera_state_text(uint32_t state);
const char *recording_state_text(uint32_t state);
const char *motion_state_text(uint32_t state);
const char *store_state_text(uint32_t state);
const char *frame_damage_text(uint32_t damage); /* "truncated", "flagged by the driver", … */

/* Why recordings may be kept for longer than retention.hours. */
enum retention_delay {
	/* The clock was set by more than an hour since this boot, and was not synchronised. */
	RETENTION_DELAY_CLOCK_SET = 1u << 0,
	/* The clock jumped by more than retention.hours before this boot, and was not synchronised. */
	RETENTION_DELAY_CLOCK_JUMPED = 1u << 1,
	/* Some recordings have times that are later than the clock. */
	RETENTION_DELAY_FUTURE = 1u << 2,
};

#define STATE_GAP_CAUSES 16 /* more than exist, so that a new cause moves no field */

/* What people should know about the camera. */
enum camera_note {
	CAMERA_NOTE_BANDWIDTH, /* a lower mode than requested, since the USB bus does not carry that */
	CAMERA_NOTE_SLOW,      /* much fewer frames than negotiated */
	CAMERA_NOTE_CONTROLS,  /* [controls] that did not hold */
	CAMERA_NOTE_FALLBACK,  /* why the configured camera is not used */
	CAMERA_NOTE_IDENTICAL, /* another camera could have the same link in /dev/v4l/by-id */
	CAMERA_NOTE_MOVED,     /* that link leads to another camera, or port, than before */
	CAMERA_NOTE_STAMP,     /* why the time is not in the picture, though record.stamp asks for it */
	CAMERA_NOTES,
};

/* What recorder-motion does. */
enum motion_state {
	MOTION_UNKNOWN,  /* the recorder does not publish it */
	MOTION_OFF,      /* motion.enabled = no */
	MOTION_STARTING, /* it has not sent a record yet */
	MOTION_RUNNING,
	MOTION_FAILING, /* it ended, hung or sent nonsense several times in a row; see motion_error */
	MOTION_STATES,
};

#define STATE_NOTIFICATIONS 24 /* more kinds than there are (shared/notify/notification.h) */

/* Whether footage reaches the store. */
enum store_state {
	STORE_OFF,      /* [store] url is empty, or nothing is known yet */
	STORE_SHIPPING, /* recorder-ship runs, and its last requests succeeded */
	STORE_FAILING,  /* it runs, and they did not; see store_error */
	STORE_DOWN,     /* recorder-ship does not run */
	STORE_STATES,
};

#define STATE_CAMERA_NOTES     8 /* more than there are */
#define STATE_CAMERA_NOTE_SIZE 448

struct recorder_state {
	int64_t heartbeat_mono_us; /* set at least every 250 ms */
	int64_t started_wall_us;
	int64_t since_wall_us; /* when camera_state changed last */

	uint32_t camera_state;
	uint32_t source;
	char camera[32];  /* camera.name */
	char device[128]; /* /dev/video0, command:rpicam-vid; empty: none */
	char model[64];   /* V4L2 card */
	char driver[32];
	char bus[64];
	char format[16];      /* what the device sends: MJPG, YUYV, … */
	char configured[128]; /* camera.device, if another device is used instead; otherwise empty */
	uint32_t width, height;
	uint32_t fps_milli;          /* negotiated, in 1/1000 frames per second */
	uint32_t measured_fps_milli; /* measured over the last seconds */
	uint32_t camera_ids[32];     /* N of the capture devices /dev/videoN on this machine */
	uint32_t camera_count;
	uint32_t
		encoder_ratio_milli; /* the share of the frames that go to the encoder, in 1/1000; less if it is slow */
	uint64_t frames;             /* put into the ring since the recorder started */
	uint64_t lost;               /* missing according to the driver's sequence numbers */
	uint64_t damaged;            /* dropped: flagged by the driver, or not a complete JPEG */

	uint32_t recording_state;
	uint32_t encoder_restarts;
	char encoder[32];
	int64_t recording_since_wall_us;
	uint64_t encoded;          /* frames written to segments */
	uint64_t thinned;          /* dropped because the encoder is too slow */
	uint64_t encoder_lost;     /* the encoder returned nothing, or the frame was overwritten before it took it */
	int64_t encoder_behind_us; /* age of the next frame that it will get */
	int64_t indexed_wall_us;   /* end of the newest indexed frame; 0: none yet */
	char open_segment[64];

	uint64_t disk_free_bytes, disk_total_bytes;
	uint64_t recordings_bytes;
	uint64_t segments;
	int64_t oldest_wall_us;    /* start of the oldest segment; 0: none */
	uint64_t queue_bytes;      /* media that waits for the disk */
	uint64_t retention_delays; /* bits of enum retention_delay */
	char disk_error[192];      /* empty: none */

	char last_error[256];
	int64_t last_error_wall_us;

	/* Since the recorder's start */
	uint64_t gaps[STATE_GAP_CAUSES];          /* segments that began after a gap, by enum gap_cause */
	uint64_t deleted_segments, deleted_bytes; /* by retention */

	/* When the recorder read its configuration. A program that read it earlier reads it again. */
	int64_t config_mono_us;

	uint64_t unread;      /* segments in the recordings folder that could not be read, and are not listed */
	uint64_t set_aside;   /* segments in the recordings folder that could not be repaired */
	uint64_t max_viewers; /* http.max_viewers, for recorder-live, which reads no files; 0: not known */

	char folder_note[320]; /* a warning about the recordings folder: it is not the one of the last run; or empty */
	uint64_t memory_bytes; /* the bytes of frames that fit into the ring; 0: not known */
	int64_t memory_wanted_us; /* memory.minutes */
	int64_t memory_holds_us;  /* about how much time that is at the present rate; 0: not known yet */
	uint64_t memory_limit;    /* enum memory_limit */

	/* The absolute path of the .ini: it tells whose ring this is after the recorder exits. Empty: not known. */
	char config_file[256];

	/*
	 * What may still be added to the index: frames of the ring that were captured after indexed_mono_us and are not
	 * marked RING_FRAME_RECORDING_OFF, by this recorder or by a later one that takes over the ring. Another
	 * unwritten_frames are in the encoder or wait for the disk, and may already be overwritten in the ring.
	 */
	int64_t indexed_mono_us; /* capture time of the newest indexed frame of this boot; 0: not known */
	uint64_t unwritten_frames;
	char clips_note[320]; /* a warning about the clips folder: its disk is not mounted; or empty */

	/* For recorder-live, like max_viewers */
	uint64_t settings_known; /* 0: the recorder does not publish the settings below */
	uint64_t log_level;      /* enum log_level */
	char hosts[512];         /* http.hosts */
	char allow_origin[512];
	char proxies[256];
	uint64_t address_share, stall_seconds;

	char memory_note[320]; /* who has taken the usual name of the ring; otherwise empty */

	/* The sandbox of the FFmpeg that records. */
	uint32_t sandbox_known;    /* 0: FFmpeg has not been started yet, and the fields below mean nothing */
	uint32_t sandbox_landlock; /* the version of Landlock that restricts it; 0: none */
	uint32_t sandbox_seccomp;  /* 1: seccomp restricts it */
	uint32_t sandbox_reserved;
	char sandbox_missing[256]; /* what is missing, and why; otherwise empty */

	char camera_notes[STATE_CAMERA_NOTES][STATE_CAMERA_NOTE_SIZE]; /* by enum camera_note: a sentence, or empty */

	/* The share of damaged frames among the last few hundred, in 1/1000, and the most common kind. */
	uint32_t damaged_milli;
	uint32_t damaged_kind; /* enum frame_damage */

	uint32_t motion_state;    /* enum motion_state */
	uint32_t motion_restarts; /* since the recorder's start */
	uint64_t motion_records;
	int64_t motion_second_wall_us; /* end of the newest second that has a record; 0: none yet */

	/* Since when the camera is covered or blurred, and when its view changed; 0: it is not, or nobody knows */
	int64_t covered_wall_us, view_changed_wall_us, blurred_wall_us;
	char motion_error[128]; /* why recorder-motion was started again last; empty: it was not, or works since */

	/* With RECORDING_OFF and record.hours: when it is switched on again; 0: it is not, or nobody knows */
	int64_t recording_on_wall_us;
	uint64_t recording_off_cause; /* with RECORDING_OFF: GAP_SCHEDULE or GAP_OFF; 0: not published */

	uint64_t max_event_clients; /* http.max_event_clients, for recorder-live, like max_viewers; 0: not known */
	uint64_t notifications[STATE_NOTIFICATIONS]; /* told since the recorder's start, by enum notification_kind */

	uint32_t store_state; /* enum store_state */
	uint32_t store_reserved;
	int64_t store_shipped_wall_us; /* end of the newest footage in the store; 0: nothing is known to be there */
	int64_t store_failing_wall_us; /* since when; 0: it is not failing */
	uint64_t store_waiting_segments, store_waiting_bytes; /* closed segments that are not in the store */
	uint64_t store_objects, store_bytes, store_failures;  /* since recorder-ship started */
	uint64_t deleted_unshipped; /* segments that retention has deleted and the store does not have */
	char store_error[320];

	uint32_t hooks;        /* sections [hook NAME] in the configuration */
	uint32_t hook_clients; /* recorder-hooks that are connected: one, unless somebody has started more */
	/* Since when there are hooks and none is connected; 0: one is, or was a few seconds ago, or there are no hooks */
	int64_t hooks_missing_wall_us;
	/* What recorder-hooks was too slow to take since the recorder's start: notifications, and seconds of motion */
	uint64_t hooks_lost, hooks_lost_motion;
	int64_t first_unshipped_wall_us; /* when the first of these segments began; 0: there is none, or nobody knows */

	/* Whether the disk can hold what retention asks for (recorderd/disk_need.h). */
	int64_t disk_wanted_us;     /* retention.hours; 0: no limit, or not known yet */
	uint64_t disk_wanted_bytes; /* about what recordings of that time take */
	uint64_t disk_room_bytes;   /* what recordings may take at most, those that are there included */
	uint64_t disk_measured;     /* 1: wanted_bytes follows from recordings; 0: it is estimated from the picture */
	uint32_t is_external;       /* recorder-source reads the camera (shared/config/camera_device.h) */
	uint32_t external_reserved;
	uint64_t camera_off_cause; /* with CAMERA_OFF: GAP_SCHEDULE (record.outside_hours = off) or GAP_CAMERA_OFF */
};

/*
 * Makes a state that was read from shared memory safe to show: texts are terminated and without control characters, and
 * implausible times become 0, which means that there is none.
 */
void state_sanitize(struct recorder_state *state);

static_assert(GAP_CAUSES <= STATE_GAP_CAUSES, "room for each cause");
static_assert(CAMERA_NOTES <= STATE_CAMERA_NOTES, "room for each note");

#endif
