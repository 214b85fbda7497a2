/*
 * clip_build.c - joins slices: see clip_build.h.
 */
#include "fcgi/clip/clip_build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/clip/timelapse.h"
#include "shared/base/crc32c.h"
#include "shared/base/time_text.h"
#include "shared/media/mp4_moov.h"
#include "shared/segment/segment.h"

#define RECORDS_A_READ 512u

/* What grows while stretch after stretch is added. */
struct build {
	struct clip_plan *plan;
	unsigned speed;
	struct timelapse lapse; /* where speed is not 1 */
	struct mp4_moov *header;
	struct virtual_file *file;
	uint64_t payload_bytes;
	int64_t origin_us; /* wall time of the first frame: presentation time 0 */
	int64_t shift_us;  /* grows where wall time went backwards */
	int64_t end_us;    /* presentation time of the end so far, before `speed` */
	bool named;        /* the segment that is being added does not stay open */
	bool gone;         /* it is not there any more */
	size_t at;         /* its number in the plan */
	uint64_t frames;
};

/* FFmpeg's sample entry: SPS and PPS stand in each key frame too, so that of the first stretch serves them all. */
static struct mp4_moov *header_create(const struct clip_slice *stretch, int64_t created_us)
{
	uint8_t entry[MP4_ENTRY_MAX];
	struct mp4_init init;

	if (!clip_segment_read_init(&stretch->segment, entry, &init))
		return NULL;
	return mp4_moov_create(&(struct mp4_moov_spec){
		.width = init.width,
		.height = init.height,
		.entry = init.entry,
		.entry_bytes = init.entry_bytes,
		.created_wall_us = created_us,
	});
}

static int64_t stretch_time_us(const struct build *build, int64_t wall_us)
{
	int64_t time_us = wall_us - build->origin_us + build->shift_us;

	return time_us > 0 ? time_us : 0;
}

/* Adds one frame whose bytes lie `offset` behind the payload's beginning. */
static void add_frame(struct build *build, const struct index_record *record, uint64_t offset)
{
	mp4_moov_add_sample(build->header, stretch_time_us(build, record->wall_us) / build->speed, offset, record->size,
			    record->flags & INDEX_KEY);
	build->frames++;
}

static bool is_inside(const struct clip_slice *stretch, const struct index_record *record)
{
	return record->offset >= stretch->head.offset &&
	       record->offset + record->size <= stretch->tail.offset + stretch->tail.size;
}

/* Bytes of a stretch's file. One whose segment does not stay open is known by its name (stretch_open). */
static bool add_bytes(struct build *build, const struct clip_slice *stretch, uint64_t offset, uint64_t length)
{
	build->payload_bytes += length;
	if (build->named)
		return virtual_file_append_lazy_range(build->file, offset, length);
	return virtual_file_append_range(build->file, stretch->segment.fd, offset, length);
}

/* All frames of a stretch: one range of bytes, in which what stands between two frames is skipped by their offsets. */
static bool add_all(struct build *build, const struct clip_slice *stretch)
{
	struct index_record records[RECORDS_A_READ];
	uint64_t next = stretch->first;

	while (next < stretch->end) {
		size_t wanted = stretch->end - next < RECORDS_A_READ ? (size_t)(stretch->end - next) : RECORDS_A_READ;
		if (clip_segment_read(&stretch->segment, next, wanted, records) != wanted)
			return false;
		for (size_t i = 0; i < wanted; i++) {
			if (!is_inside(stretch, &records[i]))
				return false;
			add_frame(build, &records[i],
				  build->payload_bytes + (records[i].offset - stretch->head.offset));
		}
		next += wanted;
	}
	uint64_t length = stretch->tail.offset + stretch->tail.size - stretch->head.offset;
	return add_bytes(build, stretch, stretch->head.offset, length);
}

/* The frames of a timelapse: each a range of its own. */
static bool add_lapse(struct build *build, const struct clip_slice *stretch)
{
	struct index_record record;
	uint64_t next = stretch->first;
	enum timelapse_outcome outcome;

	while ((outcome = timelapse_next(&build->lapse, stretch, &next, &record)) == TIMELAPSE_FRAME) {
		add_frame(build, &record, build->payload_bytes);
		if (!is_inside(stretch, &record) || !add_bytes(build, stretch, record.offset, record.size))
			return false;
	}
	return outcome == TIMELAPSE_END;
}

