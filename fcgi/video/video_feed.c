/* video_feed.c - the live video of one camera, from its video ring. */
#include "fcgi/video/video_feed.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi/io/fastcgi.h"
#include "shared/ring/ring_reader.h"

void video_feed_init(struct video_feed *feed, const char *ring_name)
{
	memset(feed, 0, sizeof(*feed));
	video_ring_name(ring_name, feed->ring_name);
	feed->first = feed->next = 1;
	feed->segment_max_s = 1;
	feed->broken = true;
}

static void drop_oldest(struct video_feed *feed)
{
	struct video_frame **slot = &feed->frames[feed->first++ % VIDEO_FRAMES];

	video_frame_unref(*slot);
	*slot = NULL;
}

static void drop_frames(struct video_feed *feed)
{
	while (feed->first < feed->next)
		drop_oldest(feed);
	video_init_unref(feed->init);
	feed->init = NULL;
	feed->newest_key = 0;
	feed->gop_us = 0;
	feed->base_mono_us = feed->last_mono_us = 0;
	feed->broken = true;
}

static void close_ring(struct video_feed *feed)
{
	if (feed->ring && ring_reader_is_emptied(feed->ring))
		drop_frames(feed);
	ring_reader_close(feed->ring);
	feed->ring = NULL;
	feed->seq = 0;
}

void video_feed_free(struct video_feed *feed)
{
	drop_frames(feed);
	close_ring(feed);
}

struct video_frame *video_feed_get(const struct video_feed *feed, uint64_t serial)
{
	return serial >= feed->first && serial < feed->next ? feed->frames[serial % VIDEO_FRAMES] : NULL;
}

struct video_frame *video_feed_newest(const struct video_feed *feed)
{
	return video_feed_get(feed, feed->next - 1);
}

/* A run begins with each FFmpeg. Its bytes may be the same as before; players get them only if they differ. */
static bool take_init(struct video_feed *feed, const struct video_parts *parts)
{
	struct video_init *init = video_init_create(parts);

	if (!init)
		return false;
	if (feed->init && feed->init->chunk->wire_bytes == init->chunk->wire_bytes &&
	    memcmp(feed->init->chunk->wire, init->chunk->wire, init->chunk->wire_bytes) == 0) {
		video_init_unref(init);
		return true;
	}
	init->number = ++feed->inits;
	video_init_unref(feed->init);
	feed->init = init;
	return true;
}

/* Which segment and part of HLS the frame belongs to. */
static void number_part(struct video_feed *feed, struct video_frame *frame)
{
	const struct video_frame *before = video_feed_newest(feed);

	if (frame->key)
		feed->segments++;
	frame->segment = feed->segments;
	frame->part = frame->key || !before ? 0 : before->part;
	if (!frame->key && feed->part_us + frame->duration_us > VIDEO_PART_MAX_US)
		frame->part++;
	bool first_of_part = !before || before->segment != frame->segment || before->part != frame->part;
	feed->part_us = frame->duration_us + (first_of_part ? 0 : feed->part_us);
}

static void add(struct video_feed *feed, struct video_frame *frame)
{
	const struct video_frame *key = video_feed_get(feed, feed->newest_key);

	number_part(feed, frame);
	if (frame->key && key) {
		int64_t seconds = (frame->time_us - key->time_us + US_PER_S / 2) / US_PER_S;
		feed->segment_max_s =
			seconds > feed->segment_max_s && seconds < 60 ? (int)seconds : feed->segment_max_s;
	}
	if (frame->key && key)
		feed->gop_us = frame->mono_us - key->mono_us;
	if (frame->key)
		feed->newest_key = frame->serial;
	if (feed->next - feed->first == VIDEO_FRAMES)
		drop_oldest(feed);
	feed->frames[frame->serial % VIDEO_FRAMES] = frame;
	feed->next = frame->serial + 1;
	while (frame->mono_us - feed->frames[feed->first % VIDEO_FRAMES]->mono_us > VIDEO_HOLD_US)
		drop_oldest(feed);
}

/* Whether the record continues the frame before it. */
static bool continues(const struct video_feed *feed, const struct video_parts *parts)
{
	return !feed->broken && parts->record.run_mono_us == feed->run_mono_us &&
	       parts->record.number == feed->number + 1;
}

static void take_record(struct video_feed *feed, const struct ring_meta *meta, const struct video_parts *parts)
{
	int64_t now_us = mono_now().us;

	if (meta->mono_us <= feed->last_mono_us)
		return; /* a frame of before, from a ring that replaced the one before it */
	if (now_us - meta->mono_us > VIDEO_RING_LATE_US) {
		feed->broken = true;
		feed->seen_late_us = now_us;
		return;
	}
	feed->broken = !(parts->init ? take_init(feed, parts) : continues(feed, parts));
	if (feed->broken)
		return;
	if (feed->base_mono_us == 0)
		feed->base_mono_us = meta->mono_us;
	const struct video_frame_spec spec = {
		.init = feed->init,
		.serial = feed->next,
		.time_us = meta->mono_us - feed->base_mono_us,
	};
	struct video_frame *frame = video_frame_create(parts, meta, &spec);
	feed->broken = frame == NULL;
	feed->run_mono_us = parts->record.run_mono_us;
	feed->number = parts->record.number;
	feed->last_mono_us = meta->mono_us;
	if (!frame)
		return;
	feed->came_us = now_us;
	add(feed, frame);
}

