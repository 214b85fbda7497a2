/* ring_feed.c - writes frames of the ring to FFmpeg's pipe. */
#include "recorderd/encoder/ring_feed.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/base/clock.h"

#define LAG_LIMIT_US (10 * US_PER_S) /* with a longer lag the machine is too slow */
#define RING_HALF    0.5

void ring_feed_init(struct ring_feed *feed, const struct ring_reader *ring, uint64_t next)
{
	*feed = (struct ring_feed){.ring = ring, .next = next, .drop = FRAME_DROP_NONE};
}

void ring_feed_free(struct ring_feed *feed)
{
	buffer_free(&feed->copy);
}

void ring_feed_go_back(struct ring_feed *feed, uint64_t next)
{
	feed->next = next;
	feed->drop.updated = false;
	feed->backlog_end = ring_reader_head(feed->ring);
}

/* The lag may be as long as half the ring, if that is less than LAG_LIMIT_US or the feed is in its backlog. */
static void update_drop(struct ring_feed *feed, const struct ring_frame *newest)
{
	int64_t now_us = newest->meta.mono_us, lag_us = now_us - feed->frame.meta.mono_us;
	int64_t limit_us = feed->next <= feed->backlog_end ? INT64_MAX : LAG_LIMIT_US;
	uint64_t tail = ring_reader_tail(feed->ring);
	struct ring_frame oldest;

	if (tail > 1 && ring_reader_get(feed->ring, tail, &oldest) && (now_us - oldest.meta.mono_us) / 2 < limit_us)
		limit_us = (now_us - oldest.meta.mono_us) / 2;
	frame_drop_update(&feed->drop, now_us, lag_us, limit_us);
}

enum ring_feed_step ring_feed_peek(struct ring_feed *feed)
{
	uint64_t head = ring_reader_head(feed->ring);

	while (feed->next <= head) {
		struct ring_frame newest;

		if (!ring_reader_get(feed->ring, feed->next, &feed->frame)) {
			uint64_t tail = ring_reader_tail(feed->ring);

			if (tail <= feed->next)
				tail = feed->next + 1;
			feed->lost += tail - feed->next;
			feed->next = tail;
			return RING_FEED_OVERRUN;
		}
		if (ring_reader_get(feed->ring, head, &newest))
			update_drop(feed, &newest);
		if (feed->accepted == feed->next || frame_drop_accept(&feed->drop)) {
			feed->accepted = feed->next;
			return RING_FEED_FRAME;
		}
		feed->dropped++;
		feed->next++;
	}
	return RING_FEED_EMPTY;
}

int64_t ring_feed_lag_us(const struct ring_feed *feed)
{
	struct ring_frame next = feed->frame, newest;

	if (!ring_reader_get(feed->ring, ring_reader_head(feed->ring), &newest) || feed->next > newest.seq)
		return 0;
	if (!feed->writing && !ring_reader_get(feed->ring, feed->next, &next) &&
	    !ring_reader_get(feed->ring, ring_reader_tail(feed->ring), &next))
		return 0;
	return newest.meta.mono_us - next.meta.mono_us;
}

void ring_feed_begin(struct ring_feed *feed, int64_t pts_us, bool first)
{
	uint8_t *at = feed->head;

	if (first) {
		ivf_file_header(at, feed->frame.meta.width, feed->frame.meta.height);
		at += IVF_HEADER_BYTES;
	}
	ivf_frame_header(at, feed->frame.meta.length, pts_us);
	feed->head_bytes = (size_t)(at - feed->head) + IVF_FRAME_BYTES;
	feed->written = 0;
	feed->copied = false;
	feed->writing = true;
}

void ring_feed_abort(struct ring_feed *feed)
{
	feed->writing = false;
}

static const uint8_t *frame_data(const struct ring_feed *feed)
{
	return feed->copied ? feed->copy.data : feed->frame.data;
}

static ssize_t write_rest(struct ring_feed *feed, int fd)
{
	size_t data_bytes = feed->frame.meta.length;
	struct iovec parts[2];
	int count = 0;

	if (feed->written < feed->head_bytes) {
		parts[count++] = (struct iovec){feed->head + feed->written, feed->head_bytes - feed->written};
		parts[count++] = (struct iovec){(void *)frame_data(feed), data_bytes};
	} else {
		size_t done = feed->written - feed->head_bytes;

		parts[count++] = (struct iovec){(void *)(frame_data(feed) + done), data_bytes - done};
	}
	return writev(fd, parts, count);
}

/*
 * Copies a frame that has been waiting for the pipe so long that the ring's writer might reach it. Returns false if it
 * has been overwritten.
 */
static bool protect_frame(struct ring_feed *feed)
{
	if (feed->copied)
		return true;
	if (ring_reader_age(feed->ring, &feed->frame) < RING_HALF)
		return ring_reader_is_intact(feed->ring, &feed->frame);
	buffer_clear(&feed->copy);
	if (!buffer_reserve(&feed->copy, feed->frame.meta.length) ||
	    !ring_reader_copy(feed->ring, &feed->frame, feed->copy.data))
		return false;
	feed->copied = true;
	return true;
}

enum ring_feed_result ring_feed_write(struct ring_feed *feed, int fd)
{
	size_t total = feed->head_bytes + feed->frame.meta.length;

	while (feed->written < total) {
		ssize_t done = write_rest(feed, fd);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno != EAGAIN)
			return RING_FEED_BROKEN;
		if (done > 0)
			feed->written += (size_t)done;
		if (!protect_frame(feed))
			return RING_FEED_OVERWRITTEN;
		if (done < 0 || feed->written < total)
			return RING_FEED_FULL;
	}
	feed->writing = false;
	feed->next++;
	return RING_FEED_WRITTEN;
}
