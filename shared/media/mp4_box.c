/* mp4_box.c - parses the boxes of init segments and fragments. Clause numbers are those of ISO/IEC 14496-12. */
#include "shared/media/mp4_box.h"

#include "shared/base/big_endian.h"

/* Fields before the codec's own boxes in a visual sample entry (12.1.3). */
#define VISUAL_ENTRY_BYTES 86u

/* Flags of tfhd (8.8.7) and trun (8.8.8), and the one sample flag that is needed here (8.8.3.1). */
#define TFHD_BASE_OFFSET  0x000001u
#define TFHD_ENTRY_INDEX  0x000002u
#define TFHD_DURATION     0x000008u
#define TFHD_SIZE         0x000010u
#define TFHD_FLAGS        0x000020u
#define TFHD_BASE_IS_MOOF 0x020000u
#define TRUN_DATA_OFFSET  0x000001u
#define TRUN_FIRST_FLAGS  0x000004u
#define TRUN_DURATION     0x000100u
#define TRUN_SIZE         0x000200u
#define TRUN_FLAGS        0x000400u
#define TRUN_COMPOSITION  0x000800u
#define SAMPLE_IS_NOT_KEY 0x010000u

/* Consecutive boxes in data[at .. end). */
struct span {
	const uint8_t *data;
	size_t at, end;
};

enum mp4_outcome mp4_box_header(const uint8_t *data, size_t length, size_t at, struct mp4_box *out)
{
	if (at > length || length - at < 8)
		return MP4_INCOMPLETE;
	*out = (struct mp4_box){
		.type = be32_get(data + at + 4), .header_bytes = 8, .at = at, .size = be32_get(data + at)};
	if (out->size == 1) {
		if (length - at < 16)
			return MP4_INCOMPLETE;
		out->size = be64_get(data + at + 8);
		out->header_bytes = 16;
	}
	return out->size < out->header_bytes ? MP4_INVALID : MP4_OK;
}

/* Takes the next box, all of which must be within the span. */
static bool span_next(struct span *span, struct mp4_box *out)
{
	if (mp4_box_header(span->data, span->end, span->at, out) != MP4_OK || out->size > span->end - span->at)
		return false;
	span->at += (size_t)out->size;
	return true;
}

/* The content of a box, after its header. */
static struct span span_of(const struct span *parent, const struct mp4_box *box)
{
	size_t at = (size_t)box->at;

	return (struct span){parent->data, at + box->header_bytes, at + (size_t)box->size};
}

/* The only box of that type in the span, which must consist of whole boxes. Returns false for none and for several. */
static bool span_only(struct span span, uint32_t type, struct span *out)
{
	struct span whole = span;
	struct mp4_box box;
	bool found = false;

	while (span.at < span.end) {
		if (!span_next(&span, &box))
			return false;
		if (box.type != type)
			continue;
		if (found)
			return false;
		found = true;
		*out = span_of(&whole, &box);
	}
	return found;
}

/* Takes a field of a full box. Returns false if the box ends before it. */
static bool take_u32(struct span *span, uint32_t *out)
{
	if (span->end - span->at < 4)
		return false;
	*out = be32_get(span->data + span->at);
	span->at += 4;
	return true;
}

static bool take_u64(struct span *span, uint64_t *out)
{
	if (span->end - span->at < 8)
		return false;
	*out = be64_get(span->data + span->at);
	span->at += 8;
	return true;
}

static bool skip(struct span *span, size_t bytes)
{
	if (span->end - span->at < bytes)
		return false;
	span->at += bytes;
	return true;
}

/* The content of a box of that type that is all of data[0 .. length). */
static bool whole_box(const uint8_t *data, size_t length, uint32_t type, struct span *out)
{
	struct span file = {data, 0, length};
	struct mp4_box box;

	if (!span_next(&file, &box) || file.at != length || box.type != type)
		return false;
	*out = span_of(&file, &box);
	return true;
}

