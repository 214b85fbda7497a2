/* video_sender.c - sends a queue of chunks to a web server, without blocking. */
#include "fcgi/video/video_sender.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "fcgi/io/fastcgi.h"

bool video_sender_add(struct video_sender *sender, struct video_chunk *chunk)
{
	if (!chunk || sender->count == VIDEO_SENDER_CHUNKS) {
		video_chunk_unref(chunk);
		return false;
	}
	sender->chunks[sender->count++] = chunk;
	sender->pending += chunk->wire_bytes;
	return true;
}

bool video_sender_has_room(const struct video_sender *sender, size_t bytes)
{
	size_t waiting = sender->queued + sender->pending;

	return sender->count < VIDEO_SENDER_CHUNKS && (waiting == 0 || waiting + bytes <= FASTCGI_TURN_BYTES);
}

/* Collects at most `limit` bytes of the queue, up to a chunk that has a file. Returns the number of pieces. */
static size_t gather(const struct video_sender *sender, size_t limit, struct iovec pieces[VIDEO_SENDER_CHUNKS])
{
	size_t count = 0, skip = sender->sent;

	for (; count < sender->count && limit > 0 && sender->chunks[count]->file < 0; count++) {
		struct video_chunk *chunk = sender->chunks[count];
		size_t bytes = chunk->wire_bytes - skip;

		bytes = bytes < limit ? bytes : limit;
		pieces[count] = (struct iovec){.iov_base = chunk->wire + skip, .iov_len = bytes};
		limit -= bytes;
		skip = 0;
	}
	return count;
}

static void drop_first(struct video_sender *sender)
{
	video_chunk_unref(sender->chunks[0]);
	sender->count--;
	memmove(sender->chunks, sender->chunks + 1, sender->count * sizeof(sender->chunks[0]));
}

static void note_sent(struct video_sender *sender, size_t bytes)
{
	sender->pending -= bytes;
	sender->queued += bytes;
	sender->taken += bytes;
	sender->sent += bytes;
	while (sender->count > 0 && sender->sent >= sender->chunks[0]->wire_bytes) {
		sender->sent -= sender->chunks[0]->wire_bytes;
		drop_first(sender);
	}
}

static ssize_t send_from_memory(const struct video_sender *sender, int fd, size_t limit)
{
	struct iovec pieces[VIDEO_SENDER_CHUNKS];
	struct msghdr message = {.msg_iov = pieces};

	message.msg_iovlen = gather(sender, limit, pieces);
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t send_from_file(const struct video_sender *sender, int fd, size_t limit)
{
	const struct video_chunk *chunk = sender->chunks[0];
	size_t rest = chunk->wire_bytes - sender->sent;
	off_t at = (off_t)sender->sent;

	return sendfile(fd, chunk->file, &at, rest < limit ? rest : limit);
}

bool video_sender_send(struct video_sender *sender, int fd)
{
	while (sender->count > 0 && sender->queued < FASTCGI_TURN_BYTES) {
		size_t limit = FASTCGI_TURN_BYTES - sender->queued;
		bool from_file = sender->chunks[0]->file >= 0;
		ssize_t taken = from_file ? send_from_file(sender, fd, limit) : send_from_memory(sender, fd, limit);
		if (taken < 0 && errno == EINTR)
			continue;
		if (taken < 0 && errno == EAGAIN) {
			sender->queued = FASTCGI_TURN_BYTES;
			return true;
		}
		if (taken < 0)
			return false;
		note_sent(sender, (size_t)taken);
	}
	return true;
}

void video_sender_socket_empty(struct video_sender *sender)
{
	sender->queued = 0;
}

void video_sender_clear(struct video_sender *sender)
{
	while (sender->count > 0)
		drop_first(sender);
	sender->sent = sender->pending = 0;
}
