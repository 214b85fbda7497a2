/*
 * fuzz_clip.c - a folder of segments that contradict their indexes and the list of segments.
 *
 * The slices of a plan have frames. A clip that is built from it is ftyp, moov and one mdat of the promised size, and
 * all its samples are in the mdat. Spans and gaps are within the requested range, and no gap overlaps anything. Input:
 * pieces of kind (1 byte), length (2 bytes) and bytes, for the list and for the .mp4 and .idx of four segments; their
 * CRCs are corrected.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi/clip/clip_build.h"
#include "fcgi/clip/clip_plan.h"
#include "fcgi/clip/nearest_footage.h"
#include "fcgi/transcode/still.h"
#include "recorderd/archive/catalogue_writer.h"
#include "shared/timeline/timeline_walk.h"
#include "tests/unit/support/sample_table.h"

#define SEGMENTS 4u
#define WALL_US  INT64_C(1800000000000000)

enum kind { LIST, MEDIA, INDEX, KINDS };

static const char *const media_files[SEGMENTS] = {"recording_20270115_090000.mp4", "recording_20270115_090000_2.mp4",
						  "recording_20270115_090000_3.mp4", "recording_20270115_090000_4.mp4"};

static void write_list(const uint8_t *data, size_t size)
{
	struct catalogue_entry entries[8];
	struct reason why;
	size_t count = size / sizeof(entries[0]) < 8 ? size / sizeof(entries[0]) : 8;

	memcpy(entries, data, count * sizeof(entries[0]));
	for (size_t i = 0; i < count; i++)
		snprintf(entries[i].file, sizeof(entries[i].file), "%s", media_files[i % SEGMENTS]);
	holds(catalogue_write(scratch_folder(), 1, entries, count, false, &why));
}

static void write_piece(struct input *input)
{
	unsigned selector = (unsigned)input_number(input, 1);
	size_t size = (size_t)input_number(input, 2);
	const char *media = media_files[selector / KINDS % SEGMENTS];
	char index[SEGMENT_FILE_BYTES];

	size = size < input->left ? size : input->left;
	uint8_t *bytes = input_copy(input->at, size);
	input->at += size;
	input->left -= size;
	if (selector % KINDS == LIST) {
		write_list(bytes, size);
	} else if (selector % KINDS == MEDIA) {
		seal_segment(bytes, size);
		scratch_write(media, bytes, size);
	} else {
		seal_index(bytes, size);
		holds(index_name(media, index, sizeof(index)));
		scratch_write(index, bytes, size);
	}
	free(bytes);
}

static void clear_folder(void)
{
	char index[SEGMENT_FILE_BYTES];

	for (unsigned i = 0; i < SEGMENTS; i++) {
		holds(index_name(media_files[i], index, sizeof(index)));
		scratch_remove(media_files[i]);
		scratch_remove(index);
	}
	scratch_remove(CATALOGUE_FILE);
}

static void check_samples(const uint8_t *head, size_t head_bytes, uint64_t total_bytes, uint64_t frames)
{
	uint32_t count = 0;
	struct sample_place *places = sample_places(head, head_bytes, &count);

	holds(places && count == frames);
	for (uint32_t i = 0; i < count; i++) {
		holds(places[i].offset >= head_bytes && places[i].size <= total_bytes);
		holds(places[i].offset <= total_bytes - places[i].size);
	}
	free(places);
}

static void check_clip(const struct clip *clip)
{
	static uint8_t head[1 << 16];
	struct mp4_box ftyp, moov, mdat;
	uint64_t total = virtual_file_size(clip->file);
	ssize_t got = virtual_file_read(clip->file, 0, head, sizeof(head));

	holds(clip->frames > 0 && clip->duration_us >= 0);
	holds(got > 0 && (size_t)got < sizeof(head));
	size_t head_bytes = (size_t)got;
	holds(mp4_box_header(head, head_bytes, 0, &ftyp) == MP4_OK);
	holds(mp4_box_header(head, head_bytes, (size_t)ftyp.size, &moov) == MP4_OK);
	holds(mp4_box_header(head, head_bytes, (size_t)(ftyp.size + moov.size), &mdat) == MP4_OK);
	holds(mdat.at + 16 == head_bytes && mdat.size <= total && mdat.at + mdat.size == total);
	check_samples(head, head_bytes, total, clip->frames);
}

/* All bytes can be read, unless a file is shorter than its index says. */
static void check_bytes(const struct clip *clip)
{
	static uint8_t bytes[1 << 12];
	ssize_t got = 0;
	uint64_t at = 0;

	for (; (got = virtual_file_read(clip->file, at, bytes, sizeof(bytes))) > 0; at += (uint64_t)got)
		holds((size_t)got <= sizeof(bytes));
	holds(got < 0 || at == virtual_file_size(clip->file));
}

