/* notification_writer.c - puts notifications into their ring, and numbers them. */
#include "recorderd/notify/notification_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "recorderd/ring/side_ring.h"

/* One record more than the ring holds is being overwritten, and up to one is lost where the data wraps around. */
#define DATA_BYTES (UINT64_C(1128) << 10)
#define ENTRIES    1280

static_assert(DATA_BYTES / NOTIFICATION_RECORD_MAX >= NOTIFICATION_RING_HOLDS + 2, "room for all of them");

static const struct side_ring_kind kind_of_ring = {
	.what = "memory for notifications",
	.data_bytes = DATA_BYTES,
	.index_entries = ENTRIES,
	.keep_us = INT64_MAX,
	.readable = true,
};

struct notification_writer {
	struct side_ring side;
	uint64_t series, next;
	uint8_t record[NOTIFICATION_RECORD_MAX];
};

const void *notification_writer_memory(const struct notification_writer *writer, uint64_t *bytes)
{
	return writer->side.ring ? ring_writer_memory(writer->side.ring, bytes) : NULL;
}

/* Continues after the newest notification of the ring that was taken over. False if it has none. */
static bool continue_series(struct notification_writer *writer)
{
	struct reason unused;
	struct ring_frame frame;
	struct notification_parts parts;
	uint64_t bytes;
	const void *memory = notification_writer_memory(writer, &bytes);
	struct ring_reader *reader = memory ? ring_reader_attach(memory, bytes, &unused) : NULL;

	bool found = reader && ring_reader_get(reader, ring_reader_head(reader), &frame) &&
		     notification_record_split(frame.data, frame.meta.length, &parts) &&
		     parts.record.number < UINT64_MAX;
	ring_reader_close(reader);
	if (found) {
		writer->series = parts.record.series;
		writer->next = parts.record.number + 1;
	}
	return found;
}

/* If the kernel gives no random bytes, the clock tells series apart. */
static uint64_t random_series(void)
{
	uint64_t series;

	return getrandom(&series, sizeof(series), GRND_NONBLOCK) == sizeof(series) ? series : (uint64_t)wall_now().us;
}

struct notification_writer *notification_writer_open(const char *ring_name)
{
	struct notification_writer *writer = calloc(1, sizeof(*writer));
	char name[NOTIFICATION_RING_NAME_BYTES];

	if (!writer)
		return NULL;
	notification_ring_name(ring_name, name);
	side_ring_open(&writer->side, name, &kind_of_ring, 0);
	if (!continue_series(writer)) {
		writer->series = random_series();
		writer->next = 1;
	}
	return writer;
}

void notification_writer_next(const struct notification_writer *writer, uint64_t *series, uint64_t *number)
{
	*series = writer->series;
	*number = writer->next;
}

size_t notification_writer_put(struct notification_writer *writer, enum notification_kind kind, wall_t at,
			       const char *json, size_t json_bytes, const uint8_t **out)
{
	struct notification_record record = {
		.magic = NOTIFICATION_RECORD_MAGIC,
		.kind = kind,
		.series = writer->series,
		.number = writer->next,
		.wall_us = at.us,
		.json_bytes = (uint32_t)json_bytes,
	};
	struct ring_meta meta = {.wall_us = at.us, .mono_us = mono_now().us, .epoch = 1};
	struct notification_parts unused;
	size_t bytes = sizeof(record) + json_bytes;

	if (json_bytes > NOTIFICATION_JSON_MAX)
		return 0;
	memcpy(writer->record, &record, sizeof(record));
	memcpy(writer->record + sizeof(record), json, json_bytes);
	if (!notification_record_split(writer->record, bytes, &unused))
		return 0;
	side_ring_put(&writer->side, &meta, &(struct iovec){writer->record, bytes}, 1);
	writer->next++;
	*out = writer->record;
	return bytes;
}

void notification_writer_check(struct notification_writer *writer)
{
	if (writer)
		side_ring_check(&writer->side);
}

uint64_t notification_writer_total_bytes(void)
{
	return side_ring_total_bytes(&kind_of_ring);
}

void notification_writer_close(struct notification_writer *writer)
{
	if (!writer)
		return;
	side_ring_close(&writer->side);
	free(writer);
}

void notification_writer_detach(struct notification_writer *writer)
{
	if (!writer)
		return;
	side_ring_detach(&writer->side);
	free(writer);
}
