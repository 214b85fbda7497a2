/* source_external.c - what recorder-source hands over, as a source of frames. */
#include "recorderd/external/source_external.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorderd/external/packet_stream.h"
#include "recorderd/source/frame_clock.h"
#include "recorderd/source/mjpeg_frame.h"
#include "shared/config/camera_device.h"
#include "shared/net/unix_listener.h"
#include "shared/ring/user_folder.h"

#define CONNECT_WAIT_US US_PER_S
#define STALL_US        (2 * US_PER_S)

struct source_external {
	struct source source; /* must be first (source.h) */
	int fd;
	struct packet_stream stream;
	struct frame_clock clock;
	mono_t second_began; /* in which `pictures` came */
	unsigned pictures;
};

static struct source_external *external_of(struct source *source)
{
	static_assert(offsetof(struct source_external, source) == 0, "a source begins with struct source");
	return (struct source_external *)source;
}

static int source_external_fd(const struct source *source)
{
	return ((const struct source_external *)source)->fd;
}

static void source_external_close(struct source *source)
{
	struct source_external *external = external_of(source);

	if (external->fd >= 0)
		close(external->fd);
	packet_stream_free(&external->stream);
	free(external);
}

/* True if so many pictures came within a second that no camera can have sent them. */
static bool is_flood(struct source_external *external, mono_t now)
{
	if (now.us - external->second_began.us >= US_PER_S) {
		external->second_began = now;
		external->pictures = 0;
	}
	return ++external->pictures > EXTERNAL_FPS_MAX;
}

static enum source_outcome deliver(struct source_external *external, const struct source_header *header,
				   const uint8_t *jpeg, const struct source_sink *sink, struct reason *why)
{
	uint32_t lost = frame_clock_count_lost(&external->clock, (uint32_t)header->number);
	struct source_frame frame;
	mono_t now = mono_now();

	if (is_flood(external, now)) {
		reason_set(why, "%s sends more than %d pictures per second", external->source.info.device,
			   EXTERNAL_FPS_MAX);
		return SOURCE_FAILED;
	}
	if (lost)
		sink->lost(sink->context, lost);
	enum frame_damage damage = mjpeg_frame_prepare(jpeg, header->bytes, &frame);
	if (damage) {
		sink->damaged(sink->context, damage);
		return SOURCE_OK;
	}
	frame.captured = frame_clock_choose(&external->clock, header->arrived_us, now);
	sink->frame(sink->context, &frame);
	return SOURCE_OK;
}

static enum source_outcome source_ended(const struct source_external *external, const struct source_header *header,
					const uint8_t *text, struct reason *why)
{
	if (header->bytes > 0)
		reason_set(why, "%s has ended: %.*s", external->source.info.device, (int)header->bytes,
			   (const char *)text);
	else
		reason_set(why, "%s has ended", external->source.info.device);
	return SOURCE_GONE;
}

/* Takes the packets that have come. */
static enum source_outcome take_packets(struct source_external *external, const struct source_sink *sink,
					struct reason *why)
{
	enum source_outcome outcome = SOURCE_OK;
	enum packet_outcome packet = PACKET_TAKEN;
	struct source_header header;
	const uint8_t *data;

	while (outcome == SOURCE_OK &&
	       (packet = packet_stream_next(&external->stream, &header, &data)) == PACKET_TAKEN) {
		if (header.kind == SOURCE_PICTURE)
			outcome = deliver(external, &header, data, sink, why);
		else
			outcome = source_ended(external, &header, data, why);
	}
	if (packet != PACKET_INVALID)
		return outcome;
	reason_set(why, "recorder-source, which reads %s, has sent what is no packet", external->source.info.device);
	return SOURCE_FAILED;
}

static enum source_outcome disconnected(const struct source_external *external, struct reason *why)
{
	reason_set(why, "recorder-source, which reads %s, has ended%s", external->source.info.device,
		   packet_stream_is_torn(&external->stream) ? " in the middle of a picture" : "");
	return SOURCE_GONE;
}

