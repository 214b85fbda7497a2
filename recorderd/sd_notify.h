/*
 * sd_notify.h - messages to a service manager, by the protocol of sd_notify(3): datagrams of NAME=VALUE lines to the
 * socket that $NOTIFY_SOCKET names (a path, or @ and an abstract name). If it is not set, all functions do nothing.
 */
#ifndef RECORDERD_SD_NOTIFY_H
#define RECORDERD_SD_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shared/base/clock.h"

struct sd_notify {
	int fd; /* -1: no service manager listens */
	struct sockaddr_un address;
	socklen_t address_bytes;
	int64_t watchdog_us; /* WATCHDOG=1 is expected at least this often; 0: never */
};

/* Removes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID from the environment, so that no child can speak for us. */
void sd_notify_open(struct sd_notify *notify);
void sd_notify_close(struct sd_notify *notify);

/* Puts the variables back, for an sd_notify_open() of the same process. */
void sd_notify_hand_over(const struct sd_notify *notify);

/* Sends one datagram of at most 1023 bytes. Never blocks; errors are ignored. */
void sd_notify_send(const struct sd_notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sends RELOADING=1 with the monotonic time, as Type=notify-reload requires. READY=1 ends the reload. */
void sd_notify_reloading(const struct sd_notify *notify);

#endif
