/*
 * mp4_moov.c - the moov of a progressive MP4 (ISO/IEC 14496-12). Samples are kept as 16 bytes each until the moov is
 * asked for, since the offsets in it depend on how long it is. Times are kept in ticks of MP4_CLIP_TIMESCALE; the few
 * that do not fit in 32 bits stand beside the samples.
 */
#include "shared/media/mp4_moov.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"

#define EPOCH_1904_S      INT64_C(2082844800) /* seconds from 1904 to 1970 */
#define MDAT_HEADER_BYTES 16u
#define SAMPLES_MAX       (UINT32_MAX / 32) /* all of their tables stay below 4 GiB */

#define TICKS_MAX  ((uint64_t)INT32_MAX) /* that a sample may last in the moov */
#define TICKS_LONG UINT32_MAX            /* in place of what does not fit: the next one of `longs` */

struct sample {
	uint64_t offset : 63, key : 1;
	uint32_t size;
	uint32_t ticks; /* from the sample before it */
};

static_assert(sizeof(struct sample) == 16, "sample");

/* Ticks that do not fit in a sample, in the order of the samples. */
struct longs {
	uint64_t *ticks;
	size_t count, capacity;
};

struct mp4_moov {
	uint16_t width, height;
	uint64_t created; /* seconds since 1904 */
	uint8_t *entry;
	uint32_t entry_bytes;
	struct sample *samples;
	size_t count, capacity;
	struct longs longs;
	uint64_t last_tick;
	uint64_t longest; /* ticks between two samples */
	bool failed;
};

struct mp4_moov *mp4_moov_create(const struct mp4_moov_spec *spec)
{
	struct mp4_moov *header = calloc(1, sizeof(*header));

	if (!header)
		return NULL;
	int64_t created = spec->created_wall_us / 1000000 + EPOCH_1904_S;
	header->width = spec->width;
	header->height = spec->height;
	header->created = created > 0 ? (uint64_t)created : 0;
	header->entry_bytes = spec->entry_bytes;
	header->entry = malloc(spec->entry_bytes);
	if (!header->entry) {
		mp4_moov_destroy(header);
		return NULL;
	}
	memcpy(header->entry, spec->entry, spec->entry_bytes);
	return header;
}

void mp4_moov_destroy(struct mp4_moov *header)
{
	if (!header)
		return;
	free(header->entry);
	free(header->samples);
	free(header->longs.ticks);
	free(header);
}

static bool grow(struct mp4_moov *header)
{
	size_t capacity = header->capacity ? header->capacity * 2 : 1024;
	struct sample *samples = reallocarray(header->samples, capacity, sizeof(*samples));

	if (!samples)
		return false;
	header->samples = samples;
	header->capacity = capacity;
	return true;
}

static bool longs_add(struct longs *longs, uint64_t ticks)
{
	if (longs->count == longs->capacity) {
		size_t capacity = longs->capacity ? longs->capacity * 2 : 4;
		uint64_t *grown = reallocarray(longs->ticks, capacity, sizeof(*grown));
		if (!grown)
			return false;
		longs->ticks = grown;
		longs->capacity = capacity;
	}
	longs->ticks[longs->count++] = ticks;
	return true;
}

/* Microseconds in ticks, rounded, and never before the last sample. */
static uint64_t tick_of(const struct mp4_moov *header, int64_t time_us)
{
	uint64_t us = time_us > 0 ? (uint64_t)time_us : 0;
	uint64_t tick = us / 100 * 9 + (us % 100 * 9 + 50) / 100;

	return tick > header->last_tick ? tick : header->last_tick;
}

void mp4_moov_add_sample(struct mp4_moov *header, int64_t time_us, uint64_t payload_offset, uint32_t size, bool key)
{
	/* There is nothing to be shown before the first sample: it stands from the clip's start. */
	uint64_t tick = header->count > 0 ? tick_of(header, time_us) : 0;
	uint64_t ticks = tick - header->last_tick;

	if (header->failed)
		return;
	if ((header->count == header->capacity && !grow(header)) ||
	    (ticks >= TICKS_LONG && !longs_add(&header->longs, ticks))) {
		header->failed = true;
		return;
	}
	header->samples[header->count++] = (struct sample){
		.offset = payload_offset & (UINT64_MAX >> 1),
		.key = key,
		.size = size,
		.ticks = ticks >= TICKS_LONG ? TICKS_LONG : (uint32_t)ticks,
	};
	header->last_tick = tick;
	header->longest = ticks > header->longest ? ticks : header->longest;
}

