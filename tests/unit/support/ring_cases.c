/* ring_cases.c - what the ring's test programs share. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "tests/unit/support/ring_cases.h"

struct ring_case ring_case;

int name_ring(void **state)
{
	(void)state;
	snprintf(ring_case.name, sizeof(ring_case.name), "/recorder-test.%d", (int)getpid());
	return 0;
}

int remove_ring(void **state)
{
	(void)state;
	shm_unlink(ring_case.name);
	return 0;
}

struct ring_writer *open_writer_of(uint64_t data_bytes, uint64_t entries, uint64_t *adopted)
{
	struct ring_request request = {
		.name = ring_case.name,
		.data_bytes = data_bytes,
		.index_entries = entries,
		.keep_us = 3600 * US_PER_S,
		.exact = true,
	};
	uint64_t got = 0;
	return ring_writer_open(&request, &got, adopted, &ring_case.why);
}

struct ring_writer *open_writer(void)
{
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
	if (!writer)
		fail_msg("%s", ring_case.why.text);
	return writer;
}

struct ring_reader *open_reader(void)
{
	struct ring_reader *reader = ring_reader_open(ring_case.name, &ring_case.why);
	if (!reader)
		fail_msg("%s", ring_case.why.text);
	return reader;
}

uint32_t ring_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

void make_frame(uint8_t *out, size_t length, uint32_t seed)
{
	for (size_t i = 4; i < length; i++)
		out[i] = (uint8_t)ring_random(&seed);
	uint32_t crc = crc32c(0, out + 4, length - 4);
	memcpy(out, &crc, 4);
}

bool frame_is_intact(const uint8_t *data, size_t length)
{
	uint32_t crc;
	memcpy(&crc, data, 4);
	return length > 4 && crc == crc32c(0, data + 4, length - 4);
}

uint64_t ring_put(struct ring_writer *writer, size_t length, uint32_t seed, int64_t mono_us)
{
	static uint8_t bytes[MIB];
	if (length > 4)
		make_frame(bytes, length, seed);
	struct ring_meta meta = {.wall_us = mono_us, .mono_us = mono_us, .epoch = 1, .width = 64, .height = 48};
	size_t first = length / 3;
	struct iovec parts[2] = {{bytes, first}, {bytes + first, length - first}};
	return ring_writer_put(writer, &meta, parts, 2);
}

#define PUT_BYTES 50000u

void put_frames(struct ring_writer *writer, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		assert_true(ring_put(writer, PUT_BYTES + i % 7 * 1000, i, i) > 0);
}

uint64_t assert_newest(const struct ring_reader *reader, uint32_t last)
{
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader);
	struct ring_frame frame;

	for (uint64_t seq = tail; seq <= head; seq++) {
		assert_true(ring_reader_get(reader, seq, &frame));
		assert_int_equal(frame.meta.mono_us, last - (head - seq));
		assert_true(frame_is_intact(frame.data, frame.meta.length));
	}
	return head - tail + 1;
}

int in_child(int (*body)(void))
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(body());
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int write_ten_and_die(void)
{
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
	for (uint32_t i = 1; writer && i <= 10; i++)
		ring_put(writer, 5000, i, i);
	return writer ? 0 : 1;
}
