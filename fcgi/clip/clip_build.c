/* clip_build.c - joins the slices of a plan into one MP4. */
#include "fcgi/clip/clip_build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/clip/clip_pack.h"
#include "fcgi/clip/timelapse.h"
#include "shared/base/crc32c.h"
#include "shared/media/mp4_moov.h"
#include "shared/segment/segment.h"
#include "shared/text/time_text.h"

#define RECORDS_PER_READ 1024u
#define LATE_MAX_US      1000 /* of a frame in a packed clip */

/* A clip that is being built, slice by slice. */
struct build {
	struct clip_plan *plan;
	unsigned speed;
	struct timelapse timelapse; /* used if speed is not 1 */
	struct mp4_moov *header;
	struct virtual_file *file;
	uint64_t payload_bytes;
	int64_t origin_us; /* wall time of the first frame: presentation time 0 */
	int64_t shift_us;  /* grows whenever wall time went backwards */
	int64_t end_us;    /* presentation time of the end so far, before `speed` */
	size_t current;    /* index of the slice that is being added */
	uint64_t lazy_no;  /* number of the segment that the file knows by its name and was added last */
	bool packed;       /* without the boxes between frames */
	bool by_name;      /* its segment does not stay open, so the file knows it by its name */
	bool handed_over;  /* the slice before has left it open */
	bool deleted;      /* its segment is no longer there */
	uint64_t frames;
};

/* Every key frame carries its own SPS and PPS, so the sample entry of the first slice is valid for all of them. */
static struct mp4_moov *header_create(const struct build *build, int64_t created_us)
{
	uint8_t entry[MP4_ENTRY_MAX];
	struct mp4_init init;

	if (!segment_reader_read_init(&build->plan->slices[0].segment, entry, &init))
		return NULL;
	return mp4_moov_create(&(struct mp4_moov_spec){
		.width = init.width,
		.height = init.height,
		.entry = init.entry,
		.entry_bytes = init.entry_bytes,
		.created_wall_us = created_us,
		.late_us = build->packed ? LATE_MAX_US : 0,
		.samples = build->speed == 1 ? clip_plan_frames(build->plan) : 0,
	});
}

static int64_t presentation_us(const struct build *build, int64_t wall_us)
{
	int64_t time_us = wall_us - build->origin_us + build->shift_us;

	return time_us > 0 ? time_us : 0;
}

/* Adds one frame, whose bytes are at `offset` in the payload. */
static void add_frame(struct build *build, const struct index_record *record, uint64_t offset)
{
	int64_t time_us = presentation_us(build, record->wall_us);

	if (build->speed != 1)
		time_us /= build->speed;
	mp4_moov_add_sample(build->header, time_us, offset, record->size, record->flags & INDEX_KEY);
	build->frames++;
}

static bool is_inside(const struct clip_slice *slice, const struct index_record *record)
{
	return record->offset >= slice->head.offset &&
	       record->offset + record->size <= slice->tail.offset + slice->tail.size;
}

/* Adds a range of bytes of the slice's segment. */
static bool add_bytes(struct build *build, const struct clip_slice *slice, uint64_t offset, uint64_t length)
{
	build->payload_bytes += length;
	if (build->by_name)
		return virtual_file_append_lazy_range(build->file, offset, length);
	return virtual_file_append_range(build->file, slice->segment.fd, offset, length);
}

/* Adds one frame. In a packed clip it directly follows the one before, else as in the segment. */
static bool add_record(struct build *build, const struct clip_slice *slice, const struct index_record *record,
		       struct clip_pack *pack)
{
	if (!is_inside(slice, record))
		return false;
	if (!build->packed) {
		add_frame(build, record, build->payload_bytes + (record->offset - slice->head.offset));
		return true;
	}
	add_frame(build, record, build->payload_bytes);
	build->payload_bytes += record->size;
	return clip_pack_add(pack, record);
}

