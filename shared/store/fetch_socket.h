/*
 * fetch_socket.h - how recorder-api's workers ask recorder-fetch for footage that is in an object store.
 *
 * recorder-fetch listens on a SOCK_SEQPACKET socket, mode 0660, whose path is config_fetch_socket(). A packet of a worker
 * is one struct fetch_request, a packet of recorder-fetch one struct fetch_answer; each request gets one answer with its
 * id, in any order. Both programs are of one version and one machine, so integers have the machine's order; bytes that
 * are not used are 0. A request with anything else in it is answered FETCH_INVALID, and a packet of another size ends
 * the connection.
 *
 * What was asked for then lies in the folder store.cache, where workers read it as they read recordings:
 *
 *     CAMERA/remote.bin            struct fetch_status, replaced by rename
 *     CAMERA/recording_index.bin   the list (catalogue.h) of what the store has, as far as it was asked for
 *     CAMERA/FILE.idx, .motion     as the recorder has them
 *     CAMERA/FILE.mp4              sparse: of the size that it has in the store; only some blocks are filled
 *     CAMERA/FILE.mp4.blocks       struct fetch_blocks (block_map.h): which
 *
 * CAMERA is a camera's name (config.h), FILE the name in the list. A bit in .blocks is set after the block's bytes are
 * in the file, and is never cleared; nothing may be read from a block whose bit is not set.
 *
 * Files leave the cache as a whole, by unlink, so a descriptor that is open stays right; FETCH_BYTES for a file that has
 * left makes a new one. An .mp4 is made before its .blocks, which appears as a whole by rename, and .blocks is unlinked
 * before its .mp4. So who opens .mp4, then .blocks, and then finds that the name of the .mp4 still stands for the file
 * that is open, has a pair; otherwise the .mp4 could be an old one, with holes where the bits are of a new one. Every
 * entry of the list has SEGMENT_PARTIAL (segment.h): without a .blocks file nothing can be read.
 *
 * A segment that is still being recorded grows, as it does on the recorder: its .mp4 first, then its .idx. Then
 * file_bytes grows, after the bytes are in the file, and all bits up to it are set; the last one stands for the part of
 * its block that is below file_bytes. Once the segment is closed, all of its files are replaced.
 *
 * In the list, the run numbers of another archive of a camera (archive_id.h) have other high bits, so that segments of
 * two archives never look like one run. Nothing before unsettled_from_us of its header will change, except that
 * segments expire.
 */
#ifndef SHARED_STORE_FETCH_SOCKET_H
#define SHARED_STORE_FETCH_SOCKET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "shared/config/config.h"
#include "shared/segment/block_map.h"
#include "shared/segment/segment.h"

#define FETCH_REQUEST_MAGIC UINT64_C(0x0a31514552465353) /* "SSFREQ1\n" */
#define FETCH_ANSWER_MAGIC  UINT64_C(0x0a31534e41465353) /* "SSFANS1\n" */
#define FETCH_STATUS_MAGIC  UINT64_C(0x0a31545353465353) /* "SSFSST1\n" */
#define FETCH_CAMERA_BYTES  32
#define FETCH_STATUS_FILE   "remote.bin"
#define FETCH_SOCKET_FILE   "fetch.socket"
#define FETCH_BYTES_MAX     (16u * FETCH_BLOCK_BYTES) /* of one FETCH_BYTES; more is FETCH_INVALID */
#define FETCH_WAITING_MAX   64                        /* requests of one connection that wait; more is FETCH_BUSY */
#define FETCH_BLOCKS_OPEN   UINT64_C(65536)           /* bits of the .blocks file of an open segment */

enum fetch_kind {
	FETCH_CAMERAS, /* every camera of the bucket has its folder, as of 60 s ago at most */
	FETCH_SPAN, /* the list has the segments that overlap [from, to), in wall time; and their files as `what` says */
	FETCH_BYTES, /* bytes [from, to) of FILE.mp4 are there */
};

/* What of the segments of a span is wanted beside the list. */
enum fetch_what {
	FETCH_INDEXES = 1, /* the .idx, and the first block of the .mp4, which has its moov */
	FETCH_MOTION = 2,  /* the .motion, for segments that have one */
};

struct fetch_request {
	uint64_t magic;
	uint64_t id;
	uint32_t kind; /* enum fetch_kind */
	uint32_t what; /* enum fetch_what, together; of FETCH_SPAN */
	char camera[FETCH_CAMERA_BYTES];
	char file[SEGMENT_FILE_BYTES]; /* of FETCH_BYTES */
	int64_t from, to;              /* microseconds, or bytes */
};

enum fetch_outcome {
	FETCH_OK,
	FETCH_GONE,    /* the store no longer has the object of FETCH_BYTES; the list says so too (SEGMENT_EXPIRED) */
	FETCH_UNKNOWN, /* the bucket has no such camera, or the list no such file */
	FETCH_UNAVAILABLE, /* the store does not answer as it should now; `reason` says why */
	FETCH_BUSY,        /* too many requests of this worker wait already */
	FETCH_INVALID,
};

struct fetch_answer {
	uint64_t magic;
	uint64_t id; /* of the request */
	uint32_t outcome;
	uint32_t retry_after_s; /* of FETCH_UNAVAILABLE and FETCH_BUSY */
	char reason[320];       /* a sentence without a full stop; empty if FETCH_OK */
};

/* remote.bin: what is known of a camera of the store. Sealed by a CRC-32C of the bytes before it. */
struct fetch_status {
	uint64_t magic;
	int64_t answered_wall_us;      /* when the store last told what it has of this camera; 0: not yet */
	int64_t newest_wall_us;        /* end of the newest footage that it has; 0: not known */
	int64_t failing_since_wall_us; /* 0: the last request succeeded */
	char error[320];               /* why it is failing: a sentence without a full stop */
	uint8_t pad[512 - 4 - 352];
	uint32_t crc;
};

static_assert(CONFIG_CACHE_MAX + sizeof("/" FETCH_SOCKET_FILE) <= sizeof(((struct sockaddr_un *)NULL)->sun_path),
	      "the path of the socket fits");
static_assert(sizeof(struct fetch_request) == 136, "fetch request");
static_assert(sizeof(struct fetch_answer) == 344, "fetch answer");
static_assert(sizeof(struct fetch_status) == 512, "fetch status");

#endif
