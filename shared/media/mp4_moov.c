/* mp4_moov.c - builds the ftyp and moov of a progressive MP4. */
#include "shared/media/mp4_moov.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_chunks.h"
#include "shared/media/mp4_write.h"

#define EPOCH_1904_S      INT64_C(2082844800) /* seconds from 1904 to 1970 */
#define MDAT_HEADER_BYTES 16u
#define SAMPLES_MAX       (UINT32_MAX / 32) /* keeps all of their tables below 4 GiB */
#define SAMPLE_BYTES      24u   /* the most that a sample takes in the tables: stts 8, stss 4, stsz 4, co64 8 */
#define FIXED_BYTES       1024u /* more than the rest of a clip's header takes, besides the entry */

#define TICKS_MAX  ((uint64_t)INT32_MAX) /* the longest duration of a sample in the moov */
#define TICKS_LONG UINT32_MAX            /* does not fit: the value is the next one in `longs` */

/* Ticks that do not fit in 32 bits, in the order of their samples. */
struct longs {
	uint64_t *ticks;
	size_t count, capacity;
};

struct mp4_moov {
	uint16_t width, height;
	uint64_t created; /* seconds since 1904 */
	uint8_t *entry;
	uint32_t entry_bytes;
	struct mp4_sample *samples;
	size_t count, capacity;
	struct longs longs;
	uint64_t last_tick;
	uint64_t longest; /* most ticks between two samples */
	uint64_t highest; /* payload_offset of a sample */
	bool failed;
};

struct mp4_moov *mp4_moov_create(const struct mp4_moov_spec *spec)
{
	struct mp4_moov *moov = calloc(1, sizeof(*moov));

	if (!moov)
		return NULL;
	int64_t created = spec->created_wall_us / 1000000 + EPOCH_1904_S;
	moov->width = spec->width;
	moov->height = spec->height;
	moov->created = created > 0 ? (uint64_t)created : 0;
	moov->entry_bytes = spec->entry_bytes;
	moov->entry = malloc(spec->entry_bytes);
	if (!moov->entry) {
		mp4_moov_destroy(moov);
		return NULL;
	}
	memcpy(moov->entry, spec->entry, spec->entry_bytes);
	return moov;
}

void mp4_moov_destroy(struct mp4_moov *moov)
{
	if (!moov)
		return;
	free(moov->entry);
	free(moov->samples);
	free(moov->longs.ticks);
	free(moov);
}

