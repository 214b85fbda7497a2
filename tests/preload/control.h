/*
 * control.h - the file through which a test drives a preloaded camera and reads its counters, while it runs.
 *
 * 4096 bytes that both sides map: 64 u32 that the test writes (enum control_fault), then 64 u64 that the camera writes
 * (enum control_counter), in the machine's byte order. All zero is a healthy camera. tests/e2e/support/camera.py takes
 * the names and numbers from this file: one `CONTROL_NAME = number,` or `COUNTER_NAME = number,` a line.
 */
#ifndef TESTS_PRELOAD_CONTROL_H
#define TESTS_PRELOAD_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

#define CONTROL_BYTES 4096

enum control_fault {
	CONTROL_UNPLUGGED = 0,      /* 1: no such node, and what is open answers ENODEV and hangs up */
	CONTROL_STALL = 1,          /* 1: no frame comes; their numbers are not used up */
	CONTROL_ERROR_NEXT = 2,     /* so many frames are flagged V4L2_BUF_FLAG_ERROR */
	CONTROL_TRUNCATE_NEXT = 3,  /* so many frames are cut in half */
	CONTROL_ZERO_NEXT = 4,      /* so many frames have zeros for their second half */
	CONTROL_GARBAGE_NEXT = 5,   /* so many frames are noise */
	CONTROL_EMPTY_NEXT = 6,     /* so many frames have no byte */
	CONTROL_SKIP_NEXT = 7,      /* so many frames are lost: gaps in the sequence */
	CONTROL_PAD_BYTES = 8,      /* so many zeros behind each frame */
	CONTROL_RESIZE = 9,         /* N: the frames come from the N-th other mode, whatever was agreed */
	CONTROL_OPEN_ERRNO = 10,    /* open() fails with this */
	CONTROL_FORMAT_ERRNO = 11,  /* VIDIOC_S_FMT */
	CONTROL_PARM_ERRNO = 12,    /* VIDIOC_S_PARM */
	CONTROL_REQBUFS_ERRNO = 13, /* VIDIOC_REQBUFS of one buffer or more */
	CONTROL_STREAMON_ERRNO = 14,
	CONTROL_QBUF_ERRNO = 15,
	CONTROL_DQBUF_ERRNO = 16,
	CONTROL_CLOCK_REALTIME = 17,  /* 1: time stamps of the wall clock, not flagged as monotonic */
	CONTROL_STAMP_BACK_MS = 18,   /* time stamps lie so far in the past */
	CONTROL_SLOW = 19,            /* N: each N-th frame only, as in the dark; the sequence has no gaps */
	CONTROL_MAX_BUFFERS = 20,     /* the driver gives no more; 0: 8 */
	CONTROL_METADATA = 21,        /* 1: device_caps of a metadata node */
	CONTROL_JITTER = 22,          /* each frame comes late by another part of its time, up to so many percent */
	CONTROL_BUFFER_MB = 23,       /* buffers of at least so many MiB */
	CONTROL_HUGE_NEXT = 24,       /* so many JPEGs fill their buffers */
	CONTROL_SEQUENCE_FROM = 25,   /* a stream's first sequence number */
	CONTROL_STAMP_MODULO_MS = 26, /* time stamps begin anew at 0 whenever so much has passed */
	CONTROL_ROOM_KPIXELS = 27, /* 1000 pixels a second that the bus carries: STREAMON says ENOSPC above; 0: any */
	CONTROL_LINKS_LATE = 28,   /* 1: its links are not made yet */
	CONTROL_STAMP = 29,        /* 1: the wall time is noted in frames that have room for it (FRAMES_STAMP) */
	CONTROL_HANG = 30,         /* 1: VIDIOC_STREAMON does not return before it is 0 */
	CONTROL_UNDECODABLE_NEXT = 40, /* so many frames are JPEGs by their markers, of which FFmpeg makes no picture */
	CONTROL_UNDECODABLE_FIRST = 41, /* so many frames are so at the beginning of each second of the wall clock */
	CONTROL_FAULTS = 64
};

enum control_counter {
	COUNTER_NUMBER = 0,    /* of the next frame: goes on over closing, opening and a new process */
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
