/* pushed_media.c - pushes the run and the frames of a stream into the storage of the rig. */
#include "tests/unit/support/pushed_media.h"

#include <unistd.h>

#include "tests/unit/support/in_range.h"

struct stream pushed_stream;

int pushed_media_make(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	stream_make(&pushed_stream, "h264");
	return 0;
}

int pushed_media_drop(void **state)
{
	buffer_free(&pushed_stream.data);
	return remove_folder(state);
}

void push_run(enum gap_cause cause)
{
	const struct stream *from = &pushed_stream;
	struct media *run =
		media_create(MEDIA_RUN, from->data.data + from->ftyp.at, from->ftyp.bytes + from->moov.bytes);

	assert_non_null(run);
	run->run.gap_cause = cause;
	assert_true(mp4_parse_init(from->data.data + from->moov.at, from->moov.bytes, &run->run.track));
	run->run.track.entry = NULL;
	storage_push(rig.storage, run);
}

void push_frame_at(size_t number, int64_t wall_us, int64_t mono_us)
{
	const struct piece *piece = &pushed_stream.fragments[number];
	struct media *frame = media_create(MEDIA_FRAME, pushed_stream.data.data + piece->at, piece->bytes);

	assert_non_null(frame);
	frame->frame.wall.us = wall_us;
	frame->frame.mono.us = mono_us;
	frame->frame.moof_bytes = (uint32_t)moof_bytes(frame->data);
	assert_true(mp4_parse_fragment(frame->data, frame->frame.moof_bytes, &frame->frame.fragment));
	storage_push(rig.storage, frame);
}

void push_frame(size_t number)
{
	push_frame_at(number, MEDIA_WALL_US + media_time_us(number), 50 * US_PER_S + media_time_us(number));
}

void push_frames(size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		push_frame(i);
}

void wait_for(uint64_t frames)
{
	for (int i = 0; storage_frames(rig.storage) + storage_dropped(rig.storage) < frames; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
}