static bool add_frames(struct build *build, const struct clip_slice *stretch)
{
	int64_t start_us = stretch->head.wall_us - build->origin_us + build->shift_us;

	if (start_us < build->end_us && build->frames > 0)
		build->shift_us += build->end_us - start_us;
	if (!(build->speed == 1 ? add_all(build, stretch) : add_lapse(build, stretch)))
		return false;
	build->end_us = stretch_time_us(build, clip_slice_end_us(stretch));
	return true;
}

/* A segment that was released is opened only for the time in which its frames are added. */
static bool add_stretch(struct build *build, struct clip_slice *stretch)
{
	build->named = stretch->segment.fd <= 0;
	if (!build->named)
		return add_frames(build, stretch);
	if (!clip_segment_reopen(&stretch->segment)) {
		enum clip_segment_error trouble = clip_segment_classify(errno);
		if (trouble == CLIP_SEGMENT_UNREADABLE)
			build->plan->unreadable = errno;
		build->gone = trouble != CLIP_SEGMENT_NO_RESOURCES;
		return false;
	}
	const struct clip_segment *segment = &stretch->segment;
	bool good = virtual_file_add_lazy_file(build->file, segment->folder, segment->entry.file, segment->fd) &&
		    add_frames(build, stretch);
	clip_segment_release(&stretch->segment);
	return good;
}

/* Where the clip starts and ends in wall time: as asked for where nothing is missing there, else where its frames do.
 */
static void find_ends(const struct clip_plan *plan, struct clip *out)
{
	const struct clip_slice *first = &plan->slices[0], *last = &plan->slices[plan->count - 1];
	int64_t late_us = first->head.wall_us - plan->from_us;
	int64_t last_end_us = clip_slice_end_us(last);

	out->first_us = first->head.wall_us;
	out->start_us = first->head.wall_us;
	if (late_us >= 0 && late_us <= clip_slack_us(&first->head))
		out->start_us = plan->from_us;
	out->end_us = last_end_us;
	if (last_end_us >= plan->to_us - clip_slack_us(&last->tail))
		out->end_us = plan->to_us;
}

static void spans_add(struct clip *out, int64_t from_us, int64_t to_us)
{
	char from[TIME_ISO_BYTES], to[TIME_ISO_BYTES];

	time_format_iso((wall_t){from_us}, from);
	time_format_iso((wall_t){to_us}, to);
	out->span_count++;
	buffer_printf(&out->spans, "%s%s/%s", out->span_count > 1 ? ", " : "", from, to);
}

/* Nothing is missing between two slices: one segment continues the other, or the next frame came in time. */
static bool spans_join(const struct clip_slice *before, const struct clip_slice *next)
{
	int64_t apart_us = next->head.wall_us - clip_slice_end_us(before);

	return next->follows || (apart_us >= -clip_slack_us(&before->tail) && apart_us <= clip_slack_us(&before->tail));
}

static void find_spans(const struct clip_plan *plan, struct clip *out)
{
	int64_t from_us = out->start_us;

	for (size_t i = 0; i < plan->count; i++) {
		bool last = i + 1 == plan->count;
		if (!last && spans_join(&plan->slices[i], &plan->slices[i + 1]))
			continue;
		spans_add(out, from_us, last ? out->end_us : clip_slice_end_us(&plan->slices[i]));
		if (!last)
			from_us = plan->slices[i + 1].head.wall_us;
	}
	if (out->spans.length > CLIP_SPANS_MAX)
		buffer_clear(&out->spans);
}

static uint64_t fnv(uint64_t hash, uint64_t value)
{
	for (int i = 0; i < 8; i++) {
		hash ^= value & 0xff;
		hash *= UINT64_C(0x100000001b3);
		value >>= 8;
	}
	return hash;
}

/* What the bytes depend on. Segment numbers are never used twice; FFmpeg's output is told apart by its frames' sizes.
 */
