/*
 * catalogue.h - the list of segments, recordings/recording_index.bin, in the order of recording.
 *
 * The workers read it; recorderd alone writes it (recorderd/archive/catalogue_writer.h). It is replaced as a whole by
 * rename, so a reader sees either list as a whole. It can be rebuilt from the segments. recording_index.json has the
 * same list for people and scripts.
 *
 * The order of recording is that of the segment numbers. If one recorder cannot have given these, because a backup or
 * another archive was copied into the folder, it is that of the segments' times (recorderd/archive/archive_order.c).
 *
 * Little-endian: a header of 192 bytes, then entries of 192 bytes. Each has a CRC-32C of the bytes before the CRC. An
 * entry is valid if its CRC, its times (clock_is_plausible) and its file name are.
 *
 * If the clock was set back, wall times are not sorted. So each entry bounds those before and after it:
 * max_end_wall_us is the latest end up to and including this entry, min_start_wall_us the earliest start from this
 * entry on. Neither ever decreases, so a search takes two binary searches.
 */
#ifndef SHARED_SEGMENT_CATALOGUE_H
#define SHARED_SEGMENT_CATALOGUE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/segment/segment.h"

#define CATALOGUE_FILE        "recording_index.bin"
#define CATALOGUE_JSON        "recording_index.json"
#define CATALOGUE_MAGIC       UINT64_C(0x0a31544143524353) /* "SCRCAT1\n" */
#define CATALOGUE_ENTRY_BYTES 192u

enum catalogue_state { CATALOGUE_RECORDING = 0, CATALOGUE_COMPLETE = 1 };

struct catalogue_header {
	uint64_t magic;
	uint64_t generation; /* counts the replacements, from 1 */
	uint64_t entries;
	int64_t written_wall_us;
	int64_t unsettled_from_us; /* what is known of wall times from here on may still change; 0: nothing may */
	uint8_t pad[CATALOGUE_ENTRY_BYTES - 48];
	uint32_t entry_bytes;
	uint32_t crc;
};

struct catalogue_entry {
	uint64_t segment_no;
	uint64_t run_no;
	int64_t start_wall_us;
	int64_t end_wall_us;  /* end of the last frame; if the segment is open, as of when the list was written */
	int64_t last_wall_us; /* end of the segment before (segment_info) */
	int64_t max_end_wall_us;
	int64_t min_start_wall_us;
	uint64_t size_bytes; /* of the .mp4; if the segment is open, as above */
	uint64_t frames;     /* the same */
	uint64_t media_at;   /* segment_layout.media_at */
	int32_t utc_offset_s;
	uint32_t codec; /* mp4_init.codec: avc1, mp4v, … */
	uint16_t width, height;
	uint8_t state;     /* enum catalogue_state */
	uint8_t gap_cause; /* enum gap_cause */
	uint8_t source;    /* enum frame_source */
	uint8_t holes;     /* 1: frames in it or before its first one are damaged (INDEX_AFTER_HOLE) */
	char file[SEGMENT_FILE_BYTES];
	int64_t first_mono_us; /* of the first frame, by the clock of boot_id (segment_info) */
	uint8_t boot_id[16];   /* zeros: not known */
	uint8_t flags;         /* enum segment_flags */
	uint8_t pad1[CATALOGUE_ENTRY_BYTES - 4 - 185];
	uint32_t crc;
};

static_assert(sizeof(struct catalogue_header) == CATALOGUE_ENTRY_BYTES, "catalogue header");
static_assert(sizeof(struct catalogue_entry) == CATALOGUE_ENTRY_BYTES, "catalogue entry");
static_assert(offsetof(struct catalogue_entry, first_mono_us) == 160, "catalogue entry: first_mono_us");
static_assert(offsetof(struct catalogue_entry, flags) == 184, "catalogue entry: flags");

/* True if its CRC, its times and its file name are valid. */
bool catalogue_entry_valid(const struct catalogue_entry *entry);

/* A reader's descriptor of one version of the list. */
struct catalogue {
	int fd;
	uint64_t generation;
	uint64_t entries;
	int64_t unsettled_from_us; /* of the header */
};

enum catalogue_outcome {
	CATALOGUE_OK,
	CATALOGUE_MISSING, /* nothing has been recorded in the folder */
	CATALOGUE_INVALID, /* damaged; errno is EBADMSG */
	CATALOGUE_ERROR,   /* errno */
};

enum catalogue_outcome catalogue_open(int directory, struct catalogue *out);
void catalogue_close(struct catalogue *catalogue);

/* Reads up to `count` entries from number `first` on. Returns how many valid ones there are before the first other. */
size_t catalogue_read(const struct catalogue *catalogue, uint64_t first, size_t count, struct catalogue_entry *out);

/*
 * Finds the entries that may overlap [from, to): numbers *first up to *end (exclusive), in the order of recording. Not
 * all of them have to overlap. The open segment counts as endless. Returns false if the list cannot be read.
 */
bool catalogue_range(const struct catalogue *catalogue, int64_t from_wall_us, int64_t to_wall_us, uint64_t *first,
		     uint64_t *end);

/* Finds the number of the entry with that file name. Returns false if there is none. */
bool catalogue_find(const struct catalogue *catalogue, const char *file, uint64_t *number);

/*
 * The JSON object of an entry for /recordings and recording_index.json: file, start_time, end_time (YYYYMMDD_HHMMSS),
 * size, duration (seconds), start, end (ISO 8601), frames, codec, state, camera. The caller releases it with
 * json_object_put(). Returns NULL without memory.
 */
struct json_object;
struct json_object *catalogue_entry_json(const struct catalogue_entry *entry, const char *camera);

#endif
