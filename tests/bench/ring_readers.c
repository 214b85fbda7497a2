/*
 * ring_readers.c - measures how long after a frame is put into the ring N processes have a copy of it; and the same
 * through a pipe to each of them, which is what one would use without a ring.
 *
 *     ring_readers [-n READERS] [-t SECONDS] [-b FRAME_BYTES] [-p]         (-p: pipes)
 *
 * 60 frames per second. Prints one JSON object: the latency in ms over all readers, and the writer's time per frame.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/ring/ring_writer.h"
#include "shared/base/clock.h"
#include "shared/ring/ring_reader.h"
#include "tests/bench/ages.h"

#define FPS         60
#define RING_BYTES  (UINT64_C(64) << 20)
#define READERS_MAX 256
#define START_US    (US_PER_S / 2) /* until all readers are ready */

static struct {
	int readers, seconds;
	size_t frame_bytes;
	bool pipes;
} options = {.readers = 1, .seconds = 3, .frame_bytes = 80000};

static char ring_name[64];
static int to_reader[READERS_MAX];

/* Shared by all processes: each reader has a row with one latency per frame. */
static float *latencies_ms;
static int frames;

static void note(int reader, int64_t put_us, int frame)
{
	if (frame < frames)
		latencies_ms[reader * frames + frame] = (float)(mono_now().us - put_us) / 1000;
}

static void read_ring(int reader)
{
	struct reason why;
	struct ring_reader *ring = ring_reader_open(ring_name, &why);
	uint8_t *copy = malloc(options.frame_bytes);
	uint64_t seen = 0;

	if (!ring || !copy)
		exit(1);
	while (seen < (uint64_t)frames && ring_reader_wait(ring, seen, 2000)) {
		struct ring_frame frame;

		seen = ring_reader_head(ring);
		if (ring_reader_get(ring, seen, &frame) && ring_reader_copy(ring, &frame, copy))
			note(reader, frame.meta.mono_us, (int)seen - 1);
	}
	exit(0);
}

static void read_pipe(int reader, int fd)
{
	uint8_t *copy = malloc(options.frame_bytes);
	int64_t put_us;

	if (!copy)
		exit(1);
	for (int frame = 0; frame < frames; frame++) {
		size_t have = 0;

		while (have < options.frame_bytes) {
			ssize_t got = read(fd, copy + have, options.frame_bytes - have);

			if (got <= 0)
				exit(1);
			have += (size_t)got;
		}
		memcpy(&put_us, copy, sizeof(put_us));
		note(reader, put_us, frame);
	}
	exit(0);
}

static void start_reader(int reader)
{
	int ends[2] = {-1, -1};

	if (options.pipes && pipe2(ends, O_CLOEXEC) != 0)
		abort();
	to_reader[reader] = ends[1];
	pid_t child = fork();
	if (child < 0)
		abort();
	if (child > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (options.pipes)
		read_pipe(reader, ends[0]);
	read_ring(reader);
}

static void put(struct ring_writer *ring, uint8_t *frame)
{
	int64_t now_us = mono_now().us;
	struct ring_meta meta = {.wall_us = wall_now().us, .mono_us = now_us, .epoch = 1, .width = 16, .height = 16};

	memcpy(frame, &now_us, sizeof(now_us));
	if (!options.pipes) {
		ring_writer_put(ring, &meta, &(struct iovec){frame, options.frame_bytes}, 1);
		return;
	}
	for (int i = 0; i < options.readers; i++)
		if (write(to_reader[i], frame, options.frame_bytes) != (ssize_t)options.frame_bytes)
			abort();
}

/* Returns the writer's average time per frame, in microseconds. */
static double put_frames(struct ring_writer *ring)
{
	uint8_t *frame = calloc(1, options.frame_bytes);
	int64_t start_us = mono_now().us + START_US, took_us = 0;

	for (int i = 0; frame && i < frames; i++) {
		int64_t due_us = start_us + i * US_PER_S / FPS, begin_us;
		struct timespec due = {.tv_sec = due_us / US_PER_S, .tv_nsec = due_us % US_PER_S * 1000};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		begin_us = mono_now().us;
		put(ring, frame);
		took_us += mono_now().us - begin_us;
	}
	free(frame);
	return (double)took_us / frames;
}

static bool read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:t:b:p")) != -1) {
		if (option == 'n')
			options.readers = atoi(optarg);
		else if (option == 't')
			options.seconds = atoi(optarg);
		else if (option == 'b')
			options.frame_bytes = strtoul(optarg, NULL, 10);
		else if (option == 'p')
			options.pipes = true;
		else
			return false;
	}
	return options.readers > 0 && options.readers <= READERS_MAX && options.seconds > 0 &&
	       options.frame_bytes >= 64;
}

int main(int argc, char **argv)
{
	struct ring_writer *ring = NULL;
	struct ages ages = {0};
	uint64_t got, adopted;
	struct reason why;

	if (!read_options(argc, argv)) {
		fputs("usage: ring_readers [-n READERS] [-t SECONDS] [-b FRAME_BYTES] [-p]\n", stderr);
		return 2;
	}
	frames = options.seconds * FPS;
	size_t table_bytes = (size_t)(options.readers * frames) * sizeof(*latencies_ms);
	latencies_ms = mmap(NULL, table_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(ring_name, sizeof(ring_name), "/recorder-bench.%d", (int)getpid());
	const struct ring_request request = {
		.name = ring_name,
		.data_bytes = RING_BYTES,
		.index_entries = 4096,
		.keep_us = 3600 * US_PER_S,
	};
	if (latencies_ms == MAP_FAILED || !(ring = ring_writer_open(&request, &got, &adopted, &why))) {
		fputs("ring_readers: no memory\n", stderr);
		return 1;
	}
	for (int i = 0; i < options.readers; i++)
		start_reader(i);
	double put_us = put_frames(ring);
	while (wait(NULL) > 0)
		;
	ring_writer_close(ring);
	for (int i = 0; i < options.readers * frames; i++)
		if (latencies_ms[i] > 0)
			ages_add(&ages, (double)latencies_ms[i]);
	printf("{\"readers\": %d, \"put_us\": %.1f", options.readers, put_us);
	ages_print("latency_ms", &ages);
	puts("}");
	return 0;
}