/* tkhd: version and flags, two times of 4 or 8 bytes, track ID. */
static bool parse_tkhd(struct span tkhd, struct mp4_init *out)
{
	uint32_t version;

	return take_u32(&tkhd, &version) && skip(&tkhd, version >> 24 == 1 ? 16 : 8) && take_u32(&tkhd, &out->track_id);
}

/* mdhd: version and flags, two times of 4 or 8 bytes, timescale. */
static bool parse_mdhd(struct span mdhd, struct mp4_init *out)
{
	uint32_t version;

	return take_u32(&mdhd, &version) && skip(&mdhd, version >> 24 == 1 ? 16 : 8) &&
	       take_u32(&mdhd, &out->timescale) && out->timescale > 0;
}

/* hdlr: version and flags, 0, handler type. */
static bool is_video(struct span hdlr)
{
	uint32_t handler;

	return skip(&hdlr, 8) && take_u32(&hdlr, &handler) && handler == MP4_TYPE('v', 'i', 'd', 'e');
}

/* stsd: version and flags, count, entries. */
static bool parse_stsd(struct span stsd, struct mp4_init *out)
{
	uint32_t count;
	struct mp4_box entry;

	if (!skip(&stsd, 4) || !take_u32(&stsd, &count) || count != 1)
		return false;
	if (!span_next(&stsd, &entry) || stsd.at != stsd.end || entry.header_bytes != 8)
		return false;
	if (entry.size < VISUAL_ENTRY_BYTES || entry.size > MP4_ENTRY_MAX)
		return false;
	out->codec = entry.type;
	out->entry = stsd.data + entry.at;
	out->entry_bytes = (uint32_t)entry.size;
	out->width = be16_get(out->entry + 32);
	out->height = be16_get(out->entry + 34);
	return out->width > 0 && out->height > 0;
}

bool mp4_parse_init(const uint8_t *data, size_t length, struct mp4_init *out)
{
	struct span moov, trak, tkhd, mdia, mdhd, hdlr, minf, stbl, stsd;

	*out = (struct mp4_init){0};
	if (!whole_box(data, length, MP4_TYPE('m', 'o', 'o', 'v'), &moov))
		return false;
	return span_only(moov, MP4_TYPE('t', 'r', 'a', 'k'), &trak) &&
	       span_only(trak, MP4_TYPE('t', 'k', 'h', 'd'), &tkhd) && parse_tkhd(tkhd, out) &&
	       span_only(trak, MP4_TYPE('m', 'd', 'i', 'a'), &mdia) &&
	       span_only(mdia, MP4_TYPE('m', 'd', 'h', 'd'), &mdhd) && parse_mdhd(mdhd, out) &&
	       span_only(mdia, MP4_TYPE('h', 'd', 'l', 'r'), &hdlr) && is_video(hdlr) &&
	       span_only(mdia, MP4_TYPE('m', 'i', 'n', 'f'), &minf) &&
	       span_only(minf, MP4_TYPE('s', 't', 'b', 'l'), &stbl) &&
	       span_only(stbl, MP4_TYPE('s', 't', 's', 'd'), &stsd) && parse_stsd(stsd, out);
}

/* What tfhd and trun say about the sample. If both have a field, trun's wins. */
struct sample_fields {
	bool has_duration, has_size, has_flags;
	uint32_t flags;
};

static bool take_duration(struct span *span, struct sample_fields *fields, struct mp4_fragment *out)
{
	out->duration_at = (uint32_t)span->at;
	fields->has_duration = true;
	return take_u32(span, &out->duration);
}

static bool take_size(struct span *span, struct sample_fields *fields, struct mp4_fragment *out)
{
	fields->has_size = true;
	return take_u32(span, &out->size);
}

static bool take_flags(struct span *span, struct sample_fields *fields, struct mp4_fragment *out)
{
	out->flags_at = (uint32_t)span->at;
	fields->has_flags = true;
	return take_u32(span, &fields->flags);
}

static bool parse_mfhd(struct span mfhd, struct mp4_fragment *out)
{
	out->sequence_at = (uint32_t)mfhd.at + 4;
	return mfhd.end - mfhd.at >= 8;
}

