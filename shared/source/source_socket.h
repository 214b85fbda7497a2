/*
 * source_socket.h - the socket over which recorder-source hands pictures to recorderd: its address and its packets.
 *
 * recorderd listens on a UNIX socket of the type SOCK_STREAM, NAME.source in /run/recorder-source or in the folder
 * of its user (shared/ring/helper_address.h), while it waits for an external source (shared/config/camera_device.h).
 * It accepts one connection, and then removes the socket until it needs the source again. So a connection is one run
 * of the source: recorder-source starts the program, or the request to the network camera, when it is connected, and
 * ends it when the connection ends. recorderd decides when there is another one.
 *
 * Only recorder-source sends. Each packet is a struct source_header, in the byte order of the machine, and `bytes`
 * bytes:
 *
 *     SOURCE_HELLO     first, and once: `number` is SOURCE_VERSION. No bytes
 *     SOURCE_PICTURE   one JPEG, of 1 to SOURCE_PICTURE_MAX bytes. `number` counts pictures from 1 on, and also those
 *                      that recorderd was too slow to take: a number that is missing is a picture that is lost.
 *                      `arrived_us` says when its first byte came from the source, in µs of CLOCK_MONOTONIC
 *     SOURCE_ENDED     last: why the source has ended, as text for people, of 0 to SOURCE_TEXT_MAX bytes
 *
 * Fields that a kind does not use are 0. recorderd trusts none of this, and ends a connection at the first packet
 * that is none of these. A connection that ends without SOURCE_ENDED, also in the middle of a packet, is a
 * recorder-source that was killed.
 */
#ifndef SHARED_SOURCE_SOURCE_SOCKET_H
#define SHARED_SOURCE_SOURCE_SOCKET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ring/helper_address.h"

#define SOURCE_MAGIC       UINT32_C(0x50524353) /* "SCRP" */
#define SOURCE_VERSION     1
#define SOURCE_PICTURE_MAX (32u * 1024 * 1024)
#define SOURCE_TEXT_MAX    256u

enum source_packet { SOURCE_HELLO, SOURCE_PICTURE, SOURCE_ENDED, SOURCE_PACKETS };

struct source_header {
	uint32_t magic;
	uint32_t kind; /* enum source_packet */
	uint64_t number;
	int64_t arrived_us;
	uint32_t bytes; /* that follow */
	uint32_t reserved;
};

static_assert(sizeof(struct source_header) == 32, "header");

/* The helper that connects to it. */
extern const struct helper source_helper;

/*
 * Reads the header at the start of the data, which has at least sizeof(struct source_header) bytes. They are not
 * trusted: false if it is none of those above.
 */
bool source_header_read(const uint8_t *data, struct source_header *out);

#endif
