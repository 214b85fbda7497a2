/* pictures.c - follows the ring. */
#include "motion/pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

bool pictures_init(struct pictures *pictures, const struct ring_reader *ring, int fps)
{
	*pictures = (struct pictures){.ring = ring, .sampler = {.fps = fps}};
	pictures->jpeg = malloc(PICTURES_JPEG_MAX);
	return pictures->jpeg != NULL;
}

void pictures_finish(struct pictures *pictures)
{
	free(pictures->jpeg);
	*pictures = (struct pictures){0};
}

/* The first frame that is at most PICTURES_LEARN_S older than the newest one. */
static uint64_t find_start(const struct ring_reader *ring, uint64_t head)
{
	uint64_t low = ring_reader_tail(ring), high = head;
	struct ring_frame newest, frame;

	if (!ring_reader_get(ring, head, &newest))
		return head;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		bool near = ring_reader_get(ring, middle, &frame) &&
			    newest.meta.mono_us - frame.meta.mono_us <= PICTURES_LEARN_S * US_PER_S;

		if (near)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool is_far_behind(const struct pictures *pictures, const struct ring_frame *frame, uint64_t head)
{
	struct ring_frame newest;

	return ring_reader_get(pictures->ring, head, &newest) &&
	       newest.meta.mono_us - frame->meta.mono_us > PICTURES_LAG_S * US_PER_S;
}

enum pictures_outcome pictures_next(struct pictures *pictures, struct ring_frame *out)
{
	uint64_t head = ring_reader_head(pictures->ring);

	if (head == 0 || (pictures->began && head < pictures->next))
		return PICTURES_NONE;
	if (!pictures->began) {
		pictures->began = true;
		pictures->next = find_start(pictures->ring, head);
	}
	*out = (struct ring_frame){0};
	if (!ring_reader_get(pictures->ring, pictures->next, out)) {
		uint64_t tail = ring_reader_tail(pictures->ring);

		*out = (struct ring_frame){0};
		pictures->next = tail > pictures->next ? tail : pictures->next + 1;
		return PICTURES_SKIPPED;
	}
	if (is_far_behind(pictures, out, head)) {
		*out = (struct ring_frame){0};
		pictures->next = find_start(pictures->ring, head);
		return PICTURES_SKIPPED;
	}
	pictures->next++;
	if (!sampler_takes(&pictures->sampler, (wall_t){out->meta.wall_us}) || out->meta.length > PICTURES_JPEG_MAX)
		return PICTURES_SKIPPED;
	return ring_reader_copy(pictures->ring, out, pictures->jpeg) ? PICTURES_TAKEN : PICTURES_SKIPPED;
}

static void sleep_until(mono_t at)
{
	struct timespec until = {.tv_sec = at.us / US_PER_S, .tv_nsec = (long)(at.us % US_PER_S) * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

void pictures_wait(const struct pictures *pictures, const struct ring_frame *last, mono_t until)
{
	int64_t due_us = sampler_due(&pictures->sampler).us - (last->meta.wall_us - last->meta.mono_us);
	int64_t wait_us = due_us - mono_now().us;

	/* A tick is at most a second. If the times of the frames say more, they are wrong. */
	if (last->seq > 0 && wait_us > 0 && wait_us <= US_PER_S)
		sleep_until(due_us < until.us ? (mono_t){due_us} : until);
	int64_t left_us = until.us - mono_now().us;
	uint64_t seen = pictures->began ? pictures->next - 1 : 0;

	if (left_us > 0)
		ring_reader_wait(pictures->ring, seen, (int)(left_us / US_PER_MS) + 1);
}
