/*
 * sink_reader.c - copies every frame from shared memory as soon as it is there, and prints when it had it.
 *
 *     sink_reader ring NAME SECONDS       the recorder's ring, /recorder.NAME
 *     sink_reader memsink NAME SECONDS    the memory sink of uStreamer 4.x (its memsinksh.h, version 2)
 *
 *     sink_reader file FILE 0             a file of frames (tests/tools/frames.h), in order
 *
 * Prints one line per frame: the FNV-1a hash of its bytes, and the microseconds of CLOCK_MONOTONIC at which this
 * process had its own copy. Nobody wakes readers of a memory sink, so it is polled every millisecond, as uStreamer's
 * own ustreamer-dump does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/ring/ring_reader.h"
#include "tests/bench/ages.h"
#include "tests/tools/frames.h"

#define FRAME_BYTES_MAX (32u << 20)
#define MEMSINK_MAGIC   UINT64_C(0xCAFEBABECAFEBABE)
#define MEMSINK_VERSION 2u
#define LOOK_EVERY_US   1000
#define STAMP_WITHIN    512u

/* uStreamer's shared memory, in the machine's own layout; times are seconds of CLOCK_MONOTONIC. */
struct memsink {
	uint64_t magic;
	uint32_t version;
	uint64_t id;
	size_t used;
	unsigned width, height, format, stride;
	bool online, key;
	long double grabbed, encode_began, encode_ended, client_seen;
	uint8_t data[FRAME_BYTES_MAX];
};

static uint8_t copy[FRAME_BYTES_MAX];
static struct ages ages;

static int fail(const char *what)
{
	fprintf(stderr, "sink_reader: %s\n", what);
	return 1;
}

static void note_age(size_t length)
{
	int64_t now_us = wall_now().us;
	const uint8_t *stamp =
		memmem(copy, length < STAMP_WITHIN ? length : STAMP_WITHIN, FRAMES_STAMP, sizeof(FRAMES_STAMP) - 1);
	char digits[FRAMES_TIME_CHARS + 1] = "";

	if (!stamp)
		return;
	memcpy(digits, stamp + sizeof(FRAMES_STAMP) - 1, FRAMES_TIME_CHARS);
	ages_add(&ages, (double)(now_us - strtoll(digits, NULL, 10)) / 1000);
}

static int read_ring(const char *name, int64_t until_us)
{
	struct reason why;
	struct ring_reader *ring;
	struct ring_frame frame;
	char path[64];
	uint64_t seen;

	snprintf(path, sizeof(path), "/recorder.%s", name);
	ring = ring_reader_open(path, &why);
	if (!ring)
		return fail(why.text);
	seen = ring_reader_head(ring);
	while (mono_now().us < until_us) {
		if (!ring_reader_wait(ring, seen, 100))
			continue;
		seen = ring_reader_head(ring);
		if (ring_reader_get(ring, seen, &frame) && frame.meta.length <= sizeof(copy) &&
		    ring_reader_copy(ring, &frame, copy))
			note_age(frame.meta.length);
	}
	ring_reader_close(ring);
	return 0;
}

/* The frame's length; 0 if it is the same frame as before. */
static size_t take_memsink(struct memsink *sink, int fd, uint64_t *seen)
{
	size_t length = 0;

	if (flock(fd, LOCK_EX) != 0)
		return 0;
	if (sink->id != *seen && sink->used <= sizeof(copy)) {
		*seen = sink->id;
		length = sink->used;
		memcpy(copy, sink->data, length);
	}
	sink->client_seen = (long double)mono_now().us / US_PER_S;
	flock(fd, LOCK_UN);
	return length;
}

static int read_memsink(const char *name, int64_t until_us)
{
	int fd = shm_open(name, O_RDWR, 0);
	struct memsink *sink;
	uint64_t seen = 0;

	if (fd < 0)
		return fail(strerror(errno));
	sink = mmap(NULL, sizeof(*sink), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sink == MAP_FAILED)
		return fail(strerror(errno));
	while (mono_now().us < until_us) {
		size_t length;

		if (sink->magic == MEMSINK_MAGIC && sink->version != MEMSINK_VERSION)
			return fail("this uStreamer's memory sink has another version");
		length = take_memsink(sink, fd, &seen);
		if (length)
			note_age(length);
		else
			usleep(LOOK_EVERY_US);
	}
	return 0;
}

int main(int argc, char **argv)
{
	bool ring = argc == 4 && strcmp(argv[1], "ring") == 0, memsink = argc == 4 && strcmp(argv[1], "memsink") == 0;
	int64_t until_us;
	int status;

	if (!ring && !memsink)
		return fail("sink_reader ring|memsink NAME SECONDS");
	until_us = mono_now().us + (int64_t)(atof(argv[3]) * US_PER_S);
	status = ring ? read_ring(argv[2], until_us) : read_memsink(argv[2], until_us);
	if (status == 0) {
		printf("{\"frames\": %zu", ages.count);
		ages_print("age_ms", &ages);
		puts("}");
	}
	return status;
}
