/* recorder_link.c - the connection to the recorder of a camera. */
#include "hooks/recorder_link.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/log.h"

#define RETRY_US         (US_PER_S / 2)
#define PACKETS_PER_TURN 64

static void set_retry(struct recorder_link *link)
{
	loop_timer_set(link->loop, &link->retry, (mono_t){mono_now().us + RETRY_US});
}

static void disconnect(struct recorder_link *link)
{
	if (link->watch.fd < 0)
		return;
	loop_watch_set(link->loop, &link->watch, 0);
	close(link->watch.fd);
	link->watch.fd = -1;
	link->hello.since_us = mono_now().us;
	log_info("hooks", "the recorder of \"%s\" is gone", link->camera);
	set_retry(link);
}

static void remember(struct hook_hello *hello, const struct hook_news *news)
{
	if (news->kind == HOOK_NOTIFICATION) {
		hello->series = news->notification.record.series;
		hello->number = news->notification.record.number;
	} else if (news->kind == HOOK_MOTION) {
		hello->motion_second = news->motion.second;
	}
}

/* Returns false if there is no more for now. */
static bool receive(struct recorder_link *link)
{
	uint8_t data[HOOK_BYTES_MAX + 1];
	struct hook_news news;
	ssize_t got = recv(link->watch.fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0 && hook_packet_read(data, (size_t)got, &news)) {
		remember(&link->hello, &news);
		link->take(link->context, &news);
		return link->watch.fd >= 0;
	}
	if (got > 0)
		log_error("hooks", "the recorder of \"%s\" has sent what is no packet; connecting again", link->camera);
	disconnect(link);
	return false;
}

static void ready(void *context, uint32_t events)
{
	struct recorder_link *link = context;

	(void)events;
	for (int i = 0; i < PACKETS_PER_TURN && receive(link); i++)
		;
}

static void try_to_connect(void *context)
{
	struct recorder_link *link = context;
	int fd = helper_connect(&hook_helper, link->camera, SOCK_SEQPACKET);

	if (fd < 0) {
		set_retry(link);
		return;
	}
	link->watch = (struct loop_watch){.fd = fd, .ready = ready, .context = link};
	if (send(fd, &link->hello, sizeof(link->hello), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(link->hello) ||
	    !loop_watch_set(link->loop, &link->watch, EPOLLIN)) {
		disconnect(link);
		return;
	}
	log_info("hooks", "connected to the recorder of \"%s\"", link->camera);
}

void recorder_link_open(struct recorder_link *link)
{
	link->watch.fd = -1;
	link->retry = (struct loop_timer){.due = try_to_connect, .context = link};
	link->hello = (struct hook_hello){
		.magic = HOOK_MAGIC,
		.version = HOOK_VERSION,
		.since_us = mono_now().us,
		.motion_second = -1,
	};
	try_to_connect(link);
}

void recorder_link_close(struct recorder_link *link)
{
	loop_timer_clear(link->loop, &link->retry);
	if (link->watch.fd < 0)
		return;
	loop_watch_set(link->loop, &link->watch, 0);
	close(link->watch.fd);
	link->watch.fd = -1;
}
