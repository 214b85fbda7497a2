/*
 * sd_notify.h - what a service manager is told, by the protocol of sd_notify(3): datagrams of NAME=VALUE lines to the
 * socket that $NOTIFY_SOCKET names (a path, or @ and an abstract name). Without one, everything here does nothing.
 */
#ifndef RECORDERD_SD_NOTIFY_H
#define RECORDERD_SD_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shared/base/clock.h"

struct notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un address;
	socklen_t address_bytes;
	int64_t watchdog_us; /* WATCHDOG=1 is awaited at least this often; 0: not at all */
};

/* Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID out of the environment, so that no child speaks for us. */
void sd_notify_open(struct notify *notify);
void sd_notify_close(struct notify *notify);

/* Sends one datagram; never waits. */
void sd_notify_send(const struct notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* RELOADING=1 with the monotonic time, as Type=notify-reload wants it; READY=1 says that it is done. */
void sd_notify_reloading(const struct notify *notify);

#endif
