/* motion_ring_writer.c - puts the motion record of each second into its ring. */
#include "recorderd/notify/motion_ring_writer.h"

#include <stdlib.h>

#include "recorderd/ring/side_ring.h"

#define DATA_BYTES (UINT64_C(100) << 10)
#define ENTRIES    640

static_assert(DATA_BYTES / MOTION_RECORD_BYTES >= MOTION_RING_HOLDS + 2, "room for all of them");

static const struct side_ring_kind kind_of_ring = {
	.what = "memory for live motion records",
	.data_bytes = DATA_BYTES,
	.index_entries = ENTRIES,
	.keep_us = INT64_MAX,
	.readable = true,
};

struct motion_ring_writer {
	struct side_ring side;
};

struct motion_ring_writer *motion_ring_writer_open(const char *ring_name)
{
	struct motion_ring_writer *writer = calloc(1, sizeof(*writer));
	char name[NOTIFICATION_RING_NAME_BYTES];

	if (!writer)
		return NULL;
	motion_ring_name(ring_name, name);
	side_ring_open(&writer->side, name, &kind_of_ring, 0);
	return writer;
}

void motion_ring_writer_put(struct motion_ring_writer *writer, const struct motion_record *record)
{
	struct ring_meta meta = {.wall_us = record->second * US_PER_S, .mono_us = mono_now().us, .epoch = 1};

	side_ring_put(&writer->side, &meta, &(struct iovec){(void *)(uintptr_t)record, sizeof(*record)}, 1);
}

void motion_ring_writer_check(struct motion_ring_writer *writer)
{
	if (writer)
		side_ring_check(&writer->side);
}

const void *motion_ring_writer_memory(const struct motion_ring_writer *writer, uint64_t *bytes)
{
	return writer->side.ring ? ring_writer_memory(writer->side.ring, bytes) : NULL;
}

uint64_t motion_ring_writer_total_bytes(void)
{
	return side_ring_total_bytes(&kind_of_ring);
}

void motion_ring_writer_close(struct motion_ring_writer *writer)
{
	if (!writer)
		return;
	side_ring_close(&writer->side);
	free(writer);
}

void motion_ring_writer_detach(struct motion_ring_writer *writer)
{
	if (!writer)
		return;
	side_ring_detach(&writer->side);
	free(writer);
}
