/* delivery.c - the connection to the recorder of a camera. */
#include "source/delivery.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/source/source_socket.h"

static size_t left(const struct delivery *delivery)
{
	return delivery->kept.length - delivery->sent;
}

static void note_caught_up(struct delivery *delivery)
{
	buffer_clear(&delivery->kept);
	delivery->sent = 0;
	delivery->kept_since = (mono_t){0};
	if (delivery->dropped > 0)
		log_warn("source", "the recorder was too slow: %llu pictures were not handed over",
			 (unsigned long long)delivery->dropped);
	delivery->dropped = 0;
}

/* Returns how many bytes the socket took; -1: the connection has failed. */
static ssize_t send_parts(const struct delivery *delivery, struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	ssize_t sent;

	do
		sent = sendmsg(delivery->watch.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? 0 : -1;
}

/* The end of the connection is reported by its watch, so a failure to send needs no report of its own. */
static void send_kept(struct delivery *delivery)
{
	struct iovec part = {delivery->kept.data + delivery->sent, left(delivery)};
	ssize_t sent = part.iov_len > 0 ? send_parts(delivery, &part, 1) : 0;

	delivery->sent += sent > 0 ? (size_t)sent : 0;
	if (left(delivery) == 0)
		note_caught_up(delivery);
}

static void watch(struct delivery *delivery)
{
	loop_watch_set(delivery->loop, &delivery->watch, EPOLLIN | EPOLLRDHUP | (left(delivery) > 0 ? EPOLLOUT : 0u));
}

/* The recorder sends nothing, so whatever can be read is the end. */
static void ready(void *context, uint32_t events)
{
	struct delivery *delivery = context;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		delivery->done(delivery->context);
		return;
	}
	send_kept(delivery);
	watch(delivery);
	if (delivery->ending && left(delivery) == 0)
		delivery->done(delivery->context);
}

static void keep(struct delivery *delivery, const struct iovec *parts, size_t count, size_t from)
{
	buffer_drop(&delivery->kept, delivery->sent);
	delivery->sent = 0;
	if (!delivery->kept_since.us)
		delivery->kept_since = mono_now();
	for (size_t i = 0; i < count; i++) {
		size_t skipped = from < parts[i].iov_len ? from : parts[i].iov_len;
		buffer_append(&delivery->kept, (const uint8_t *)parts[i].iov_base + skipped,
			      parts[i].iov_len - skipped);
		from -= skipped;
	}
}

/* Sends it, or keeps what the socket does not take. */
static void send_packet(struct delivery *delivery, const struct source_header *header, const void *data)
{
	struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)},
				 {(void *)(uintptr_t)data, header->bytes}};
	size_t bytes = sizeof(*header) + header->bytes;
	ssize_t sent = left(delivery) == 0 ? send_parts(delivery, parts, 2) : 0;

	if (sent >= 0 && (size_t)sent < bytes)
		keep(delivery, parts, 2, (size_t)sent);
	if (delivery->kept.failed) /* the rest of a packet is lost */
		shutdown(delivery->watch.fd, SHUT_RDWR);
	watch(delivery);
}

bool delivery_open(struct delivery *delivery, const char *camera)
{
	const struct source_header hello = {.magic = SOURCE_MAGIC, .kind = SOURCE_HELLO, .number = SOURCE_VERSION};
	int fd = helper_connect(&source_helper, camera, SOCK_STREAM);

	if (fd < 0)
		return false;
	delivery->watch = (struct loop_watch){.fd = fd, .ready = ready, .context = delivery};
	delivery->number = 0;
	delivery->ending = false;
	send_packet(delivery, &hello, NULL);
	return true;
}

bool delivery_is_open(const struct delivery *delivery)
{
	return delivery->watch.fd >= 0;
}

static bool has_room(const struct delivery *delivery, size_t bytes)
{
	if (!delivery->kept_since.us)
		return true;
	return left(delivery) + bytes <= DELIVERY_KEPT_BYTES &&
	       mono_now().us - delivery->kept_since.us < DELIVERY_KEPT_US;
}

void delivery_picture(struct delivery *delivery, const uint8_t *jpeg, size_t bytes, mono_t arrived)
{
	const struct source_header header = {
		.magic = SOURCE_MAGIC,
		.kind = SOURCE_PICTURE,
		.number = ++delivery->number,
		.arrived_us = arrived.us,
		.bytes = (uint32_t)bytes,
	};

	if (has_room(delivery, bytes))
		send_packet(delivery, &header, jpeg);
	else
		delivery->dropped++;
}

void delivery_end(struct delivery *delivery, const char *why)
{
	struct source_header header = {
		.magic = SOURCE_MAGIC,
		.kind = SOURCE_ENDED,
		.bytes = (uint32_t)strnlen(why, SOURCE_TEXT_MAX),
	};

	send_packet(delivery, &header, why);
	delivery->ending = true;
	if (left(delivery) == 0)
		delivery->done(delivery->context);
}

void delivery_close(struct delivery *delivery)
{
	if (!delivery_is_open(delivery))
		return;
	loop_watch_set(delivery->loop, &delivery->watch, 0);
	close(delivery->watch.fd);
	delivery->watch.fd = -1;
	note_caught_up(delivery);
	buffer_free(&delivery->kept);
}
