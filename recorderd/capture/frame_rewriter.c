/* frame_rewriter.c - frames on their way through the threads that rewrite them. */
#include "recorderd/capture/frame_rewriter.h"

#include <stdlib.h>
#include <string.h>

#include "recorderd/rawjpeg/jpeg_pool.h"
#include "recorderd/rewrite/jpeg_rewriter.h"
#include "recorderd/source/jpeg.h"

/* A frame that a thread rewrites, or that waits for one. Slots are used in turn, as the pool's results come in order. */
struct slot {
	uint8_t *jpeg;
	size_t room_bytes;
	bool forgotten;
};

struct frame_rewriter {
	struct jpeg_pool *pool;
	uint32_t put, taken; /* frames so far */
	struct slot slots[JPEG_POOL_JOBS_MAX];
};

static void *create_object(const void *subject)
{
	const struct frame_rewriter_setup *setup = subject;

	return jpeg_rewriter_create(&setup->mask, setup->orientation);
}

static void destroy_object(void *object)
{
	jpeg_rewriter_destroy(object);
}

static size_t run_object(void *object, const uint8_t *data, size_t length, uint8_t *out, size_t out_bytes)
{
	return jpeg_rewriter_run(object, data, length, out, out_bytes);
}

static size_t room_bytes(const void *object, size_t length)
{
	(void)object;
	return jpeg_rewriter_room_bytes(length);
}

struct frame_rewriter *frame_rewriter_create(const struct frame_rewriter_setup *setup, struct reason *why)
{
	const struct jpeg_work work = {setup, create_object, destroy_object, run_object, room_bytes};
	struct frame_rewriter *rewriter = calloc(1, sizeof(*rewriter));

	if (!rewriter) {
		reason_errno(why, "no memory for rewriting frames");
		return NULL;
	}
	rewriter->pool = jpeg_pool_create(&work, 0, JPEG_POOL_JOBS_MAX, why);
	if (rewriter->pool)
		return rewriter;
	free(rewriter);
	return NULL;
}

void frame_rewriter_destroy(struct frame_rewriter *rewriter)
{
	if (!rewriter)
		return;
	jpeg_pool_destroy(rewriter->pool);
	for (size_t i = 0; i < JPEG_POOL_JOBS_MAX; i++)
		free(rewriter->slots[i].jpeg);
	free(rewriter);
}

int frame_rewriter_fd(const struct frame_rewriter *rewriter)
{
	return jpeg_pool_fd(rewriter->pool);
}

static struct slot *slot_of(struct frame_rewriter *rewriter, uint32_t number)
{
	return &rewriter->slots[number % JPEG_POOL_JOBS_MAX];
}

static size_t frame_bytes(const struct source_frame *frame)
{
	size_t length = 0;

	for (int i = 0; i < frame->count; i++)
		length += frame->parts[i].iov_len;
	return length;
}

static bool make_room(struct slot *slot, size_t bytes)
{
	if (slot->room_bytes >= bytes)
		return true;
	free(slot->jpeg);
	slot->room_bytes = 0;
	slot->jpeg = malloc(bytes + bytes / 4);
	if (slot->jpeg)
		slot->room_bytes = bytes + bytes / 4;
	return slot->jpeg != NULL;
}

bool frame_rewriter_put(struct frame_rewriter *rewriter, const struct source_frame *frame)
{
	struct slot *slot = slot_of(rewriter, rewriter->put);
	size_t length = frame_bytes(frame), at = 0;

	if (rewriter->put - rewriter->taken == JPEG_POOL_JOBS_MAX || !make_room(slot, length))
		return false;
	for (int i = 0; i < frame->count; i++) {
		memcpy(slot->jpeg + at, frame->parts[i].iov_base, frame->parts[i].iov_len);
		at += frame->parts[i].iov_len;
	}
	slot->forgotten = false;
	if (!jpeg_pool_submit(rewriter->pool, slot->jpeg, length, 0, frame->captured))
		return false;
	rewriter->put++;
	return true;
}

void frame_rewriter_forget(struct frame_rewriter *rewriter)
{
	for (uint32_t number = rewriter->taken; number != rewriter->put; number++)
		slot_of(rewriter, number)->forgotten = true;
}

static bool read_size(struct source_frame *frame)
{
	struct jpeg_info info;

	if (!jpeg_inspect(frame->parts[0].iov_base, frame->parts[0].iov_len, &info))
		return false;
	frame->width = info.width;
	frame->height = info.height;
	return true;
}

void frame_rewriter_take(struct frame_rewriter *rewriter, const struct source_sink *sink)
{
	struct jpeg_pool_result result;

	if (!jpeg_pool_peek(rewriter->pool, &result))
		return;
	struct source_frame frame = {
		.parts = {{(void *)(uintptr_t)result.jpeg, result.length}},
		.count = 1,
		.captured = result.captured,
		.rewritten = true,
	};
	bool forgotten = slot_of(rewriter, rewriter->taken++)->forgotten;
	if (!forgotten && result.length && read_size(&frame))
		sink->frame(sink->context, &frame);
	else if (!forgotten)
		sink->damaged(sink->context, DAMAGE_REWRITE);
	jpeg_pool_pop(rewriter->pool);
}