static void make_etag(const struct clip_plan *plan, unsigned speed, struct clip *out)
{
	uint64_t hash =
		fnv(fnv(fnv(UINT64_C(0xcbf29ce484222325), (uint64_t)out->start_us), (uint64_t)out->end_us), speed);

	for (size_t i = 0; i < plan->count; i++) {
		const struct clip_slice *stretch = &plan->slices[i];
		hash = fnv(fnv(fnv(hash, stretch->segment.entry.segment_no), stretch->first), stretch->end);
		hash = fnv(fnv(hash, stretch->head.offset), (uint64_t)stretch->head.wall_us);
		if (stretch->origin != CLIP_DISK)
			hash = fnv(hash, crc32c(0, stretch->segment.walked,
						(size_t)stretch->segment.count * sizeof(struct index_record)));
	}
	snprintf(out->etag, sizeof(out->etag), "\"%016" PRIx64 "-%" PRIx64 "\"", hash, virtual_file_size(out->file));
}

static void name_source(const struct clip_plan *plan, struct clip *out)
{
	bool has[3] = {false};

	for (size_t i = 0; i < plan->count; i++)
		has[plan->slices[i].origin] = true;
	const char *name = has[CLIP_TRANSCODED] ? "transcoded" : has[CLIP_MEMORY] ? "memory" : "disk";
	if (has[CLIP_DISK] && has[CLIP_MEMORY] && !has[CLIP_TRANSCODED])
		name = "disk, memory";
	snprintf(out->source, sizeof(out->source), "%s", name);
}

/* The file owns the segments' descriptors from here on. */
static bool take_descriptors(struct clip_plan *plan, struct virtual_file *file)
{
	bool good = true;

	for (size_t i = 0; i < plan->count; i++) {
		struct clip_segment *segment = &plan->slices[i].segment;
		if (segment->fd <= 0)
			continue;
		good = virtual_file_adopt_fd(file, segment->fd) && good;
		clip_segment_close(segment, true);
	}
	return good;
}

static bool build_file(struct build *build, struct clip *out)
{
	struct clip_plan *plan = build->plan;
	struct buffer head = {0};
	bool good = true;

	for (build->at = 0; good && build->at < plan->count; build->at += good)
		good = add_stretch(build, &plan->slices[build->at]);
	/* What the first frame is late by, the last one stands longer. */
	int64_t late_us = plan->slices[0].head.wall_us - out->start_us;
	int64_t cut_us = clip_slice_end_us(&plan->slices[plan->count - 1]) - out->end_us;
	out->duration_us = (build->end_us + late_us - cut_us) / build->speed;
	out->frames = build->frames;
	good = good && mp4_moov_write_clip_header(build->header, out->duration_us, build->payload_bytes, &head);
	good = good && virtual_file_set_head(build->file, &head);
	buffer_free(&head);
	return good;
}

/* The header's first stretch is open: the first ones of a plan are, and so is what was encoded. */
static bool build_all(struct build *build, struct clip *out)
{
	struct clip_plan *plan = build->plan;

	*out = (struct clip){.file = virtual_file_create()};
	find_ends(plan, out);
	build->file = out->file;
	timelapse_init(&build->lapse, plan->from_us, build->speed);
	build->origin_us = plan->slices[0].head.wall_us;
	build->header = header_create(&plan->slices[0], out->start_us);
	bool good = build->file && build->header && build_file(build, out);
	if (good) {
		find_spans(plan, out);
		name_source(plan, out);
		make_etag(plan, build->speed, out);
		good = take_descriptors(plan, out->file);
	}
	mp4_moov_destroy(build->header);
	if (!good)
		clip_free(out);
	return good;
}

bool clip_build(struct clip_plan *plan, unsigned speed, struct clip *out)
{
	for (;;) {
		struct build build = {.plan = plan, .speed = speed};
		if (build_all(&build, out))
			return true;
		if (!build.gone)
			return false;
		/* It was deleted since the plan was made, or is out of reach: the clip is what a plan would give now.
		 */
		clip_plan_remove(plan, build.at);
	}
}

void clip_free(struct clip *clip)
{
	virtual_file_unref(clip->file);
	buffer_free(&clip->spans);
	*clip = (struct clip){0};
}
