/*
 * state.h - what recorderd says about itself, published in the ring's header for the workers.
 *
 * Fixed-width fields only: it crosses process borders. Texts are NUL-terminated UTF-8; a reader terminates them again,
 * since shared memory is bytes from outside.
 */
#ifndef SHARED_RING_STATE_H
#define SHARED_RING_STATE_H

#include <assert.h>
#include <stdint.h>

enum camera_state { /* camera_state */
		    CAMERA_STARTING,
		    CAMERA_WAITING, /* no device to be had: looking for one */
		    CAMERA_OPENING, /* opened, no frame yet */
		    CAMERA_STREAMING,
		    CAMERA_STALLED, /* no frame for longer than the limit; being reopened */
		    CAMERA_STOPPED, /* clean stop */
};

enum frame_source { SOURCE_CAMERA, SOURCE_TEST };

enum recording_state {                    /* recording_state */
		       RECORDING_OFF,     /* record.enabled = no, or switched off */
		       RECORDING_WAITING, /* no frames to record */
		       RECORDING_ON,
		       RECORDING_ENCODER,     /* the encoder is down: being restarted */
		       RECORDING_DISK,        /* the disk does not take it; see disk_error */
		       RECORDING_NO_PICTURES, /* the encoder cannot decode what the camera sends; see last_error */
};

/* Why there is nothing in front of a segment. Stored in segments (segment.h): the numbers are a format. */
enum gap_cause {
	GAP_NONE = 0,          /* continues the segment before it, not one frame missing */
	GAP_START = 1,         /* the first recording ever */
	GAP_RECORDER_DOWN = 2, /* stopped, crashed, or the machine was off */
	GAP_UNPLUGGED = 3,
	GAP_STALLED = 4, /* the camera sent nothing */
	GAP_CLOCK = 5,   /* the clock was stepped, or the machine slept */
	GAP_ENCODER = 6,
	GAP_DISK = 7,
	GAP_OFF = 8,    /* recording was switched off */
	GAP_FORMAT = 9, /* picture size, format or source changed */
	GAP_CAUSES,
	GAP_DELETED = GAP_CAUSES, /* never stored: a segment is missing between two that are there */
};

/* What keeps the memory from holding more. */
enum memory_limit {
	MEMORY_UNKNOWN,   /* that recorder does not say */
	MEMORY_MINUTES,   /* memory.minutes: it holds as much as was asked for */
	MEMORY_RAM_SHARE, /* the quarter of RAM that all cameras of a folder share */
	MEMORY_MAX_MB,    /* memory.max_mb */
	MEMORY_SHM,       /* the size of /dev/shm, which they share likewise */
	MEMORY_LIMITS,
};

const char *gap_cause_text(uint32_t cause); /* "unplugged", "recorder down", …; "unknown" for a number out of range */
const char *camera_state_text(uint32_t state);
const char *recording_state_text(uint32_t state);

/* Why recordings may stay for longer than retention.hours. */
enum retention_delay {
	RETENTION_DELAY_CLOCK_SET = 1u << 0, /* in this boot, by more than an hour, and nobody synchronised the clock */
	RETENTION_DELAY_CLOCK_JUMPED =
		1u << 1,                  /* before this boot, over more than retention.hours, and nobody did either */
	RETENTION_DELAY_FUTURE = 1u << 2, /* some recordings' own times are later than the clock */
};

#define STATE_GAP_CAUSES 16 /* more than there are, so that a new one moves nothing */

struct recorder_state {
	int64_t heartbeat_mono_us; /* set at least every 250 ms */
	int64_t started_wall_us;
	int64_t since_wall_us; /* camera_state is what it is since then */

