/* video_writer.c - puts the fragments of the recording into the video ring. */
#include "recorderd/ring/video_writer.h"

#include <stdlib.h>
#include <unistd.h>

#include "recorderd/ring/ring_writer_internal.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/ring/video_ring.h"

#define MOST_BYTES (UINT64_C(64) << 20) /* four seconds at 128 Mbit/s */
#define ENTRIES    2048                 /* more than eight seconds at 240 frames per second */
#define SPARE_US   (US_PER_S / 2)       /* the ring grows before it holds too little */
#define AGAIN_US   (60 * US_PER_S)      /* after /dev/shm had no room */

struct video_writer {
	char ring_name[VIDEO_RING_NAME_BYTES];
	struct ring_writer *ring; /* NULL: there is no room for one */
	uint64_t data_bytes;
	bool missing_logged; /* that there is none */
	mono_t grow_at;      /* not before then, and no new one either if there is none */
	int64_t run_mono_us;
	uint32_t number; /* of the next fragment of that run */
};

/* With the frames of the ring that is there, if there is one. */
static bool open_ring(struct video_writer *writer, uint64_t data_bytes, struct reason *why)
{
	uint64_t unused;
	const struct ring_request request = {
		.name = writer->ring_name,
		.data_bytes = data_bytes,
		.index_entries = ENTRIES,
		.keep_us = 3600 * US_PER_S,
		.exact = true,
	};

	writer->ring = ring_writer_open(&request, &writer->data_bytes, &unused, why);
	if (!writer->ring)
		writer->data_bytes = 0;
	return writer->ring != NULL;
}

/* Logs when there is no ring, once, and when there is one again. */
static void open_or_log(struct video_writer *writer, uint64_t data_bytes)
{
	struct reason why;
	bool opened = open_ring(writer, data_bytes, &why);

	if (!opened && !writer->missing_logged)
		log_warn("memory", "there is no live video (H.264): %s", why.text);
	if (opened && writer->missing_logged)
		log_info("memory", "there is live video (H.264) again");
	writer->missing_logged = !opened;
	if (!opened)
		writer->grow_at.us = mono_now().us + AGAIN_US;
}

struct video_writer *video_writer_open(const char *ring_name)
{
	struct video_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	video_ring_name(ring_name, writer->ring_name);
	open_or_log(writer, VIDEO_WRITER_FIRST_BYTES);
	return writer;
}

void video_writer_remove_leftover(const char *ring_name)
{
	char name[VIDEO_RING_NAME_BYTES];
	struct ring_object object;
	struct reason unused;

	video_ring_name(ring_name, name);
	ring_names_remove_others(name, "");
	shm_name_withdraw(name);
	if (ring_object_open(name, geteuid(), &object, &unused) != RING_OBJECT_FOUND)
		return;
	ring_object_remove(&object, name);
	ring_object_close(&object);
}

/* Replaces the ring by a larger one, which begins with its frames. It keeps its size if there is no room. */
static void grow(struct video_writer *writer, uint64_t data_bytes)
{
	mono_t now = mono_now();
	uint64_t had = writer->data_bytes;

	if (now.us < writer->grow_at.us || data_bytes > MOST_BYTES)
		return;
	writer->grow_at.us = now.us + AGAIN_US;
	ring_writer_detach(writer->ring);
	open_or_log(writer, data_bytes);
	if (writer->data_bytes > had)
		writer->grow_at.us = 0;
}

/* Whether frames are overwritten too early. */
static bool holds_too_little(const struct video_writer *writer, uint64_t newest, int64_t newest_mono_us)
{
	uint64_t tail = atomic_load_explicit(&writer->ring->object.header->tail, memory_order_relaxed);
	const struct ring_entry *oldest = &writer->ring->entries[tail % writer->ring->object.layout.index_entries];

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

	return ring_writer_put(writer->ring, &meta, parts, 3);
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
	if (writer->ring && bytes_for(fragment) > writer->data_bytes)
		grow(writer, bytes_for(fragment));
	if (writer->ring && fragment->init_bytes <= VIDEO_INIT_MAX) {
		uint64_t newest = put(writer, fragment);

		if (newest && holds_too_little(writer, newest, fragment->mono_us))
			grow(writer, writer->data_bytes * 2);
	}
	writer->number++;
}

void video_writer_check(struct video_writer *writer)
{
	if (!writer)
		return;
	if (!writer->ring) {
		if (mono_now().us >= writer->grow_at.us)
			open_or_log(writer, VIDEO_WRITER_FIRST_BYTES);
		return;
	}
	ring_writer_republish_name(writer->ring);
	if (ring_writer_has_name(writer->ring))
		return;
	log_error("memory", "the video ring %s was removed from /dev/shm; creating a new one", writer->ring_name);
	ring_writer_close(writer->ring);
	open_or_log(writer, writer->data_bytes);
}

uint64_t video_writer_first_total_bytes(void)
{
	struct ring_layout layout;

	return ring_layout_init(ENTRIES, VIDEO_WRITER_FIRST_BYTES, &layout) ? layout.total_bytes : 0;
}

uint64_t video_writer_data_bytes(const struct video_writer *writer)
{
	return writer ? writer->data_bytes : 0;
}

void video_writer_close(struct video_writer *writer)
{
	if (!writer)
		return;
	ring_writer_close(writer->ring);
	free(writer);
}

void video_writer_detach(struct video_writer *writer)
{
	if (!writer)
		return;
	ring_writer_detach(writer->ring);
	free(writer);
}