/* How times are told: the ticks of a second are MP4_CLIP_TIMESCALE / divisor. */
struct scale {
	uint32_t divisor;
	uint64_t end; /* of the last sample, in ticks of MP4_CLIP_TIMESCALE */
};

static uint64_t scaled(const struct scale *scale, uint64_t ticks)
{
	return (ticks + scale->divisor / 2) / scale->divisor;
}

/* The finest one in which every sample fits; false where there is none. */
static bool scale_choose(const struct mp4_moov *header, uint64_t end, struct scale *out)
{
	uint64_t last = end - header->last_tick, longest = last > header->longest ? last : header->longest;

	*out = (struct scale){.end = end};
	for (uint32_t divisor = 1; divisor <= MP4_CLIP_TIMESCALE; divisor++) {
		/* Rounding both of its ends can make a duration one tick longer. */
		if (MP4_CLIP_TIMESCALE % divisor != 0 || longest / divisor + (divisor > 1) > TICKS_MAX)
			continue;
		out->divisor = divisor;
		return true;
	}
	return false;
}

/* `bytes` more bytes, to be filled in; NULL where memory is short. */
static uint8_t *extend(struct buffer *out, size_t bytes)
{
	if (!buffer_reserve(out, bytes))
		return NULL;
	uint8_t *at = out->data + out->length;
	out->length += bytes;
	return at;
}

static void put_stsd(const struct mp4_moov *header, struct buffer *out)
{
	size_t stsd = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'd'), 0);

	buffer_u32(out, 1);
	buffer_append(out, header->entry, header->entry_bytes);
	mp4_box_end(out, stsd);
}

/* Goes through the samples' durations. A sample lasts until the next one, the last one until the end. */
struct durations {
	size_t next, next_long;
	uint64_t tick; /* where sample `next` begins, in ticks of MP4_CLIP_TIMESCALE */
};

static uint32_t duration_next(const struct mp4_moov *header, const struct scale *scale, struct durations *at)
{
	uint64_t begin = at->tick;

	at->next++;
	if (at->next == header->count)
		at->tick = scale->end;
	else if (header->samples[at->next].ticks == TICKS_LONG)
		at->tick += header->longs.ticks[at->next_long++];
	else
		at->tick += header->samples[at->next].ticks;
	return (uint32_t)(scaled(scale, at->tick) - scaled(scale, begin));
}

/* Durations, run-length coded. */
static void put_stts(const struct mp4_moov *header, struct buffer *out, const struct scale *scale)
{
	size_t stts = mp4_full_box_begin(out, MP4_TYPE('s', 't', 't', 's'), 0);
	size_t runs_at = out->length;
	struct durations at = {0};
	uint32_t runs = 0, length = 0, ticks = 0;

	buffer_u32(out, 0);
	while (at.next < header->count) {
		uint32_t next = duration_next(header, scale, &at);
		if (length > 0 && next != ticks) {
			buffer_u32(out, length);
			buffer_u32(out, ticks);
			runs++;
			length = 0;
		}
		ticks = next;
		length++;
	}
	buffer_u32(out, length);
	buffer_u32(out, ticks);
	buffer_set_u32(out, runs_at, runs + 1);
	mp4_box_end(out, stts);
}

/* Numbers of the key frames, from 1. A track without this box has nothing but key frames. */
static void put_stss(const struct mp4_moov *header, struct buffer *out)
{
	uint32_t keys = 0;

	for (size_t i = 0; i < header->count; i++)
		keys += header->samples[i].key;
	if (keys == header->count)
		return;
	size_t stss = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 's'), 0);
	buffer_u32(out, keys);
	for (size_t i = 0; i < header->count; i++)
		if (header->samples[i].key)
			buffer_u32(out, (uint32_t)(i + 1));
	mp4_box_end(out, stss);
}

/* One sample in every chunk, all of the one sample entry. */
static void put_stsc(struct buffer *out)
{
	size_t stsc = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'c'), 0);

	for (int i = 0; i < 4; i++)
		buffer_u32(out, 1);
	mp4_box_end(out, stsc);
}

