/* notification_feed.c - the notifications of one camera, from their ring. */
#include "fcgi/notify/notification_feed.h"

#include <string.h>

#include "fcgi/notify/event_stream.h"

void notification_feed_init(struct notification_feed *feed, const char *ring_name)
{
	memset(feed, 0, sizeof(*feed));
	notification_ring_name(ring_name, feed->ring_name);
	feed->first = feed->next = 1;
}

static struct notification_entry *slot(struct notification_feed *feed, uint64_t serial)
{
	return &feed->entries[serial % NOTIFICATION_FEED_KEPT];
}

static void free_entry(struct notification_entry *entry)
{
	video_chunk_unref(entry->data);
	video_chunk_unref(entry->id);
	*entry = (struct notification_entry){0};
}

static void close_ring(struct notification_feed *feed)
{
	ring_reader_close(feed->ring);
	feed->ring = NULL;
	feed->seq = 0;
}

void notification_feed_free(struct notification_feed *feed)
{
	while (feed->first < feed->next)
		free_entry(slot(feed, feed->first++));
	close_ring(feed);
}

const struct notification_entry *notification_feed_get(const struct notification_feed *feed, uint64_t serial)
{
	return serial >= feed->first && serial < feed->next ? &feed->entries[serial % NOTIFICATION_FEED_KEPT] : NULL;
}

const struct notification_entry *notification_feed_newest(const struct notification_feed *feed)
{
	return notification_feed_get(feed, feed->next - 1);
}

static struct video_chunk *make_data(const struct notification_parts *parts)
{
	struct buffer lines = {0};
	struct video_chunk *chunk = NULL;

	event_stream_append_data(&lines, notification_kind_text(parts->record.kind), parts->json,
				 parts->record.json_bytes);
	if (!lines.failed)
		chunk = video_chunk_create(lines.data, lines.length);
	buffer_free(&lines);
	return chunk;
}

static struct video_chunk *make_id(const struct notification_record *record)
{
	char id[NOTIFICATION_ID_BYTES];
	struct buffer line = {0};
	struct video_chunk *chunk = NULL;

	notification_id_format(record->series, record->number, id);
	event_stream_append_id(&line, id);
	if (!line.failed)
		chunk = video_chunk_create(line.data, line.length);
	buffer_free(&line);
	return chunk;
}

/* A notification that cannot be kept, for lack of memory, is one that clients have lost: its number is missing. */
static void add(struct notification_feed *feed, const struct notification_parts *parts)
{
	struct notification_entry entry = {parts->record, make_data(parts), make_id(&parts->record)};

	if (!entry.data || !entry.id) {
		free_entry(&entry);
		return;
	}
	if (feed->next - feed->first == NOTIFICATION_FEED_KEPT)
		free_entry(slot(feed, feed->first++));
	*slot(feed, feed->next++) = entry;
}

/* A ring that replaced another one begins with copies of what that had. */
static bool is_new(const struct notification_feed *feed, const struct notification_record *record)
{
	const struct notification_entry *newest = notification_feed_newest(feed);

	return !newest || newest->record.series != record->series || newest->record.number < record->number;
}

/* Copies a frame out of the ring before anything in it is believed. */
static void take_frame(struct notification_feed *feed, uint64_t seq)
{
	uint8_t copy[NOTIFICATION_RECORD_MAX];
	struct notification_parts parts;
	struct ring_frame frame;

	if (!ring_reader_get(feed->ring, seq, &frame) || frame.meta.length > sizeof(copy) ||
	    !ring_reader_copy(feed->ring, &frame, copy) ||
	    !notification_record_split(copy, frame.meta.length, &parts) ||
	    !event_stream_is_line(parts.json, parts.record.json_bytes))
		return;
	if (is_new(feed, &parts.record))
		add(feed, &parts);
}

static void follow(struct notification_feed *feed)
{
	uint64_t head = ring_reader_head(feed->ring), tail = ring_reader_tail(feed->ring);

	if (feed->seq + 1 < tail)
		feed->seq = tail - 1;
	while (feed->seq < head)
		take_frame(feed, ++feed->seq);
}

/* A ring that was closed keeps what was put into it last. */
static void open_ring(struct notification_feed *feed)
{
	struct reason unused;

	if (feed->ring && !ring_reader_is_current(feed->ring, feed->ring_name)) {
		follow(feed);
		close_ring(feed);
	}
	if (!feed->ring)
		feed->ring = ring_reader_open(feed->ring_name, &unused);
}

void notification_feed_update(struct notification_feed *feed)
{
	if (!feed->used)
		return;
	if (!feed->ring || ring_reader_head(feed->ring) == feed->seq)
		open_ring(feed);
	if (feed->ring)
		follow(feed);
}

void notification_feed_use(struct notification_feed *feed)
{
	feed->used = true;
	notification_feed_update(feed);
}

void notification_feed_check(struct notification_feed *feed)
{
	if (feed->used)
		open_ring(feed);
}

bool notification_feed_find(const struct notification_feed *feed, const struct event_position *position,
			    uint64_t *serial)
{
	*serial = feed->next;
	for (uint64_t at = feed->next; at-- > feed->first;) {
		const struct notification_record *record = &notification_feed_get(feed, at)->record;
		if (record->series != position->series)
			continue;
		if (record->number < position->number)
			break;
		*serial = at;
		if (record->number == position->number) {
			*serial = at + 1;
			return true;
		}
	}
	const struct notification_entry *oldest = notification_feed_get(feed, *serial);
	return oldest && oldest->record.series == position->series && oldest->record.number > position->number;
}