static bool grow(struct mp4_moov *moov)
{
	size_t capacity = moov->capacity ? moov->capacity * 2 : 1024;
	struct mp4_sample *samples = reallocarray(moov->samples, capacity, sizeof(*samples));

	if (!samples)
		return false;
	moov->samples = samples;
	moov->capacity = capacity;
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

/* Microseconds in ticks, rounded, and not before the last sample. */
static uint64_t tick_of(const struct mp4_moov *moov, int64_t time_us)
{
	uint64_t us = time_us > 0 ? (uint64_t)time_us : 0;
	uint64_t tick = us / 100 * 9 + (us % 100 * 9 + 50) / 100;

	return tick > moov->last_tick ? tick : moov->last_tick;
}

void mp4_moov_add_sample(struct mp4_moov *moov, int64_t time_us, uint64_t payload_offset, uint32_t size, bool key)
{
	/* There is nothing to show before the first sample, so it is shown from the start of the clip. */
	uint64_t tick = moov->count > 0 ? tick_of(moov, time_us) : 0;
	uint64_t ticks = tick - moov->last_tick;

	if (moov->failed)
		return;
	if ((moov->count == moov->capacity && !grow(moov)) ||
	    (ticks >= TICKS_LONG && !longs_add(&moov->longs, ticks))) {
		moov->failed = true;
		return;
	}
	moov->samples[moov->count++] = (struct mp4_sample){
		.offset = payload_offset & (UINT64_MAX >> 1),
		.key = key,
		.size = size,
		.ticks = ticks >= TICKS_LONG ? TICKS_LONG : (uint32_t)ticks,
	};
	moov->last_tick = tick;
	moov->longest = ticks > moov->longest ? ticks : moov->longest;
	moov->highest = payload_offset > moov->highest ? payload_offset : moov->highest;
}

/* The timescale of the moov: MP4_CLIP_TIMESCALE / divisor ticks per second. */
struct scale {
	uint32_t divisor;
	uint64_t end; /* of the last sample, in ticks of MP4_CLIP_TIMESCALE */
};

static uint64_t scaled(const struct scale *scale, uint64_t ticks)
{
	/* Nearly all clips have divisor 1, and a division takes long. */
	return scale->divisor == 1 ? ticks : (ticks + scale->divisor / 2) / scale->divisor;
}

/* Chooses the finest timescale in which every sample fits. Returns false if there is none. */
static bool scale_choose(const struct mp4_moov *moov, uint64_t end, struct scale *out)
{
	uint64_t last = end - moov->last_tick, longest = last > moov->longest ? last : moov->longest;

	*out = (struct scale){.end = end};
	for (uint32_t divisor = 1; divisor <= MP4_CLIP_TIMESCALE; divisor++) {
		/* Rounding both ends can make a duration one tick longer. */
		if (MP4_CLIP_TIMESCALE % divisor != 0 || longest / divisor + (divisor > 1) > TICKS_MAX)
			continue;
		out->divisor = divisor;
		return true;
	}
	return false;
}

/* Adds `bytes` bytes for the caller to fill in. Returns NULL if memory is short. */
static uint8_t *extend(struct buffer *out, size_t bytes)
{
	if (!buffer_reserve(out, bytes))
		return NULL;
	uint8_t *at = out->data + out->length;
	out->length += bytes;
	return at;
}

static void put_stsd(const struct mp4_moov *moov, struct buffer *out)
{
	size_t stsd = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'd'), 0);

	buffer_u32(out, 1);
	buffer_append(out, moov->entry, moov->entry_bytes);
	mp4_box_end(out, stsd);
}

/* Iterates over the durations. A sample lasts until the next one, and the last one until the end. */
struct durations {
	size_t next, next_long;
	uint64_t tick; /* when sample `next` begins, in ticks of MP4_CLIP_TIMESCALE */
};

static uint32_t duration_next(const struct mp4_moov *moov, const struct scale *scale, struct durations *at)
{
	uint64_t begin = at->tick;

	at->next++;
	if (at->next == moov->count)
		at->tick = scale->end;
	else if (moov->samples[at->next].ticks == TICKS_LONG)
		at->tick += moov->longs.ticks[at->next_long++];
	else
		at->tick += moov->samples[at->next].ticks;
	return (uint32_t)(scaled(scale, at->tick) - scaled(scale, begin));
}

/* Durations, run-length coded. */
static void put_stts(const struct mp4_moov *moov, struct buffer *out, const struct scale *scale)
{
	size_t stts = mp4_full_box_begin(out, MP4_TYPE('s', 't', 't', 's'), 0);
	size_t runs_at = out->length;
	struct durations at = {0};
	uint32_t runs = 0, length = 0, ticks = 0;

	buffer_u32(out, 0);
	while (at.next < moov->count) {
		uint32_t next = duration_next(moov, scale, &at);
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

/* The numbers of the key frames, from 1. In a track without this box, all frames are key frames. */
static void put_stss(const struct mp4_moov *moov, struct buffer *out)
{
	uint32_t keys = 0;

	for (size_t i = 0; i < moov->count; i++)
		keys += moov->samples[i].key;
	if (keys == moov->count)
		return;
	size_t stss = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 's'), 0);
	buffer_u32(out, keys);
	for (size_t i = 0; i < moov->count; i++)
		if (moov->samples[i].key)
			buffer_u32(out, (uint32_t)(i + 1));
	mp4_box_end(out, stss);
}

static void put_stsz(const struct mp4_moov *moov, struct buffer *out)
{
	size_t stsz = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'z'), 0);

	buffer_u32(out, 0);
	buffer_u32(out, (uint32_t)moov->count);
	uint8_t *sizes = extend(out, moov->count * 4);
	for (size_t i = 0; sizes && i < moov->count; i++)
		be32_put(sizes + i * 4, moov->samples[i].size);
	mp4_box_end(out, stsz);
}

