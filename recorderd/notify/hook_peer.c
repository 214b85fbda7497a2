/* hook_peer.c - one client of the socket of recorder-hooks. */
#include "recorderd/notify/hook_peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "shared/ring/ring_reader.h"

static enum hook_peer_outcome send_packet(const struct hook_peer *peer, enum hook_packet_kind kind, uint64_t count,
					  const void *data, size_t bytes)
{
	struct hook_packet packet = {.magic = HOOK_MAGIC, .kind = kind, .count = count};
	struct iovec parts[2] = {{&packet, sizeof(packet)}, {(void *)(uintptr_t)data, bytes}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = bytes > 0 ? 2 : 1};
	ssize_t sent;

	do
		sent = sendmsg(peer->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return HOOK_PEER_CURRENT;
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? HOOK_PEER_BEHIND : HOOK_PEER_GONE;
}

/* Whether the peer has not received this notification, which was put into its ring at `told_us`, and it is for it. */
static bool is_new(const struct hook_peer *peer, const struct notification_record *record, int64_t told_us)
{
	if (peer->series && peer->series == record->series)
		return record->number > peer->number;
	return told_us >= peer->since_us;
}

/* How many notifications there were between the last one that was sent and this one. */
static uint64_t missing_before(const struct hook_peer *peer, const struct notification_record *record)
{
	return peer->series == record->series ? record->number - peer->number - 1 : 0;
}

enum hook_peer_outcome hook_peer_send_notification(struct hook_peer *peer, const uint8_t *record, size_t bytes)
{
	enum hook_peer_outcome outcome = HOOK_PEER_CURRENT;
	struct notification_parts parts;

	if (!notification_record_split(record, bytes, &parts) || !is_new(peer, &parts.record, mono_now().us))
		return HOOK_PEER_CURRENT;
	uint64_t missing = missing_before(peer, &parts.record);
	if (missing > 0)
		outcome = send_packet(peer, HOOK_LOST, missing, NULL, 0);
	if (outcome != HOOK_PEER_CURRENT)
		return outcome;
	peer->lost += missing;
	peer->series = parts.record.series;
	peer->number = parts.record.number - 1;
	outcome = send_packet(peer, HOOK_NOTIFICATION, 0, record, bytes);
	if (outcome == HOOK_PEER_CURRENT)
		peer->number = parts.record.number;
	return outcome;
}

enum hook_peer_outcome hook_peer_send_motion(struct hook_peer *peer, const struct motion_record *record)
{
	return send_packet(peer, HOOK_MOTION, 0, record, sizeof(*record));
}

/* The number of the oldest frame with a notification that is new for the peer; after the newest one if none is. */
static uint64_t first_new(const struct hook_peer *peer, const struct ring_reader *ring)
{
	uint64_t first = ring_reader_head(ring) + 1;
	struct notification_parts parts;
	struct ring_frame frame;

	while (first > 1 && ring_reader_get(ring, first - 1, &frame) &&
	       notification_record_split(frame.data, frame.meta.length, &parts) &&
	       is_new(peer, &parts.record, frame.meta.mono_us))
		first--;
	return first;
}

static enum hook_peer_outcome send_notifications(struct hook_peer *peer, const struct ring_reader *ring)
{
	enum hook_peer_outcome outcome = HOOK_PEER_CURRENT;
	uint64_t head = ring_reader_head(ring);
	struct ring_frame frame;

	for (uint64_t seq = first_new(peer, ring); seq <= head && outcome == HOOK_PEER_CURRENT; seq++)
		if (ring_reader_get(ring, seq, &frame))
			outcome = hook_peer_send_notification(peer, frame.data, frame.meta.length);
	return outcome;
}

/* What the peer has missed is told before the records that follow. */
static enum hook_peer_outcome skip_overwritten(struct hook_peer *peer, uint64_t tail)
{
	if (peer->motion_seq + 1 >= tail)
		return HOOK_PEER_CURRENT;
	uint64_t missing = tail - peer->motion_seq - 1;
	enum hook_peer_outcome outcome = send_packet(peer, HOOK_MOTION_LOST, missing, NULL, 0);
	if (outcome != HOOK_PEER_CURRENT)
		return outcome;
	peer->lost_motion += missing;
	peer->motion_seq = tail - 1;
	return HOOK_PEER_CURRENT;
}

static enum hook_peer_outcome send_motion(struct hook_peer *peer, const struct ring_reader *ring)
{
	uint64_t head = ring_reader_head(ring);
	struct motion_record record;
	struct ring_frame frame;

	if (peer->motion_seq > head) /* the ring was created again, and counts from 1 */
		peer->motion_seq = 0;
	enum hook_peer_outcome outcome = skip_overwritten(peer, ring_reader_tail(ring));
	while (outcome == HOOK_PEER_CURRENT && peer->motion_seq < head) {
		if (ring_reader_get(ring, peer->motion_seq + 1, &frame) &&
		    motion_ring_record(frame.data, frame.meta.length, &record))
			outcome = hook_peer_send_motion(peer, &record);
		if (outcome == HOOK_PEER_CURRENT)
			peer->motion_seq++;
	}
	return outcome;
}

static struct ring_reader *open_notifications(const struct notification_writer *writer)
{
	struct reason unused;
	uint64_t bytes;
	const void *memory = notification_writer_memory(writer, &bytes);

	return memory ? ring_reader_attach(memory, bytes, &unused) : NULL;
}

static struct ring_reader *open_motion(const struct motion_ring_writer *writer)
{
	struct reason unused;
	uint64_t bytes;
	const void *memory = motion_ring_writer_memory(writer, &bytes);

	return memory ? ring_reader_attach(memory, bytes, &unused) : NULL;
}

/* The number of the frame after which records are new for the peer. */
static uint64_t motion_received(const struct motion_ring_writer *motion, int64_t second)
{
	struct ring_reader *ring = open_motion(motion);
	uint64_t seq = ring ? ring_reader_head(ring) : 0;
	struct motion_record record;
	struct ring_frame frame;

	while (second >= 0 && seq > 0 && ring_reader_get(ring, seq, &frame) &&
	       motion_ring_record(frame.data, frame.meta.length, &record) && record.second > second)
		seq--;
	ring_reader_close(ring);
	return seq;
}

void hook_peer_init(struct hook_peer *peer, int fd, const struct hook_hello *hello,
		    const struct motion_ring_writer *motion)
{
	*peer = (struct hook_peer){
		.fd = fd,
		.series = hello->number ? hello->series : 0,
		.number = hello->number,
		.since_us = hello->since_us,
		.motion_seq = motion_received(motion, hello->motion_second),
		.config_due = true,
	};
}

enum hook_peer_outcome hook_peer_send(struct hook_peer *peer, const struct notification_writer *notifications,
				      const struct motion_ring_writer *motion)
{
	enum hook_peer_outcome outcome = HOOK_PEER_CURRENT;
	struct ring_reader *ring;

	if (peer->config_due)
		outcome = send_packet(peer, HOOK_CONFIG, 0, NULL, 0);
	if (outcome != HOOK_PEER_CURRENT)
		return outcome;
	peer->config_due = false;
	if ((ring = open_notifications(notifications))) {
		outcome = send_notifications(peer, ring);
		ring_reader_close(ring);
	}
	if (outcome == HOOK_PEER_CURRENT && (ring = open_motion(motion))) {
		outcome = send_motion(peer, ring);
		ring_reader_close(ring);
	}
	return outcome;
}
