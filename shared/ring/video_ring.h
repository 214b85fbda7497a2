/*
 * video_ring.h - the second ring of a camera: the newest H.264 video, as FFmpeg gave it.
 *
 * It is the object of POSIX shared memory /recorder.NAME.video. Its layout, and the rules for the writer and the
 * readers, are those of the first ring (ring.h), and so are its owner, its mode and its other names (shm_name.h). Each
 * of its frames is one fragment of the recording, in the order in which FFmpeg gave them:
 *
 *     0                  struct video_record (32 B, little-endian)
 *     32                 init_bytes of ftyp and moov (ISO/IEC 14496-12), only in the record of a key frame
 *     32 + init_bytes    moof_bytes of one moof, and mdat_bytes of the mdat that belongs to it
 *
 * So a reader can begin with any key frame, and has nothing to look for that may have been overwritten. The fields of
 * struct ring_meta say when the frame was captured and how large the picture is. The ring's published state is unused.
 *
 * It holds at least VIDEO_RING_HOLD_US of video if /dev/shm has room for that: it grows when it does not. A reader then
 * finds it closed and opens it again; the frames are numbered from 1 again (recorderd/ring/video_writer.h).
 */
#ifndef SHARED_RING_VIDEO_RING_H
#define SHARED_RING_VIDEO_RING_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIDEO_RING_HOLD_US    INT64_C(4000000)
#define VIDEO_RING_LATE_US    INT64_C(5000000) /* a frame that comes so long after it was captured is not shown */
#define VIDEO_RING_NAME_BYTES 64
#define VIDEO_RECORD_MAGIC    UINT32_C(0x56524353) /* "SCRV" */
#define VIDEO_INIT_MAX        16384u               /* of ftyp and moov; FFmpeg's have about 800 bytes */

struct video_record {
	uint32_t magic;
	uint32_t number; /* of the fragment within its run, from 0: if one is missing, the next key frame is awaited */
	int64_t run_mono_us; /* when the first frame of the run was captured: tells runs apart */
	uint32_t init_bytes; /* 0: not a key frame */
	uint32_t moof_bytes;
	uint32_t mdat_bytes;
	uint32_t reserved; /* 0, and ignored */
};

static_assert(sizeof(struct video_record) == 32, "video record");
static_assert(offsetof(struct video_record, run_mono_us) == 8, "video record: run_mono_us");

/* A record that was split into its parts. The pointers lead into the bytes that were given. */
struct video_parts {
	struct video_record record;
	const uint8_t *init, *fragment; /* init is NULL if it is not a key frame */
	size_t fragment_bytes;          /* moof and mdat */
};

/*
 * Splits the bytes of a frame of the ring. They are not trusted: false if the sizes do not add up to `bytes`. What the
 * boxes contain is not looked at.
 */
bool video_record_split(const uint8_t *data, size_t bytes, struct video_parts *out);

/* The name of the video ring of the camera whose ring has that name (/recorder.NAME). */
void video_ring_name(const char *ring_name, char out[VIDEO_RING_NAME_BYTES]);

#endif
