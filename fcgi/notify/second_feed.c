/* second_feed.c - the motion records of the last seconds of one camera, from their ring. */
#include "fcgi/notify/second_feed.h"

#include <string.h>

void second_feed_init(struct second_feed *feed, const char *ring_name)
{
	memset(feed, 0, sizeof(*feed));
	motion_ring_name(ring_name, feed->ring_name);
	feed->first = feed->next = 1;
}

static void close_ring(struct second_feed *feed)
{
	ring_reader_close(feed->ring);
	feed->ring = NULL;
	feed->seq = 0;
}

void second_feed_free(struct second_feed *feed)
{
	close_ring(feed);
}

const struct second_entry *second_feed_get(const struct second_feed *feed, uint64_t serial)
{
	return serial >= feed->first && serial < feed->next ? &feed->entries[serial % SECOND_FEED_KEPT] : NULL;
}

uint64_t second_feed_find(const struct second_feed *feed, int64_t second)
{
	for (uint64_t at = feed->next; at-- > feed->first;)
		if (second_feed_get(feed, at)->record.second == second)
			return at;
	return 0;
}

/* Copies a frame out of the ring before anything in it is believed. */
static bool read_frame(const struct second_feed *feed, uint64_t seq, struct second_entry *out)
{
	uint8_t copy[sizeof(out->record)];
	struct ring_frame frame;

	if (!ring_reader_get(feed->ring, seq, &frame) || frame.meta.length != sizeof(copy) ||
	    !ring_reader_copy(feed->ring, &frame, copy))
		return false;
	out->at = (mono_t){frame.meta.mono_us};
	return motion_ring_record(copy, sizeof(copy), &out->record);
}

static void take_frame(struct second_feed *feed, uint64_t seq)
{
	struct second_entry entry;

	if (!read_frame(feed, seq, &entry))
		return;
	if (feed->next - feed->first == SECOND_FEED_KEPT)
		feed->first++;
	feed->entries[feed->next++ % SECOND_FEED_KEPT] = entry;
}

static void follow(struct second_feed *feed)
{
	uint64_t head = ring_reader_head(feed->ring), tail = ring_reader_tail(feed->ring);

	if (feed->seq + 1 < tail)
		feed->seq = tail - 1;
	while (feed->seq < head)
		take_frame(feed, ++feed->seq);
}

/* A ring that replaced another one begins with copies of what that had: what is known of them is skipped. */
static void skip_known(struct second_feed *feed)
{
	const struct second_entry *newest = second_feed_get(feed, feed->next - 1);
	struct second_entry entry;

	for (uint64_t seq = ring_reader_head(feed->ring); newest && seq > 0 && seq >= ring_reader_tail(feed->ring);
	     seq--) {
		if (read_frame(feed, seq, &entry) && entry.at.us == newest->at.us &&
		    memcmp(&entry.record, &newest->record, sizeof(entry.record)) == 0) {
			feed->seq = seq;
			return;
		}
	}
}

/* A ring that was closed keeps what was put into it last. */
static void open_ring(struct second_feed *feed)
{
	struct reason unused;

	if (feed->ring && !ring_reader_is_current(feed->ring, feed->ring_name)) {
		follow(feed);
		close_ring(feed);
	}
	if (feed->ring)
		return;
	feed->ring = ring_reader_open(feed->ring_name, &unused);
	if (feed->ring)
		skip_known(feed);
}

void second_feed_update(struct second_feed *feed)
{
	if (!feed->used)
		return;
	if (!feed->ring || ring_reader_head(feed->ring) == feed->seq)
		open_ring(feed);
	if (feed->ring)
		follow(feed);
}

void second_feed_use(struct second_feed *feed)
{
	feed->used = true;
	second_feed_update(feed);
}

void second_feed_check(struct second_feed *feed)
{
	if (feed->used)
		open_ring(feed);
}