static enum source_outcome source_external_read(struct source *source, const struct source_sink *sink,
						struct reason *why)
{
	struct source_external *external = external_of(source);
	uint8_t *space = packet_stream_space(&external->stream);
	ssize_t got;

	if (!space) {
		reason_set(why, "no memory for the pictures of %s", source->info.device);
		return SOURCE_FAILED;
	}
	do
		got = recv(external->fd, space, PACKET_STREAM_READ_BYTES, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return SOURCE_OK;
	if (got <= 0)
		return disconnected(external, why);
	packet_stream_add(&external->stream, (size_t)got);
	return take_packets(external, sink, why);
}

static const struct source_ops source_external_ops = {"external", source_external_fd, source_external_read,
						      source_external_close};

/* Its name: of the program, or of the host. */
static void set_model(struct source_info *info)
{
	const char *name = strchr(info->device, ':') + 1;

	name += strspn(name, "/");
	snprintf(info->model, sizeof(info->model), "%.*s", (int)strcspn(name, "/"), name);
}

static void describe(struct source_info *info, const struct config *config)
{
	info->kind = SOURCE_CAMERA;
	info->is_external = true;
	camera_device_show(config->camera.device, info->device, sizeof(info->device));
	set_model(info);
	snprintf(info->driver, sizeof(info->driver), "recorder-source");
	snprintf(info->format, sizeof(info->format), "MJPG");
	info->width = (uint16_t)config->camera.width;
	info->height = (uint16_t)config->camera.height;
	info->fps_milli = (uint32_t)config->camera.fps * 1000;
	info->stall_timeout_us = 5 * US_PER_S / config->camera.fps;
	if (info->stall_timeout_us < STALL_US)
		info->stall_timeout_us = STALL_US;
}

static bool start_listening(const struct config *config, struct unix_listener *listener, struct helper_address *address,
			    struct reason *why)
{
	const char *camera = config->camera.name;
	char folder[USER_FOLDER_BYTES];

	if (!helper_address_of_server(&source_helper, camera, address) &&
	    (!user_folder_create(folder, why) || !helper_address_of_server(&source_helper, camera, address)))
		return reason_errno(why, "cannot make the socket of recorder-source");
	return unix_listener_open(listener, SOCK_STREAM, &address->address, address->bytes,
				  helper_address_mode(address), 1) ||
	       reason_errno(why, "cannot make the socket of recorder-source");
}

/* Returns the connection, or -1 if none has come in time. */
static int wait_for_connection(const struct unix_listener *listener, const struct helper_address *address)
{
	int64_t until_us = mono_now().us + CONNECT_WAIT_US, left_us;

	while ((left_us = until_us - mono_now().us) > 0) {
		struct pollfd state = {.fd = listener->fd, .events = POLLIN};
		if (poll(&state, 1, (int)(left_us / US_PER_MS) + 1) < 0 && errno != EINTR)
			return -1;
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		if (helper_address_trusts_client(address, fd))
			return fd;
		close(fd);
	}
	return -1;
}

static enum source_open_outcome connect_source(struct source_external *external, const struct config *config,
					       struct reason *why)
{
	struct unix_listener listener;
	struct helper_address address;

	if (!start_listening(config, &listener, &address, why))
		return SOURCE_OPEN_FAILED;
	external->fd = wait_for_connection(&listener, &address);
	unix_listener_close(&listener);
	if (external->fd >= 0)
		return SOURCE_OPENED;
	reason_set(why, "recorder-source, which reads %s, is not there: start recorder-source@%s",
		   external->source.info.device, config->camera.name);
	return SOURCE_NOT_FOUND;
}

enum source_open_outcome source_external_open(const struct config *config, struct source **out, struct reason *why)
{
	struct source_external *external = calloc(1, sizeof(*external));

	*out = NULL;
	if (!external) {
		reason_errno(why, "no memory for the external source");
		return SOURCE_OPEN_FAILED;
	}
	external->source.ops = &source_external_ops;
	external->fd = -1;
	describe(&external->source.info, config);
	enum source_open_outcome outcome = connect_source(external, config, why);
	if (outcome == SOURCE_OPENED)
		*out = &external->source;
	else
		source_external_close(&external->source);
	return outcome;
}
