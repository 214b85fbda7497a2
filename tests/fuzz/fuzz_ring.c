/*
 * fuzz_ring.c - a ring with arbitrary contents.
 *
 * Every frame that is returned is within the data, whatever its entry says. Searches end, a picture is found if looking
 * at each frame finds one, ranges for a clip do not overlap, and texts are terminated. Input: the size to which the
 * object is truncated (2 bytes), then what differs, by exclusive or, from a good ring with five frames: in the header,
 * the index and the state.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi/transcode/still.h"
#include "fcgi/transcode/transcode_plan.h"
#include "shared/ring/ring_layout.h"
#include "shared/ring/ring_reader.h"

#define ENTRIES      8u
#define ENTRIES_MOST 64u /* enough, even if the header claims as many as fit a page */
#define FRAMES       5u
#define FRAME_BYTES  700u
#define DATA_BYTES   4096u
#define HEADER_BYTES 280u
#define WALL_US      INT64_C(1792393405000000)

static uint64_t make_ring(uint8_t *memory)
{
	struct ring_layout layout;
	struct ring_header *header = (void *)memory;

	holds(ring_layout_init(ENTRIES, DATA_BYTES, &layout));
	if (!memory)
		return layout.total_bytes;
	header->magic = RING_MAGIC;
	header->version = RING_VERSION;
	header->header_bytes = RING_HEADER_BYTES;
	header->index_offset = RING_HEADER_BYTES;
	header->index_entries = ENTRIES;
	header->data_offset = layout.data_offset;
	header->data_bytes = DATA_BYTES;
	header->usable = DATA_BYTES;
	header->total_bytes = layout.total_bytes;
	header->head = FRAMES;
	header->tail = 1;
	header->reserve = header->write_pos = FRAMES * FRAME_BYTES;
	header->state_lock = header->devices_lock = 2;
	struct ring_entry *entries = (void *)(memory + RING_HEADER_BYTES);
	for (uint64_t seq = 1; seq <= FRAMES; seq++) {
		struct ring_meta meta = {.wall_us = WALL_US + (int64_t)seq * 100000, .length = FRAME_BYTES, .epoch = 1};
		entries[seq].seq = seq;
		entries[seq].pos = (seq - 1) * FRAME_BYTES;
		entries[seq].meta = meta;
	}
	return layout.total_bytes;
}

static void apply(struct input *input, uint8_t *at, size_t bytes)
{
	while (bytes-- > 0 && input->left > 0)
		*at++ ^= (uint8_t)input_number(input, 1);
}

static void check_frame(const struct ring_reader *reader, const struct ring_frame *frame, const uint8_t *memory,
			uint64_t bytes)
{
	holds(frame->data >= memory + RING_HEADER_BYTES && frame->data + frame->meta.length <= memory + bytes);
	holds(ring_reader_data_bytes(reader) <= bytes);
	double age = ring_reader_age(reader, frame);
	holds(age >= 0.0 && age <= 1.0);
	uint8_t *copy = malloc(frame->meta.length);
	holds(ring_reader_copy(reader, frame, copy) == ring_reader_is_intact(reader, frame));
	free(copy);
}

/* The latest frame at or before wall_us. */
static bool frame_before(const struct ring_reader *reader, int64_t wall_us, int64_t *found_us)
{
	struct ring_frame frame;
	bool found = false;

	for (uint64_t seq = ring_reader_tail(reader), head = ring_reader_head(reader), left = ENTRIES_MOST;
	     left > 0 && seq <= head; left--, seq++) {
		if (!ring_reader_get(reader, seq, &frame) || frame.meta.wall_us > wall_us)
			continue;
		if (!found || frame.meta.wall_us >= *found_us)
			*found_us = frame.meta.wall_us;
		found = true;
	}
	return found;
}

static void check_still(const struct ring_reader *reader, int64_t wall_us)
{
	struct still still;
	int64_t before_us = INT64_MIN;

	bool there = frame_before(reader, wall_us, &before_us) && before_us >= wall_us - US_PER_S;
	still_init(&still);
	holds(still_from_ring(&still, reader, wall_us) == there);
	if (there)
		holds(still.wall_us <= wall_us && still.wall_us >= wall_us - US_PER_S && still.jpeg.length > 0);
	still_free(&still);
}

/* What a clip would have encoded from the ring: ranges of its frames, in order. */
static void check_rows(const struct ring_reader *reader)
{
	const struct clip_plan plan = {.from_us = WALL_US, .to_us = WALL_US + 2 * US_PER_S};
	struct transcode encode = {0};
	struct ring_frame frame;

	bool whole = transcode_plan_add_missing(&plan, reader, true, &encode);
	holds(whole ? encode.count <= TRANSCODE_PARTS_MAX && transcode_plan_add_mismatched(&plan, &encode)
		    : encode.count == TRANSCODE_PARTS_MAX);
	for (size_t i = 0; i < encode.count; i++) {
		const struct transcode_part *part = &encode.parts[i];
		holds(part->position == 0 && part->last_duration_us > 0 && part->first_seq <= part->last_seq);
		holds(i == 0 || part->first_seq > encode.parts[i - 1].last_seq);
		holds(ring_reader_get(reader, part->first_seq, &frame) && frame.meta.wall_us >= plan.from_us);
		holds(ring_reader_get(reader, part->last_seq, &frame) && frame.meta.wall_us < plan.to_us);
	}
}

static void check_ring(const struct ring_reader *reader, const uint8_t *memory, uint64_t bytes)
{
	struct ring_frame frame;
	struct recorder_state state;
	static char devices[RING_DEVICES_BYTES];
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader);

	holds(tail <= head);
	for (uint64_t seq = head; seq > 0 && head - seq < 2 * ENTRIES_MOST; seq--) {
		bool got = ring_reader_get(reader, seq, &frame);
		holds(!got || head - seq < ENTRIES_MOST);
		if (got)
			check_frame(reader, &frame, memory, bytes);
	}
	check_rows(reader);
	check_still(reader, WALL_US + 250000);
	check_still(reader, WALL_US + 1450000);
	if (ring_reader_state(reader, &state)) {
		holds(memchr(state.device, '\0', sizeof(state.device)));
		holds(memchr(state.last_error, '\0', sizeof(state.last_error)));
		holds(state.camera_count <= sizeof(state.camera_ids) / sizeof(state.camera_ids[0]));
		ring_reader_is_alive(reader, &state);
	}
	holds(!ring_reader_devices(reader, devices) || memchr(devices, '\0', sizeof(devices)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	size_t bytes = (size_t)make_ring(NULL), cut = (size_t)input_number(&input, 2);
	struct reason why = {""};
	uint8_t *memory = NULL;

	holds(posix_memalign((void **)&memory, 64, bytes) == 0);
	memset(memory, 0, bytes);
	make_ring(memory);
	apply(&input, memory, HEADER_BYTES);
	apply(&input, memory + RING_HEADER_BYTES, ENTRIES * sizeof(struct ring_entry));
	apply(&input, memory + RING_STATE_OFFSET, RING_STATE_BYTES);
	apply(&input, memory + RING_DEVICES_OFFSET, RING_DEVICES_BYTES);
	uint8_t *object = input_copy(memory, bytes - cut % bytes);
	struct ring_reader *reader = ring_reader_attach(object, bytes - cut % bytes, &why);
	if (reader)
		check_ring(reader, object, bytes - cut % bytes);
	else
		holds(why.text[0] != '\0');
	ring_reader_close(reader);
	free(object);
	free(memory);
	return 0;
}