static void check_plan(int64_t from_us, int64_t to_us, unsigned speed, bool packed)
{
	struct clip_plan plan;
	struct clip clip;

	holds(clip_plan_make(scratch_folder(), from_us, to_us, &plan) == PLAN_OK);
	plan.packed = packed;
	for (size_t i = 0; i < plan.count; i++) {
		const struct clip_slice *slice = &plan.slices[i];
		holds(slice->first < slice->end && slice->end <= slice->segment.count);
		holds(slice->tail.offset >= slice->head.offset);
	}
	if (plan.count > 0 && clip_build(&plan, speed, &clip)) {
		check_clip(&clip);
		check_bytes(&clip);
		clip_free(&clip);
	}
	clip_plan_free(&plan);
}

/* Parts of a range: no frame is in two slices of a segment, and the clip has nothing but frames. */
static void check_parts(void)
{
	static const struct clip_part parts[] = {{WALL_US, WALL_US + US_PER_S},
						 {WALL_US + 2 * US_PER_S, WALL_US + 3 * US_PER_S},
						 {WALL_US + 4 * US_PER_S, WALL_US + 6 * US_PER_S + 1}};
	struct clip_plan plan;
	struct clip clip;

	holds(clip_plan_make_parts(scratch_folder(), 0, INT64_MAX, parts, 3, &plan) == PLAN_OK);
	for (size_t i = 0; i < plan.count; i++) {
		const struct clip_slice *slice = &plan.slices[i];
		bool same = i > 0 && slice[-1].segment.entry.segment_no == slice->segment.entry.segment_no;
		holds(slice->first < slice->end && slice->end <= slice->segment.count);
		holds(slice->to_us > slice->from_us && slice->tail.wall_us < slice->to_us);
		holds(!same || slice->first >= slice[-1].end || slice->from_us <= slice[-1].from_us);
	}
	if (plan.count > 0 && clip_build(&plan, 1, &clip)) {
		check_clip(&clip);
		check_bytes(&clip);
		clip_free(&clip);
	}
	clip_plan_free(&plan);
}

#define ITEMS_MAX 512u

struct asked {
	int64_t from_us, to_us;
	struct timeline_item items[ITEMS_MAX];
	size_t count;
};

/* Spans may overlap each other, if the clock was set back. */
static void check_item(const struct timeline_item *item, void *context)
{
	struct asked *asked = context;

	holds(item->from_us < item->to_us && item->from_us >= asked->from_us && item->to_us <= asked->to_us);
	for (size_t i = 0; i < asked->count; i++) {
		const struct timeline_item *other = &asked->items[i];
		bool apart = item->to_us <= other->from_us || item->from_us >= other->to_us;
		holds(apart || (item->kind == TIMELINE_SPAN && other->kind == TIMELINE_SPAN));
	}
	if (asked->count < ITEMS_MAX)
		asked->items[asked->count++] = *item;
}

static void check_range(int64_t from_us, int64_t to_us)
{
	static struct asked asked;
	struct nearest_footage nearest;
	struct still still;

	check_plan(from_us, to_us, 1, false);
	check_plan(from_us, to_us, 1, true);
	check_plan(from_us, to_us, 8, false);
	check_parts();
	asked.from_us = from_us;
	asked.to_us = to_us;
	asked.count = 0;
	timeline_walk(NULL, scratch_folder(), from_us, to_us, check_item, &asked);
	nearest_footage_find(scratch_folder(), NULL, from_us, to_us, &nearest);
	holds(!nearest.before || nearest.before_us < from_us);
	holds(!nearest.after || nearest.after_us >= to_us);
	still_init(&still);
	still_from_archive(&still, scratch_folder(), from_us);
	still_free(&still);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};

	clear_folder();
	while (input.left > 0)
		write_piece(&input);
	check_range(0, INT64_MAX);
	check_range(WALL_US + 2 * US_PER_S, WALL_US + 4 * US_PER_S + 123457);
	return 0;
}
