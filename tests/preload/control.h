/*
 * control.h - the file through which a test drives a preloaded camera and reads its counters, while it runs.
 *
 * 4096 bytes that both sides map: 64 u32 that the test writes (enum control_fault), then 64 u64 that the camera writes
 * (enum control_counter), in the machine's byte order. All zero is a healthy camera. tests/e2e/support/camera.py takes
 * the names and numbers from this file: one `CONTROL_NAME = number,` or `COUNTER_NAME = number,` per line.
 */
#ifndef TESTS_PRELOAD_CONTROL_H
#define TESTS_PRELOAD_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

#define CONTROL_BYTES 4096

enum control_fault {
	CONTROL_UNPLUGGED = 0,      /* 1: no such node; open descriptors return ENODEV and hang up */
	CONTROL_STALL = 1,          /* 1: no frames; their numbers are not used up */
	CONTROL_ERROR_NEXT = 2,     /* N frames are flagged V4L2_BUF_FLAG_ERROR */
	CONTROL_TRUNCATE_NEXT = 3,  /* N frames are cut in half */
	CONTROL_ZERO_NEXT = 4,      /* N frames have a second half of zeros */
	CONTROL_GARBAGE_NEXT = 5,   /* N frames are noise */
	CONTROL_EMPTY_NEXT = 6,     /* N frames are empty */
	CONTROL_SKIP_NEXT = 7,      /* N frames are lost: gaps in the sequence */
	CONTROL_PAD_BYTES = 8,      /* N zeros after each frame */
	CONTROL_RESIZE = 9,         /* N: frames come from the N-th other mode, whatever was agreed */
	CONTROL_OPEN_ERRNO = 10,    /* open() fails with this */
	CONTROL_FORMAT_ERRNO = 11,  /* VIDIOC_S_FMT */
	CONTROL_PARM_ERRNO = 12,    /* VIDIOC_S_PARM */
	CONTROL_REQBUFS_ERRNO = 13, /* VIDIOC_REQBUFS of one buffer or more */
	CONTROL_STREAMON_ERRNO = 14,
	CONTROL_QBUF_ERRNO = 15,
	CONTROL_DQBUF_ERRNO = 16,
	CONTROL_CLOCK_REALTIME = 17,  /* 1: timestamps are wall time, not flagged as monotonic */
	CONTROL_STAMP_BACK_MS = 18,   /* timestamps are N ms in the past */
	CONTROL_SLOW = 19,            /* N: only every N-th frame, as in the dark; the sequence has no gaps */
	CONTROL_MAX_BUFFERS = 20,     /* the driver allows no more buffers; 0: 8 */
	CONTROL_METADATA = 21,        /* 1: device_caps of a metadata node */
	CONTROL_JITTER = 22,          /* frames are late by a varying part of their interval, up to N percent */
	CONTROL_BUFFER_MB = 23,       /* buffers of at least N MiB */
	CONTROL_HUGE_NEXT = 24,       /* N JPEGs fill their buffers */
	CONTROL_SEQUENCE_FROM = 25,   /* a stream's first sequence number */
	CONTROL_STAMP_MODULO_MS = 26, /* timestamps wrap to 0 every N ms */
	CONTROL_ROOM_KPIXELS = 27,   /* 1000 pixels per second that the bus carries: STREAMON is ENOSPC above; 0: any */
	CONTROL_LINKS_LATE = 28,     /* 1: its links do not exist yet */
	CONTROL_STAMP = 29,          /* 1: the wall time is noted in frames that have room for it (FRAMES_STAMP) */
	CONTROL_HANG = 30,           /* 1: VIDIOC_STREAMON does not return before it is 0 */
	CONTROL_ROOM_ERRNO = 31,     /* STREAMON returns this instead of ENOSPC */
	CONTROL_SILENT_KPIXELS = 32, /* above this pixel rate the stream starts but has no frames; 0: any */
	CONTROL_TORN_KPIXELS = 33,   /* above this pixel rate four of five frames are cut in half; 0: any */
	CONTROL_VALUES_RESET_MS = 34, /* N ms after STREAMON controls have their initial values again; 0: never */
	CONTROL_VALUES_STUCK = 35,    /* 1: controls accept any value, but keep the one that they have */
	CONTROL_UNDECODABLE_NEXT =
		40, /* N frames are JPEGs by their markers, and browsers show them, but FFmpeg cannot */
	CONTROL_UNDECODABLE_FIRST = 41, /* so are the first N frames of each second of the wall clock */
	CONTROL_NO_END = 50,            /* N: each N-th JPEG has no end marker */
	CONTROL_LEAD_BYTES = 51,        /* so many bytes before each frame */
	CONTROL_PAD_VALUE = 52,         /* of the bytes after each frame, instead of zeros */
	CONTROL_STAMP_STUCK = 53,       /* 1: all timestamps are equal; 2: they run backwards */
	CONTROL_TRUNCATE_OF_8 = 54,     /* N of 8 frames are truncated to half their length */
	CONTROL_SPOIL_OF_8 = 55,        /* N of 8 JPEGs have damaged codes in the middle of their picture */
	CONTROL_HEADER_NEXT = 56,       /* N JPEGs are whole by their markers, but have damaged tables */
	CONTROL_FAULTS = 64
};

enum control_counter {
	COUNTER_NUMBER = 0,    /* of the next frame; continues across closing, opening and new processes */
	COUNTER_DELIVERED = 1, /* dequeued by the program */
	COUNTER_MISSED = 2,    /* no buffer was queued */
	COUNTER_OPENS = 3,
	COUNTER_CLOSES = 4,
	COUNTER_STREAMS = 5, /* VIDIOC_STREAMON */
	COUNTER_OWNER = 6,   /* process that has the buffers; 0: none */
	COUNTER_COUNTERS = 64
};

struct control {
	_Atomic uint32_t fault[CONTROL_FAULTS];
	_Atomic uint64_t counter[COUNTER_COUNTERS];
};

#endif
