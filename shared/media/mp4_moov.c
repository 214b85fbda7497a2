/* mp4_moov.c - builds the ftyp and moov of a progressive MP4. */
#include "shared/media/mp4_moov.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_chunks.h"
#include "shared/media/mp4_durations.h"
#include "shared/media/mp4_write.h"

#define EPOCH_1904_S      INT64_C(2082844800) /* seconds from 1904 to 1970 */
#define MDAT_HEADER_BYTES 16u
#define SAMPLES_MAX       (UINT32_MAX / 64) /* keeps all of their tables below 4 GiB */
#define FIXED_BYTES       1024u /* more than the rest of a clip's header takes, besides the entry and the tables */

/* The tables are made while samples are added, as far as they do not depend on the length of the moov. */
struct mp4_moov {
	uint16_t width, height;
	uint64_t created; /* seconds since 1904 */
	uint8_t *entry;
	uint32_t entry_bytes;
	uint32_t count, key_count; /* samples */
	struct buffer sizes;       /* of the samples, in 32 bits: what stsz holds */
	size_t sizes_at;           /* where they are in what was written */
	struct buffer keys;        /* numbers of the key frames, in 32 bits: what stss holds */
	struct mp4_durations durations;
	struct mp4_chunks chunks;
	bool failed;
};

/* Microseconds in ticks of MP4_CLIP_TIMESCALE, rounded. */
static uint64_t tick_of(int64_t time_us)
{
	return time_us > 0 ? ((uint64_t)time_us * 9 + 50) / 100 : 0;
}

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
	moov->durations.late_max = tick_of(spec->late_us);
	moov->entry = malloc(spec->entry_bytes);
	if (!moov->entry || !buffer_reserve(&moov->sizes, spec->samples * 4)) {
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
	buffer_free(&moov->sizes);
	buffer_free(&moov->keys);
	mp4_durations_free(&moov->durations);
	mp4_chunks_free(&moov->chunks);
	free(moov);
}

/* Appends 32 bits, without a function call if there is room. */
static void append_u32(struct buffer *out, uint32_t value)
{
	if (out->capacity - out->length < 4 && !buffer_reserve(out, 4))
		return;
	be32_put(out->data + out->length, value);
	out->length += 4;
}

void mp4_moov_add_sample(struct mp4_moov *moov, int64_t time_us, uint64_t payload_offset, uint32_t size, bool key)
{
	uint64_t tick = tick_of(time_us), last = moov->durations.last;

	if (moov->count == SAMPLES_MAX) {
		moov->failed = true;
		return;
	}
	moov->count++;
	append_u32(&moov->sizes, size);
	if (key) {
		append_u32(&moov->keys, moov->count);
		moov->key_count++;
	}
	mp4_durations_add(&moov->durations, tick > last ? tick : last);
	mp4_chunks_add(&moov->chunks, payload_offset, size);
}

/* What the tables depend on besides the samples. */
struct layout {
	uint32_t divisor; /* the timescale is MP4_CLIP_TIMESCALE / divisor ticks per second */
	bool wide;        /* offsets have 64 bits: co64 */
};

/* Chooses the finest timescale in which every sample fits. Returns false if there is none. */
static bool choose_timescale(const struct mp4_moov *moov, struct layout *out)
{
	for (uint32_t divisor = 1; divisor <= MP4_CLIP_TIMESCALE; divisor++) {
		/* Rounding both ends can make a duration one tick longer. */
		if (MP4_CLIP_TIMESCALE % divisor != 0 ||
		    moov->durations.longest / divisor + (divisor > 1) > MP4_DURATION_MAX)
			continue;
		out->divisor = divisor;
		return true;
	}
	return false;
}

/* More than the moov takes. */
static size_t moov_bytes_max(const struct mp4_moov *moov)
{
	/* In a coarser timescale each sample may have an entry of its own in stts. */
	size_t runs = moov->durations.longest > MP4_DURATION_MAX ? moov->count : moov->durations.count;

	return FIXED_BYTES + moov->entry_bytes + runs * 8 + moov->sizes.length + moov->keys.length +
	       moov->chunks.count * 8 + moov->chunks.run_count * 12;
}

static void put_stsd(const struct mp4_moov *moov, struct buffer *out)
{
	size_t stsd = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'd'), 0);

	buffer_u32(out, 1);
	buffer_append(out, moov->entry, moov->entry_bytes);
	mp4_box_end(out, stsd);
}

/* In a track without this box, all frames are key frames. */
static void put_stss(const struct mp4_moov *moov, struct buffer *out)
{
	if (moov->key_count == moov->count)
		return;
	size_t stss = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 's'), 0);
	buffer_u32(out, moov->key_count);
	buffer_append(out, moov->keys.data, moov->keys.length);
	mp4_box_end(out, stss);
}