	uint32_t camera_state;
	uint32_t source;
	char camera[32];  /* camera.name */
	char device[128]; /* /dev/video0; empty where none */
	char model[64];   /* V4L2 card */
	char driver[32];
	char bus[64];
	char format[16];      /* MJPG, YUYV, … as the device sends it */
	char configured[128]; /* camera.device, where another one serves; else empty */
	uint32_t width, height;
	uint32_t fps_milli;          /* negotiated, 1/1000 frames a second */
	uint32_t measured_fps_milli; /* over the last seconds */
	uint32_t camera_ids[32];     /* N of the capture devices /dev/videoN on this machine */
	uint32_t camera_count;
	uint32_t
		encoder_ratio_milli; /* share of the frames that the encoder is given, 1/1000: less where it is too slow
				      */
	uint64_t frames;             /* put into the ring since start */
	uint64_t lost;               /* missing by the driver's sequence numbers */
	uint64_t damaged;            /* refused: flagged by the driver, or not a whole JPEG */

	uint32_t recording_state;
	uint32_t encoder_restarts;
	char encoder[32];
	int64_t recording_since_wall_us;
	uint64_t encoded;          /* frames written to segments */
	uint64_t thinned;          /* left out because the encoder is too slow */
	uint64_t encoder_lost;     /* swallowed by the encoder, or gone from the ring before it took them */
	int64_t encoder_behind_us; /* age of the next frame to be fed */
	int64_t indexed_wall_us;   /* end of the newest indexed frame; 0: none yet */
	char open_segment[64];

	uint64_t disk_free_bytes, disk_total_bytes;
	uint64_t recordings_bytes;
	uint64_t segments;
	int64_t oldest_wall_us;    /* start of the oldest segment; 0: none */
	uint64_t queue_bytes;      /* media waiting for the disk */
	uint64_t retention_delays; /* bits of enum retention_delay */
	char disk_error[192];      /* empty where all is well */

	char last_error[256];
	int64_t last_error_wall_us;

	/* Since the recorder's start */
	uint64_t gaps[STATE_GAP_CAUSES];          /* segments begun behind a gap, by enum gap_cause */
	uint64_t deleted_segments, deleted_bytes; /* by retention */

	int64_t config_mono_us; /* when the recorder read its configuration: who read it before that reads it again */
	uint64_t unread;        /* segments in the recordings folder that could not be read, and are not listed */
	uint64_t set_aside;     /* segments in the recordings folder that could not be repaired */
	uint64_t max_viewers;   /* http.max_viewers then, for recorder-live, which reads no files; 0: not known */

	char folder_note[320]; /* what people should know of the recordings folder: another one than before; else empty
				*/
	uint64_t memory_bytes; /* of frames that the ring has room for; 0: not known */
	int64_t memory_wanted_us; /* memory.minutes */
	int64_t memory_holds_us;  /* about how long that room lasts at the present rate; 0: not known yet */
	uint64_t memory_limit;    /* enum memory_limit */
	char config_file[256];    /* the .ini, absolute: whose ring it is once the recorder is gone; empty: not known */

	/*
	 * What the index may still get. Of the ring's frames those that were captured after indexed_mono_us and do not
	 * bear RING_FRAME_RECORDING_OFF may come to it, by this recorder or by the one that takes the ring over. unwritten_frames
	 * are with the encoder or wait for the disk: the ring may have been written over them already.
	 */
	int64_t indexed_mono_us; /* capture time of the newest indexed frame of this boot; 0: none is known */
	uint64_t unwritten_frames;
	char clips_note[320]; /* what people should know of the clips' folder: its disk is not mounted; else empty */

	/* For recorder-live, as max_viewers is */
	uint64_t settings_known; /* 0: that recorder does not publish those below */
	uint64_t log_level;      /* enum log_level */
	char hosts[512];         /* http.hosts */
	char allow_origin[512];
	char proxies[256];
	uint64_t address_share, stall_seconds;

	char memory_note[320]; /* who has taken the usual name of the ring; else empty */

	/* How far the FFmpeg that records is kept in. */
	uint32_t sandbox_known;    /* 0: none has been started yet, and the next three say nothing */
	uint32_t sandbox_landlock; /* version; 0: not kept in by it */
	uint32_t sandbox_seccomp;  /* 1: kept in by it */
	uint32_t sandbox_reserved;
	char sandbox_missing[256]; /* what is missing, and why; else empty */
};

static_assert(GAP_CAUSES <= STATE_GAP_CAUSES, "a place for each cause");

#endif
