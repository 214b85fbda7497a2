/* received_frames.c - a sink that remembers what it has received from a source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/received_frames.h"

struct received_frames heard;

static void hear_frame(void *context, const struct source_frame *frame)
{
	(void)context;
	assert_true(heard.frames == 0 || frame->captured.us > heard.captured.us);
	heard.frames++;
	heard.length = 0;
	for (int i = 0; i < frame->count; i++) {
		assert_true(heard.length + frame->parts[i].iov_len <= sizeof(heard.bytes));
		memcpy(heard.bytes + heard.length, frame->parts[i].iov_base, frame->parts[i].iov_len);
		heard.length += frame->parts[i].iov_len;
	}
	heard.parts = frame->count;
	heard.captured = frame->captured;
	heard.width = frame->width;
	heard.height = frame->height;
}

static void hear_lost(void *context, uint32_t frames)
{
	(void)context;
	heard.lost += frames;
}

static void hear_damaged(void *context, enum frame_damage damage)
{
	(void)context;
	assert_true(damage > DAMAGE_NONE && damage < DAMAGE_KINDS);
	heard.damaged++;
	heard.damage = damage;
}

const struct source_sink receiving_sink = {hear_frame, hear_lost, hear_damaged, NULL};
