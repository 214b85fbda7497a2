/*
 * hook_socket.h - the socket on which recorderd tells recorder-hooks what happens: its address and its packets.
 *
 * recorderd listens on a UNIX socket of the type SOCK_SEQPACKET, NAME.hooks in /run/recorder-hooks or in the folder of its
 * user (shared/ring/helper_address.h).
 *
 * The client sends one struct hook_hello. From then on recorderd sends packets, each with a struct hook_packet and what
 * belongs to its kind:
 *
 *     HOOK_CONFIG         nothing. The first packet, and one whenever the recorder has read its configuration again
 *     HOOK_NOTIFICATION   struct notification_record and its JSON (notification_ring.h)
 *     HOOK_MOTION         struct motion_record of a second, sealed with 0 (shared/motion/motion_record.h)
 *     HOOK_LOST           nothing. `count` notifications that come next were overwritten before the client could take
 *                         them
 *     HOOK_MOTION_LOST    the same of motion records
 *
 * Notifications come in order, and so do motion records; the two have no order among each other. A client that reads
 * slowly gets what the rings still hold, and does not delay the recorder.
 */
#ifndef SHARED_NOTIFY_HOOK_SOCKET_H
#define SHARED_NOTIFY_HOOK_SOCKET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/notify/notification_ring.h"
#include "shared/ring/helper_address.h"

#define HOOK_MAGIC     UINT32_C(0x4b524353) /* "SCRK" */
#define HOOK_VERSION   2
#define HOOK_BYTES_MAX (sizeof(struct hook_packet) + NOTIFICATION_RECORD_MAX)

struct hook_hello {
	uint32_t magic, version;
	uint64_t series, number; /* of the last notification that was received; 0: none yet */
	/*
	 * If that one is not in the ring: from when on notifications that are told count, in µs of CLOCK_MONOTONIC. Their
	 * own times may be earlier: the clock was set back, or what they tell has begun before.
	 */
	int64_t since_us;
	int64_t motion_second; /* of the last motion record that was received; -1: none yet, and none older than now */
};

enum hook_packet_kind { HOOK_CONFIG, HOOK_NOTIFICATION, HOOK_MOTION, HOOK_LOST, HOOK_MOTION_LOST, HOOK_PACKET_KINDS };

struct hook_packet {
	uint32_t magic;
	uint32_t kind;  /* enum hook_packet_kind */
	uint64_t count; /* of HOOK_LOST and HOOK_MOTION_LOST; otherwise 0 */
};

static_assert(sizeof(struct hook_hello) == 40, "hello");
static_assert(sizeof(struct hook_packet) == 16, "packet");

/* A packet that was taken apart: what belongs to its kind. */
struct hook_news {
	enum hook_packet_kind kind;
	uint64_t count;
	struct notification_parts notification; /* leads into the bytes that were given */
	struct motion_record motion;
};

/* Takes a packet apart. Its bytes are not trusted: false if it is not one of those above. */
bool hook_packet_read(const uint8_t *data, size_t bytes, struct hook_news *out);

/* True if the bytes are a hello that this program understands. */
bool hook_hello_read(const uint8_t *data, size_t bytes, struct hook_hello *out);

/* The helper that connects to it. */
extern const struct helper hook_helper;

#endif
