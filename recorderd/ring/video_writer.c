/* video_writer.c - puts the fragments of the recording into the video ring. */
#include "recorderd/ring/video_writer.h"

#include <stdlib.h>

#include "recorderd/ring/ring_writer_internal.h"
#include "recorderd/ring/side_ring.h"
#include "shared/base/clock.h"
#include "shared/ring/video_ring.h"

#define MOST_BYTES (UINT64_C(64) << 20) /* four seconds at 128 Mbit/s */
#define ENTRIES    2048                 /* more than eight seconds at 240 frames per second */
#define SPARE_US   (US_PER_S / 2)       /* the ring grows before it holds too little */

static const struct side_ring_kind video_kind = {
	.what = "live video (H.264)",
	.data_bytes = VIDEO_WRITER_FIRST_BYTES,
	.index_entries = ENTRIES,
	.keep_us = 3600 * US_PER_S,
};

struct video_writer {
	struct side_ring side;
	mono_t grow_at; /* not before then */
	int64_t run_mono_us;
	uint32_t number; /* of the next fragment of that run */
};

struct video_writer *video_writer_open(const char *ring_name, uint64_t mask)
{
	struct video_writer *writer = calloc(1, sizeof(*writer));
	char name[VIDEO_RING_NAME_BYTES];

	if (!writer)
		return NULL;
	video_ring_name(ring_name, name);
	side_ring_open(&writer->side, name, &video_kind, mask);
	return writer;
}

void video_writer_remove_leftover(const char *ring_name)
{
	char name[VIDEO_RING_NAME_BYTES];

	video_ring_name(ring_name, name);
	side_ring_remove_leftover(name);
}

static void grow(struct video_writer *writer, uint64_t data_bytes)
{
	mono_t now = mono_now();
	uint64_t had = writer->side.data_bytes;

	if (now.us < writer->grow_at.us || data_bytes > MOST_BYTES)
		return;
	writer->grow_at.us = now.us + SIDE_RING_AGAIN_US;
	side_ring_resize(&writer->side, data_bytes);
	if (writer->side.data_bytes > had)
		writer->grow_at.us = 0;
}

/* Whether frames are overwritten too early. */
static bool holds_too_little(const struct video_writer *writer, uint64_t newest, int64_t newest_mono_us)
{
	uint64_t tail = atomic_load_explicit(&writer->side.ring->object.header->tail, memory_order_relaxed);
	const struct ring_entry *oldest =
		&writer->side.ring->entries[tail % writer->side.ring->object.layout.index_entries];

	return tail > 1 && newest - tail + 1 < ENTRIES &&
	       newest_mono_us - oldest->meta.mono_us < VIDEO_RING_HOLD_US + SPARE_US;
}

static uint64_t put(struct video_writer *writer, const struct video_fragment *fragment)
{
	struct video_record record = {
		.magic = VIDEO_RECORD_MAGIC,
		.number = writer->number,
		.run_mono_us = fragment->run_mono_us,
		.init_bytes = fragment->key ? (uint32_t)fragment->init_bytes : 0,
		.moof_bytes = (uint32_t)fragment->moof_bytes,
		.mdat_bytes = (uint32_t)(fragment->total_bytes - fragment->moof_bytes),
	};
	const struct iovec parts[] = {
		{&record, sizeof(record)},
		{(void *)fragment->init, record.init_bytes},
		{(void *)fragment->data, fragment->total_bytes},
	};
	struct ring_meta meta = {
		.wall_us = fragment->wall_us,
		.mono_us = fragment->mono_us,
		.epoch = 1,
		.width = fragment->width,
		.height = fragment->height,
	};

	return side_ring_put(&writer->side, &meta, parts, 3);
}

/* Bytes of the smallest ring that takes such a fragment, which fills at most a quarter of it; 0: none does. */
static uint64_t bytes_for(const struct video_fragment *fragment)
{
	uint64_t needed = sizeof(struct video_record) + VIDEO_INIT_MAX + fragment->total_bytes,
		 bytes = VIDEO_WRITER_FIRST_BYTES;

	while (bytes / 4 < needed && bytes <= MOST_BYTES)
		bytes *= 2;
	return bytes <= MOST_BYTES ? bytes : 0;
}

void video_writer_put(struct video_writer *writer, const struct video_fragment *fragment)
{
	if (!writer)
		return;
	if (fragment->run_mono_us != writer->run_mono_us)
		writer->number = 0;
	writer->run_mono_us = fragment->run_mono_us;
	if (writer->side.ring && bytes_for(fragment) > writer->side.data_bytes)
		grow(writer, bytes_for(fragment));
	if (writer->side.ring && fragment->init_bytes <= VIDEO_INIT_MAX) {
		uint64_t newest = put(writer, fragment);

		if (newest && holds_too_little(writer, newest, fragment->mono_us))
			grow(writer, writer->side.data_bytes * 2);
	}
	writer->number++;
}

void video_writer_check(struct video_writer *writer)
{
	if (writer)
		side_ring_check(&writer->side);
}

uint64_t video_writer_first_total_bytes(void)
{
	return side_ring_total_bytes(&video_kind);
}

uint64_t video_writer_data_bytes(const struct video_writer *writer)
{
	return writer ? writer->side.data_bytes : 0;
}

void video_writer_close(struct video_writer *writer)
{
	if (!writer)
		return;
	side_ring_close(&writer->side);
	free(writer);
}

void video_writer_empty(struct video_writer *writer)
{
	if (!writer)
		return;
	side_ring_empty(&writer->side);
	free(writer);
}

void video_writer_detach(struct video_writer *writer)
{
	if (!writer)
		return;
	side_ring_detach(&writer->side);
	free(writer);
}