/* What the tables depend on besides the samples. */
struct tables {
	struct scale scale;
	struct mp4_chunks chunks;
};

static void put_stbl(const struct mp4_moov *moov, struct buffer *out, const struct tables *tables)
{
	size_t stbl = mp4_box_begin(out, MP4_TYPE('s', 't', 'b', 'l'));

	put_stsd(moov, out);
	put_stts(moov, out, &tables->scale);
	put_stss(moov, out);
	mp4_put_stsc(out, moov->samples, &tables->chunks);
	put_stsz(moov, out);
	mp4_put_offsets(out, &tables->chunks);
	mp4_box_end(out, stbl);
}

static void put_minf(const struct mp4_moov *moov, struct buffer *out, const struct tables *tables)
{
	size_t minf = mp4_box_begin(out, MP4_TYPE('m', 'i', 'n', 'f'));
	mp4_put_vmhd(out);
	mp4_put_dinf(out);
	put_stbl(moov, out, tables);
	mp4_box_end(out, minf);
}

/* Appends the moov, which ends with the offsets. The payload will begin at payload_at or before. */
static bool put_moov(const struct mp4_moov *moov, int64_t end_us, uint64_t payload_at, struct buffer *out,
		     struct tables *tables)
{
	struct scale *scale = &tables->scale;

	if (moov->failed || moov->count == 0 || moov->count > SAMPLES_MAX ||
	    !scale_choose(moov, tick_of(moov, end_us), scale))
		return false;
	tables->chunks = mp4_chunks_choose(moov->samples, moov->count, payload_at + moov->highest);
	struct mp4_times times = {moov->created, scaled(scale, scale->end), MP4_CLIP_TIMESCALE / scale->divisor};
	size_t box = mp4_box_begin(out, MP4_TYPE('m', 'o', 'o', 'v'));
	mp4_put_mvhd(out, &times);
	size_t trak = mp4_box_begin(out, MP4_TYPE('t', 'r', 'a', 'k'));
	mp4_put_tkhd(out, &times, moov->width, moov->height);
	size_t mdia = mp4_box_begin(out, MP4_TYPE('m', 'd', 'i', 'a'));
	mp4_put_mdhd(out, &times);
	mp4_put_hdlr(out);
	put_minf(moov, out, tables);
	mp4_box_end(out, mdia);
	mp4_box_end(out, trak);
	mp4_box_end(out, box);
	return !out->failed;
}

bool mp4_moov_write(struct mp4_moov *moov, int64_t end_us, uint64_t payload_at, struct buffer *out)
{
	struct tables tables;

	if (!put_moov(moov, end_us, payload_at, out, &tables))
		return false;
	mp4_chunks_place(moov->samples, &tables.chunks, payload_at, out->data + out->length);
	return true;
}

bool mp4_moov_write_clip_header(struct mp4_moov *moov, int64_t end_us, uint64_t payload_bytes, struct buffer *out)
{
	static const char brands[] = "isom\0\0\2\0isomiso2avc1mp41";
	uint64_t header_bytes = FIXED_BYTES + moov->entry_bytes + (uint64_t)moov->count * SAMPLE_BYTES;
	size_t start = out->length;
	size_t ftyp = mp4_box_begin(out, MP4_TYPE('f', 't', 'y', 'p'));
	struct tables tables;

	buffer_append(out, brands, sizeof(brands) - 1);
	mp4_box_end(out, ftyp);
	if (!put_moov(moov, end_us, header_bytes, out, &tables))
		return false;
	size_t moov_end = out->length;
	buffer_u32(out, 1);
	buffer_u32(out, MP4_TYPE('m', 'd', 'a', 't'));
	buffer_u64(out, payload_bytes + MDAT_HEADER_BYTES);
	if (out->failed)
		return false;
	mp4_chunks_place(moov->samples, &tables.chunks, out->length - start, out->data + moov_end);
	return true;
}