/*
 * Adds all frames of a slice. Unless the clip is packed, they are one range of bytes: the boxes between two frames are
 * in it, but no sample uses them.
 */
static bool add_all(struct build *build, const struct clip_slice *slice)
{
	struct clip_pack pack = {.file = build->file, .fd = build->by_name ? -1 : slice->segment.fd};
	struct index_record records[RECORDS_PER_READ];
	uint64_t next = slice->first;

	while (next < slice->end) {
		size_t wanted = slice->end - next < RECORDS_PER_READ ? (size_t)(slice->end - next) : RECORDS_PER_READ;
		if (segment_reader_read(&slice->segment, next, wanted, records) != wanted)
			return false;
		for (size_t i = 0; i < wanted; i++)
			if (!add_record(build, slice, &records[i], &pack))
				return false;
		next += wanted;
	}
	if (build->packed)
		return clip_pack_end(&pack);
	uint64_t length = slice->tail.offset + slice->tail.size - slice->head.offset;
	return add_bytes(build, slice, slice->head.offset, length);
}

/* Adds the frames of a timelapse, each as a range of its own. */
static bool add_timelapse(struct build *build, const struct clip_slice *slice)
{
	struct index_record record;
	uint64_t next = slice->first;
	enum timelapse_outcome outcome;

	while ((outcome = timelapse_next(&build->timelapse, slice, &next, &record)) == TIMELAPSE_FRAME) {
		add_frame(build, &record, build->payload_bytes);
		if (!is_inside(slice, &record) || !add_bytes(build, slice, record.offset, record.size))
			return false;
	}
	return outcome == TIMELAPSE_END;
}

/* Nothing is missing between two slices if one continues the other, or if the next frame came in time. */
static bool is_continuous(const struct clip_slice *before, const struct clip_slice *next)
{
	int64_t apart_us = next->head.wall_us - clip_slice_end_us(before);

	if (before->from_us != next->from_us) /* of two parts */
		return false;
	return next->follows || (apart_us >= -clip_slack_us(&before->tail) && apart_us <= clip_slack_us(&before->tail));
}

/* Whether a slice is played directly after the one before, without the time between them. */
static bool skips_time(const struct build *build, const struct clip_slice *slice, int64_t start_us)
{
	if (build->current == 0)
		return false;
	return start_us < build->end_us || (clip_slice_is_cut(slice) && !is_continuous(slice - 1, slice));
}

static bool add_frames(struct build *build, const struct clip_slice *slice)
{
	int64_t start_us = slice->head.wall_us - build->origin_us + build->shift_us;

	if (skips_time(build, slice, start_us))
		build->shift_us += build->end_us - start_us;
	if (!(build->speed == 1 ? add_all(build, slice) : add_timelapse(build, slice)))
		return false;
	build->end_us = presentation_us(build, clip_slice_end_us(slice));
	return true;
}

/* Makes the file know a segment by its name. */
static bool add_by_name(struct build *build, const struct segment_reader *segment)
{
	uint64_t number = segment->entry.segment_no;

	if (build->lazy_no == number && number != 0)
		return true;
	build->lazy_no = number;
	return virtual_file_add_lazy_file(build->file, segment->folder, segment->entry.file, segment->fd,
					  segment->blocks != NULL);
}

/* Adds a slice. A segment that was released is open only while its frames are being added. */
static bool add_slice(struct build *build)
{
	struct clip_slice *slice = &build->plan->slices[build->current];

	build->by_name = slice->segment.fd <= 0 || build->handed_over;
	if (!build->by_name)
		return add_frames(build, slice);
	if (!clip_plan_open_slice(build->plan, build->current)) {
		enum segment_reader_error error = segment_reader_classify(errno);
		if (error == SEGMENT_READER_UNREADABLE)
			build->plan->unreadable = errno;
		build->deleted = error != SEGMENT_READER_NO_RESOURCES;
		return false;
	}
	bool good = add_by_name(build, &slice->segment) && add_frames(build, slice);
	build->handed_over = clip_plan_close_slice(build->plan, build->current);
	return good;
}