static void put_stsz(struct mp4_moov *moov, struct buffer *out)
{
	size_t stsz = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'z'), 0);

	buffer_u32(out, 0);
	buffer_u32(out, moov->count);
	moov->sizes_at = out->length;
	buffer_append(out, moov->sizes.data, moov->sizes.length);
	mp4_box_end(out, stsz);
}

static void put_stbl(struct mp4_moov *moov, struct buffer *out, const struct layout *layout)
{
	size_t stbl = mp4_box_begin(out, MP4_TYPE('s', 't', 'b', 'l'));

	put_stsd(moov, out);
	mp4_put_stts(out, &moov->durations, layout->divisor);
	put_stss(moov, out);
	mp4_put_stsc(out, &moov->chunks);
	put_stsz(moov, out);
	mp4_put_offsets(out, &moov->chunks, layout->wide);
	mp4_box_end(out, stbl);
}

static void put_minf(struct mp4_moov *moov, struct buffer *out, const struct layout *layout)
{
	size_t minf = mp4_box_begin(out, MP4_TYPE('m', 'i', 'n', 'f'));
	mp4_put_vmhd(out);
	mp4_put_dinf(out);
	put_stbl(moov, out, layout);
	mp4_box_end(out, minf);
}

static void put_boxes(struct mp4_moov *moov, const struct mp4_times *times, struct buffer *out,
		      const struct layout *layout)
{
	size_t box = mp4_box_begin(out, MP4_TYPE('m', 'o', 'o', 'v'));
	mp4_put_mvhd(out, times);
	size_t trak = mp4_box_begin(out, MP4_TYPE('t', 'r', 'a', 'k'));
	mp4_put_tkhd(out, times, moov->width, moov->height);
	size_t mdia = mp4_box_begin(out, MP4_TYPE('m', 'd', 'i', 'a'));
	mp4_put_mdhd(out, times);
	mp4_put_hdlr(out);
	put_minf(moov, out, layout);
	mp4_box_end(out, mdia);
	mp4_box_end(out, trak);
	mp4_box_end(out, box);
}

/* Ends the tables. Returns false if they cannot be written. */
static bool moov_end(struct mp4_moov *moov, int64_t end_us, uint64_t *end)
{
	uint64_t tick = tick_of(end_us), last = moov->durations.last;

	if (moov->failed || moov->sizes.failed || moov->keys.failed || moov->count == 0)
		return false;
	*end = mp4_durations_end(&moov->durations, tick > last ? tick : last);
	mp4_chunks_end(&moov->chunks);
	return !moov->durations.failed && !moov->chunks.failed;
}

/* Appends the moov, which ends with the offsets. The payload will begin at payload_at or before. */
static bool put_moov(struct mp4_moov *moov, uint64_t end, uint64_t payload_at, struct buffer *out,
		     struct layout *layout)
{
	if (!choose_timescale(moov, layout))
		return false;
	layout->wide = payload_at + moov->chunks.highest > UINT32_MAX;
	put_boxes(moov,
		  &(struct mp4_times){moov->created, mp4_ticks_scaled(end, layout->divisor),
				      MP4_CLIP_TIMESCALE / layout->divisor},
		  out, layout);
	return !out->failed;
}

bool mp4_moov_write(struct mp4_moov *moov, int64_t end_us, uint64_t payload_at, struct buffer *out)
{
	struct layout layout;
	uint64_t end;

	if (!moov_end(moov, end_us, &end) || !buffer_reserve(out, moov_bytes_max(moov)) ||
	    !put_moov(moov, end, payload_at, out, &layout))
		return false;
	mp4_chunks_place(&moov->chunks, layout.wide, payload_at, out->data + out->length);
	return true;
}

bool mp4_moov_write_clip_header(struct mp4_moov *moov, int64_t end_us, uint64_t payload_bytes, struct buffer *out)
{
	static const char brands[] = "isom\0\0\2\0isomiso2avc1mp41";
	size_t start = out->length;
	struct layout layout;
	uint64_t end;

	if (!moov_end(moov, end_us, &end) || !buffer_reserve(out, moov_bytes_max(moov)))
		return false;
	size_t ftyp = mp4_box_begin(out, MP4_TYPE('f', 't', 'y', 'p'));
	buffer_append(out, brands, sizeof(brands) - 1);
	mp4_box_end(out, ftyp);
	if (!put_moov(moov, end, moov_bytes_max(moov), out, &layout))
		return false;
	size_t moov_end_at = out->length;
	buffer_u32(out, 1);
	buffer_u32(out, MP4_TYPE('m', 'd', 'a', 't'));
	buffer_u64(out, payload_bytes + MDAT_HEADER_BYTES);
	if (out->failed)
		return false;
	mp4_chunks_place(&moov->chunks, layout.wide, out->length - start, out->data + moov_end_at);
	return true;
}

size_t mp4_moov_sizes_at(const struct mp4_moov *moov)
{
	return moov->sizes_at;
}
