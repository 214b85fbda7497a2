/* clip_slice.c - finds the frames of a segment that belong to a range of wall time. */
#include "fcgi/clip/clip_slice.h"

#define RECORDS_PER_READ 256u
#define SLACK_MIN_US     INT64_C(100000)

int64_t clip_slice_end_us(const struct clip_slice *slice)
{
	int64_t end_us = slice->tail.wall_us + (int64_t)slice->tail.duration_us;

	return clip_slice_is_cut(slice) && end_us > slice->to_us ? slice->to_us : end_us;
}

int64_t clip_slack_us(const struct index_record *record)
{
	int64_t slack_us = (int64_t)record->duration_us * 3 / 2;

	return slack_us > SLACK_MIN_US ? slack_us : SLACK_MIN_US;
}

/* An index whose times or offsets run backwards contradicts itself. */
bool clip_slice_read_ends(const struct segment_reader *segment, struct clip_slice *slice)
{
	return segment_reader_read(segment, slice->first, 1, &slice->head) == 1 &&
	       segment_reader_read(segment, slice->end - 1, 1, &slice->tail) == 1 &&
	       slice->tail.offset >= slice->head.offset && slice->tail.wall_us >= slice->head.wall_us;
}

bool clip_slice_whole(struct segment_reader *segment, enum clip_origin origin, struct clip_slice *out)
{
	*out = (struct clip_slice){.segment = *segment, .end = segment->count, .origin = origin};
	out->first = segment_reader_key_frame(segment, 0);
	if (out->first < out->end && clip_slice_read_ends(&out->segment, out))
		return true;
	segment_reader_close(&out->segment, false);
	return false;
}

bool clip_slice_find(const struct segment_reader *segment, int64_t from_us, int64_t to_us, struct clip_slice *slice)
{
	slice->first = segment_reader_find(segment, from_us);
	slice->end = segment_reader_find(segment, to_us);
	if (slice->first >= slice->end)
		return false;
	slice->first = segment_reader_key_frame(segment, slice->first);
	return slice->first < slice->end && clip_slice_read_ends(segment, slice) && slice->tail.wall_us < to_us;
}

uint64_t clip_slice_find_hole(const struct segment_reader *segment, uint64_t first, uint64_t end)
{
	struct index_record records[RECORDS_PER_READ];

	for (uint64_t next = first + 1; next < end;) {
		size_t wanted = end - next < RECORDS_PER_READ ? (size_t)(end - next) : RECORDS_PER_READ;
		size_t got = segment_reader_read(segment, next, wanted, records);
		for (size_t i = 0; i < got; i++)
			if (records[i].flags & INDEX_AFTER_HOLE)
				return next + i;
		if (got < wanted)
			return end;
		next += got;
	}
	return end;
}