/* When a slice begins and ends: as asked for if nothing is missing there, else where its frames do. */
static int64_t start_of(const struct clip_slice *slice, int64_t from_us)
{
	int64_t late_us = slice->head.wall_us - from_us;

	return late_us >= 0 && late_us <= clip_slack_us(&slice->head) ? from_us : slice->head.wall_us;
}

static int64_t end_of(const struct clip_slice *slice, int64_t to_us)
{
	int64_t end_us = clip_slice_end_us(slice);

	return end_us >= to_us - clip_slack_us(&slice->tail) ? to_us : end_us;
}

static void find_ends(const struct clip_plan *plan, struct clip *out)
{
	const struct clip_slice *first = &plan->slices[0], *last = &plan->slices[plan->count - 1];

	out->first_us = first->head.wall_us;
	out->start_us = start_of(first, clip_slice_is_cut(first) ? first->from_us : plan->from_us);
	out->end_us = end_of(last, clip_slice_is_cut(last) ? last->to_us : plan->to_us);
}

static void add_span(struct clip *out, int64_t from_us, int64_t to_us)
{
	char from[TIME_ISO_BYTES], to[TIME_ISO_BYTES];

	out->span_count++;
	if (out->spans.length > CLIP_SPANS_MAX)
		return;
	time_format_iso((wall_t){from_us}, from);
	time_format_iso((wall_t){to_us}, to);
	buffer_printf(&out->spans, "%s%s/%s", out->span_count > 1 ? ", " : "", from, to);
}

static void find_spans(const struct clip_plan *plan, struct clip *out)
{
	int64_t from_us = out->start_us;

	for (size_t i = 0; i < plan->count; i++) {
		const struct clip_slice *slice = &plan->slices[i];
		bool last = i + 1 == plan->count;
		if (!last && is_continuous(slice, slice + 1))
			continue;
		int64_t end_us = clip_slice_is_cut(slice) ? end_of(slice, slice->to_us) : clip_slice_end_us(slice);
		add_span(out, from_us, last ? out->end_us : end_us);
		if (!last)
			from_us = clip_slice_is_cut(slice + 1) ? start_of(slice + 1, slice[1].from_us)
							       : slice[1].head.wall_us;
	}
	if (out->spans.length > CLIP_SPANS_MAX)
		buffer_clear(&out->spans);
}

static uint64_t fnv1a(uint64_t hash, uint64_t value)
{
	for (int i = 0; i < 8; i++) {
		hash ^= value & 0xff;
		hash *= UINT64_C(0x100000001b3);
		value >>= 8;
	}
	return hash;
}

/* Hashes all that the bytes depend on. Segment numbers are unique; FFmpeg's output is identified by its records. */
static void set_etag(const struct clip_plan *plan, unsigned speed, struct clip *out)
{
	uint64_t hash = fnv1a(
		fnv1a(fnv1a(UINT64_C(0xcbf29ce484222325), (uint64_t)out->start_us), (uint64_t)out->end_us), speed);

	for (size_t i = 0; i < plan->count; i++) {
		const struct clip_slice *slice = &plan->slices[i];
		hash = fnv1a(fnv1a(fnv1a(hash, slice->segment.entry.segment_no), slice->first), slice->end);
		hash = fnv1a(fnv1a(hash, slice->head.offset), (uint64_t)slice->head.wall_us);
		if (clip_slice_is_cut(slice))
			hash = fnv1a(hash, (uint64_t)slice->to_us);
		if (slice->origin != CLIP_DISK)
			hash = fnv1a(hash, crc32c(0, slice->segment.records,
						  (size_t)slice->segment.count * sizeof(struct index_record)));
	}
	snprintf(out->etag, sizeof(out->etag), "\"%016" PRIx64 "-%" PRIx64 "\"", hash, virtual_file_size(out->file));
}