static void put_stsz(const struct mp4_moov *header, struct buffer *out)
{
	size_t stsz = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'z'), 0);

	buffer_u32(out, 0);
	buffer_u32(out, (uint32_t)header->count);
	uint8_t *sizes = extend(out, header->count * 4);
	for (size_t i = 0; sizes && i < header->count; i++)
		be32_put(sizes + i * 4, header->samples[i].size);
	mp4_box_end(out, stsz);
}

/* The offsets are filled in by place_chunks(). */
static void put_co64(const struct mp4_moov *header, struct buffer *out)
{
	size_t co64 = mp4_full_box_begin(out, MP4_TYPE('c', 'o', '6', '4'), 0);

	buffer_u32(out, (uint32_t)header->count);
	extend(out, header->count * 8);
	mp4_box_end(out, co64);
}

static void put_stbl(const struct mp4_moov *header, struct buffer *out, const struct scale *scale)
{
	size_t stbl = mp4_box_begin(out, MP4_TYPE('s', 't', 'b', 'l'));

	put_stsd(header, out);
	put_stts(header, out, scale);
	put_stss(header, out);
	put_stsc(out);
	put_stsz(header, out);
	put_co64(header, out);
	mp4_box_end(out, stbl);
}

static void put_minf(const struct mp4_moov *header, struct buffer *out, const struct scale *scale)
{
	size_t minf = mp4_box_begin(out, MP4_TYPE('m', 'i', 'n', 'f'));
	mp4_put_vmhd(out);
	mp4_put_dinf(out);
	put_stbl(header, out, scale);
	mp4_box_end(out, minf);
}

/* Appends the moov, co64 the last thing in it. */
static bool put_moov(const struct mp4_moov *header, int64_t end_us, struct buffer *out)
{
	struct scale scale;

	if (header->failed || header->count == 0 || header->count > SAMPLES_MAX ||
	    !scale_choose(header, tick_of(header, end_us), &scale))
		return false;
	struct mp4_times times = {header->created, scaled(&scale, scale.end), MP4_CLIP_TIMESCALE / scale.divisor};
	size_t moov = mp4_box_begin(out, MP4_TYPE('m', 'o', 'o', 'v'));
	mp4_put_mvhd(out, &times);
	size_t trak = mp4_box_begin(out, MP4_TYPE('t', 'r', 'a', 'k'));
	mp4_put_tkhd(out, &times, header->width, header->height);
	size_t mdia = mp4_box_begin(out, MP4_TYPE('m', 'd', 'i', 'a'));
	mp4_put_mdhd(out, &times);
	mp4_put_hdlr(out);
	put_minf(header, out, &scale);
	mp4_box_end(out, mdia);
	mp4_box_end(out, trak);
	mp4_box_end(out, moov);
	return !out->failed;
}

static void place_chunks(const struct mp4_moov *header, uint64_t payload_at, struct buffer *out, size_t moov_end)
{
	uint8_t *offsets = out->data + moov_end - header->count * 8;

	for (size_t i = 0; i < header->count; i++)
		be64_put(offsets + i * 8, payload_at + header->samples[i].offset);
}

bool mp4_moov_write(struct mp4_moov *header, int64_t end_us, uint64_t payload_at, struct buffer *out)
{
	if (!put_moov(header, end_us, out))
		return false;
	place_chunks(header, payload_at, out, out->length);
	return true;
}

bool mp4_moov_write_clip_header(struct mp4_moov *header, int64_t end_us, uint64_t payload_bytes, struct buffer *out)
{
	static const char brands[] = "isom\0\0\2\0isomiso2avc1mp41";
	size_t start = out->length;
	size_t ftyp = mp4_box_begin(out, MP4_TYPE('f', 't', 'y', 'p'));

	buffer_append(out, brands, sizeof(brands) - 1);
	mp4_box_end(out, ftyp);
	if (!put_moov(header, end_us, out))
		return false;
	size_t moov_end = out->length;
	buffer_u32(out, 1);
	buffer_u32(out, MP4_TYPE('m', 'd', 'a', 't'));
	buffer_u64(out, payload_bytes + MDAT_HEADER_BYTES);
	if (out->failed)
		return false;
	place_chunks(header, out->length - start, out, moov_end);
	return true;
}