/* Copies a frame out of the ring before anything in it is believed. */
static void take_frame(struct video_feed *feed, uint64_t seq)
{
	struct ring_frame frame;
	struct video_parts parts;
	uint8_t *copy = ring_reader_get(feed->ring, seq, &frame) ? malloc(frame.meta.length) : NULL;

	if (copy && ring_reader_copy(feed->ring, &frame, copy) && video_record_split(copy, frame.meta.length, &parts))
		take_record(feed, &frame.meta, &parts);
	else
		feed->broken = true;
	free(copy);
}

static void follow(struct video_feed *feed)
{
	uint64_t head = ring_reader_head(feed->ring), tail = ring_reader_tail(feed->ring);

	if (feed->seq + 1 < tail)
		feed->seq = tail - 1;
	while (feed->seq < head)
		take_frame(feed, ++feed->seq);
}

static bool is_used(const struct video_feed *feed)
{
	return feed->used_us > 0;
}

static void open_ring(struct video_feed *feed)
{
	struct reason unused;

	if (feed->ring && !ring_reader_is_current(feed->ring, feed->ring_name))
		close_ring(feed);
	if (!feed->ring)
		feed->ring = ring_reader_open(feed->ring_name, &unused);
}

void video_feed_update(struct video_feed *feed)
{
	if (!is_used(feed))
		return;
	if (feed->ring && ring_reader_head(feed->ring) == feed->seq)
		open_ring(feed);
	if (feed->ring)
		follow(feed);
}

void video_feed_use(struct video_feed *feed)
{
	if (!is_used(feed))
		open_ring(feed);
	feed->used_us = mono_now().us;
}

void video_feed_check(struct video_feed *feed)
{
	if (!is_used(feed))
		return;
	if (mono_now().us - feed->used_us < VIDEO_UNUSED_US) {
		open_ring(feed);
		return;
	}
	feed->used_us = 0;
	drop_frames(feed);
	close_ring(feed);
}

/* The end of the frames from `first` on that one group may have. */
static uint64_t group_end(const struct video_feed *feed, uint64_t first, uint64_t end)
{
	const struct video_frame *begin = video_feed_get(feed, first), *frame = begin;
	size_t bytes = 0;
	uint64_t at = first;

	while (at < end && (frame = video_feed_get(feed, at)) && frame->init == begin->init &&
	       (at == first || bytes + frame->chunk->wire_bytes <= FASTCGI_TURN_BYTES)) {
		bytes += frame->chunk->wire_bytes;
		at++;
	}
	return at;
}

struct video_chunk *video_feed_group(const struct video_feed *feed, uint64_t first, uint64_t *end)
{
	struct video_frame *begin = video_feed_get(feed, first);
	struct buffer payload = {0};

	*end = group_end(feed, first, *end);
	if (*end == first + 1)
		return begin->chunk;
	if (begin->group && begin->group_end == *end)
		return begin->group;
	for (uint64_t at = first; at < *end; at++)
		video_chunk_append_payload(video_feed_get(feed, at)->chunk, &payload);
	struct video_chunk *group = payload.failed ? NULL : video_chunk_create(payload.data, payload.length);
	buffer_free(&payload);
	if (!group)
		return NULL;
	video_chunk_share(group);
	video_chunk_unref(begin->group);
	begin->group = group;
	begin->group_end = *end;
	return group;
}

bool video_feed_is_live(const struct video_feed *feed, const char *camera, struct reason *why)
{
	int64_t now_us = mono_now().us;

	if (!feed->ring)
		return reason_set(why, "The recorder of camera %s keeps no live video: /dev/shm has no room for it.",
				  camera);
	if (feed->newest_key && now_us - feed->came_us < VIDEO_RING_LATE_US)
		return true;
	if (feed->seen_late_us && now_us - feed->seen_late_us < VIDEO_RING_LATE_US)
		return reason_set(why, "The encoder of camera %s is behind the camera by more than %d s.", camera,
				  (int)(VIDEO_RING_LATE_US / US_PER_S));
	if (ring_reader_head(feed->ring) > 0 && feed->seq > 0 && feed->last_mono_us > 0 && !feed->newest_key)
		return reason_set(why, "The encoder of camera %s has not given a key frame for some seconds.", camera);
	return reason_set(why, "The encoder of camera %s is giving no frames now.", camera);
}
