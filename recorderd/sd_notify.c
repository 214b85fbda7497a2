/* sd_notify.c - the protocol of sd_notify(3). */
#include "recorderd/sd_notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_BYTES 1024

/* Returns false if the text is not an address that the protocol allows. */
static bool parse_address(const char *text, struct sd_notify *notify)
{
	size_t length = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || length < 2 || length >= sizeof(notify->address.sun_path))
		return false;
	notify->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(notify->address.sun_path, text, length);
	if (text[0] == '@')
		notify->address.sun_path[0] = '\0';
	notify->address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

/* Returns 0 if there is no watchdog, or if it watches another process. */
static int64_t parse_watchdog(const char *period, const char *pid)
{
	if (!period || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;

	char *end;

	errno = 0;
	long long us = strtoll(period, &end, 10);
	return errno || *end || end == period || !clock_is_plausible(us) ? 0 : us;
}

void sd_notify_open(struct sd_notify *notify)
{
	const char *socket_name = getenv("NOTIFY_SOCKET");

	*notify = (struct sd_notify){.fd = -1};
	if (socket_name && parse_address(socket_name, notify))
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd >= 0)
		notify->watchdog_us = parse_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void sd_notify_hand_over(const struct sd_notify *notify)
{
	char text[sizeof(notify->address.sun_path) + 1] = "", watchdog[24];
	size_t length = notify->address_bytes - offsetof(struct sockaddr_un, sun_path);

	if (notify->fd < 0)
		return;
	memcpy(text, notify->address.sun_path, length);
	if (text[0] == '\0')
		text[0] = '@';
	setenv("NOTIFY_SOCKET", text, 1);
	if (notify->watchdog_us) {
		snprintf(watchdog, sizeof(watchdog), "%" PRId64, notify->watchdog_us);
		setenv("WATCHDOG_USEC", watchdog, 1);
	}
}

void sd_notify_close(struct sd_notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void sd_notify_send(const struct sd_notify *notify, const char *format, ...)
{
	char text[MESSAGE_BYTES];
	va_list arguments;

	if (notify->fd < 0)
		return;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	/* A lost message is not an error: the manager has time limits of its own. */
	(void)sendto(notify->fd, text, (size_t)length, MSG_NOSIGNAL, (const struct sockaddr *)&notify->address,
		     notify->address_bytes);
}

void sd_notify_reloading(const struct sd_notify *notify)
{
	sd_notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, mono_now().us);
}