static void set_source(const struct clip_plan *plan, struct clip *out)
{
	bool has[3] = {false};

	for (size_t i = 0; i < plan->count; i++)
		has[plan->slices[i].origin] = true;
	const char *name = has[CLIP_TRANSCODED] ? "transcoded" : has[CLIP_MEMORY] ? "memory" : "disk";
	if (has[CLIP_DISK] && has[CLIP_MEMORY] && !has[CLIP_TRANSCODED])
		name = "disk, memory";
	snprintf(out->source, sizeof(out->source), "%s", name);
}

/* Makes the file the owner of the segments' descriptors. */
static bool move_descriptors(struct clip_plan *plan, struct virtual_file *file)
{
	bool good = true;

	for (size_t i = 0; i < plan->count; i++) {
		struct segment_reader *segment = &plan->slices[i].segment;
		if (segment->fd <= 0)
			continue;
		good = virtual_file_adopt_partial(file, segment->fd, segment->blocks, segment->folder) && good;
		segment_reader_close(segment, true);
	}
	return good;
}

static bool build_file(struct build *build, struct clip *out)
{
	struct clip_plan *plan = build->plan;
	struct buffer head = {0};
	bool good = true;

	for (build->current = 0; good && build->current < plan->count; build->current += good)
		good = add_slice(build);
	/* The last frame lasts longer by as much as the first one is late. */
	int64_t late_us = plan->slices[0].head.wall_us - out->start_us;
	int64_t cut_us = clip_slice_end_us(&plan->slices[plan->count - 1]) - out->end_us;
	out->duration_us = (build->end_us + late_us - cut_us) / build->speed;
	out->frames = build->frames;
	good = good && mp4_moov_write_clip_header(build->header, out->duration_us, build->payload_bytes, &head);
	virtual_file_set_lengths(build->file, mp4_moov_sizes_at(build->header));
	good = good && virtual_file_set_head(build->file, &head);
	buffer_free(&head);
	return good;
}

/* Reads the header from the first slice, which is open: the first segments of a plan are, and encoded ones always. */
static bool build_all(struct build *build, struct clip *out)
{
	struct clip_plan *plan = build->plan;

	*out = (struct clip){.file = virtual_file_create()};
	find_ends(plan, out);
	build->file = out->file;
	timelapse_init(&build->timelapse, plan->from_us, build->speed);
	build->origin_us = plan->slices[0].head.wall_us;
	build->header = header_create(build, out->start_us);
	bool good = build->file && build->header && build_file(build, out);
	if (good) {
		find_spans(plan, out);
		set_source(plan, out);
		set_etag(plan, build->speed, out);
		good = move_descriptors(plan, out->file);
	}
	mp4_moov_destroy(build->header);
	if (!good)
		clip_free(out);
	return good;
}

/* Removes a slice, and those after it that are of the same segment. */
static void remove_segment(struct clip_plan *plan, size_t at)
{
	uint64_t number = plan->slices[at].segment.entry.segment_no;

	do
		clip_plan_remove(plan, at);
	while (at < plan->count && plan->slices[at].segment.entry.segment_no == number);
}

bool clip_build(struct clip_plan *plan, unsigned speed, struct clip *out)
{
	for (;;) {
		struct build build = {.plan = plan, .speed = speed};
		build.packed = speed == 1 && (plan->packed || clip_plan_frames(plan) > CLIP_PACKED_FRAMES);
		if (build_all(&build, out))
			return true;
		if (!build.deleted)
			return false;
		/* It was deleted or became unreadable since the plan was made: build what a new plan would give. */
		remove_segment(plan, build.current);
		if (plan->count == 0)
			return false;
	}
}

void clip_free(struct clip *clip)
{
	virtual_file_unref(clip->file);
	buffer_free(&clip->spans);
	*clip = (struct clip){0};
}