static bool parse_tfhd(struct span tfhd, struct sample_fields *fields, struct mp4_fragment *out)
{
	uint32_t flags;

	if (!take_u32(&tfhd, &flags) || !skip(&tfhd, 4))
		return false;
	if (!(flags & TFHD_BASE_IS_MOOF) || (flags & TFHD_BASE_OFFSET))
		return false;
	return !((flags & TFHD_ENTRY_INDEX) && !skip(&tfhd, 4)) &&
	       !((flags & TFHD_DURATION) && !take_duration(&tfhd, fields, out)) &&
	       !((flags & TFHD_SIZE) && !take_size(&tfhd, fields, out)) &&
	       !((flags & TFHD_FLAGS) && !take_flags(&tfhd, fields, out));
}

static bool parse_tfdt(struct span tfdt, struct mp4_fragment *out)
{
	uint32_t version, value;

	if (!take_u32(&tfdt, &version))
		return false;
	out->decode_time_at = (uint32_t)tfdt.at;
	out->decode_time_is_64 = version >> 24 == 1;
	if (out->decode_time_is_64)
		return take_u64(&tfdt, &out->decode_time);
	if (!take_u32(&tfdt, &value))
		return false;
	out->decode_time = value;
	return true;
}

static bool parse_trun(struct span trun, struct sample_fields *fields, struct mp4_fragment *out)
{
	uint32_t flags, count, composition = 0;

	if (!take_u32(&trun, &flags) || !take_u32(&trun, &count) || count != 1)
		return false;
	if (!(flags & TRUN_DATA_OFFSET) || !take_u32(&trun, &out->data_offset) || out->data_offset > INT32_MAX)
		return false;
	return !((flags & TRUN_FIRST_FLAGS) && !take_flags(&trun, fields, out)) &&
	       !((flags & TRUN_DURATION) && !take_duration(&trun, fields, out)) &&
	       !((flags & TRUN_SIZE) && !take_size(&trun, fields, out)) &&
	       !((flags & TRUN_FLAGS) && !take_flags(&trun, fields, out)) &&
	       !((flags & TRUN_COMPOSITION) && !take_u32(&trun, &composition)) && composition == 0;
}

bool mp4_parse_fragment(const uint8_t *data, size_t length, struct mp4_fragment *out)
{
	struct span moof, mfhd, traf, tfhd, tfdt, trun;
	struct sample_fields fields = {0};

	*out = (struct mp4_fragment){0};
	if (length > INT32_MAX || !whole_box(data, length, MP4_TYPE('m', 'o', 'o', 'f'), &moof))
		return false;
	bool valid = span_only(moof, MP4_TYPE('m', 'f', 'h', 'd'), &mfhd) && parse_mfhd(mfhd, out) &&
		     span_only(moof, MP4_TYPE('t', 'r', 'a', 'f'), &traf) &&
		     span_only(traf, MP4_TYPE('t', 'f', 'h', 'd'), &tfhd) && parse_tfhd(tfhd, &fields, out) &&
		     span_only(traf, MP4_TYPE('t', 'f', 'd', 't'), &tfdt) && parse_tfdt(tfdt, out) &&
		     span_only(traf, MP4_TYPE('t', 'r', 'u', 'n'), &trun) && parse_trun(trun, &fields, out);
	out->key = !(fields.flags & SAMPLE_IS_NOT_KEY);
	return valid && fields.has_duration && fields.has_size && fields.has_flags;
}

bool mp4_rewrite_fragment(uint8_t *data, const struct mp4_fragment *fragment, uint32_t sequence, uint64_t decode_time)
{
	if (!fragment->decode_time_is_64 && decode_time > UINT32_MAX)
		return false;
	be32_put(data + fragment->sequence_at, sequence);
	if (fragment->decode_time_is_64)
		be64_put(data + fragment->decode_time_at, decode_time);
	else
		be32_put(data + fragment->decode_time_at, (uint32_t)decode_time);
	return true;
}
