/* stream.c - the thread that fills queued buffers, each frame at its exact time, and applies the faults. */
#include "tests/preload/camera.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S      INT64_C(1000000)
#define LOOK_EVERY_US INT64_C(10000) /* how soon an unplugged camera is noticed */
#define STAMP_WITHIN  64

#define CLOCKS_APART_US 20 /* two clocks that are read within this time count as read at the same moment */
#define CLOCK_TRIES     1000

static int64_t clock_us(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t stream_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* Reads the two clocks again if this process has lost the processor between them. */
static int64_t wall_us_of(int64_t mono_us)
{
	int64_t before_us, wall_us, after_us;
	int tries = CLOCK_TRIES;

	do {
		before_us = clock_us(CLOCK_MONOTONIC);
		wall_us = clock_us(CLOCK_REALTIME);
		after_us = clock_us(CLOCK_MONOTONIC);
	} while (after_us - before_us > CLOCKS_APART_US && --tries > 0);
	return mono_us + wall_us - (before_us + after_us) / 2;
}

void stream_log(struct camera *camera, const char *kind, uint32_t sequence, uint64_t number, int64_t mono_us)
{
	char line[128];
	int length = snprintf(line, sizeof(line), "%s %u %llu %lld %lld\n", kind, sequence, (unsigned long long)number,
			      (long long)mono_us, (long long)wall_us_of(mono_us));

	if (camera->log >= 0 && write(camera->log, line, (size_t)length) != length)
		fprintf(stderr, "camera.so: the log is full\n");
}

/* Waits for `due`; returns false if the stream ends before. */
static bool wait_until(struct handle *handle, int64_t due_us)
{
	for (;;) {
		int64_t now_us = stream_now_us(), next_us = due_us;
		struct timespec at;

		if (handle->stop || camera_unplugged(handle->camera))
			return false;
		if (now_us >= due_us)
			return true;
		if (next_us > now_us + LOOK_EVERY_US)
			next_us = now_us + LOOK_EVERY_US;
		at = (struct timespec){next_us / US_PER_S, next_us % US_PER_S * 1000};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
}

static void garbage(uint8_t *to, uint32_t bytes, uint64_t seed)
{
	for (uint32_t i = 0; i < bytes; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		to[i] = (uint8_t)(seed >> 56);
	}
}

/* Other codes, without a marker among them. */
static void damage_codes(uint8_t *to, uint32_t bytes, uint64_t seed)
{
	garbage(to, bytes, seed);
	for (uint32_t i = 0; i < bytes; i++)
		to[i] &= 0x7f;
}

/* A JPEG that fills its buffer: after its header there is no marker. */
static void enlarge(uint8_t *data, struct slot *slot, size_t room)
{
	memset(data + slot->bytes - 2, 'x', room - slot->bytes);
	memcpy(data + room - 2, "\xff\xd9", 2);
	slot->bytes = (uint32_t)room;
}

/* Changes a byte after the header of the first marker segment of that kind. */
static void put_in_segment(uint8_t *data, uint32_t bytes, uint8_t marker, size_t offset, uint8_t value)
{
	for (size_t at = 2; at + 4 + offset < bytes; at += 2 + (size_t)(data[at + 2] << 8 | data[at + 3])) {
		if (data[at + 1] != marker)
			continue;
		data[at + 4 + offset] = value;
		break;
	}
}

/* Makes a JPEG that is whole by its markers and has valid tables undecodable. */
static void make_undecodable(uint8_t *data, const struct slot *slot)
{
	/* Sampling factors of the first component, 1x3 or 3x2, that FFmpeg does not know. */
	put_in_segment(data, slot->bytes, 0xc0, 7, slot->number % 2 ? 0x13 : 0x32);
}

/* Makes a JPEG that is whole by its markers one whose header no decoder accepts. */
static void damage_header(uint8_t *data, const struct slot *slot)
{
	switch (slot->number % 3) {
	case 0:
		put_in_segment(data, slot->bytes, 0xdb, 0, 0xff); /* a quantization table with an invalid precision */
		break;
	case 1:
		put_in_segment(data, slot->bytes, 0xc4, 0, 0xff); /* a Huffman table with an invalid class */
		break;
	default:
		put_in_segment(data, slot->bytes, 0xc0, 8, 0x0f); /* a component with an invalid table number */
	}
}

/* Whether the faults make this frame undecodable. */
static bool is_undecodable(struct handle *handle, int64_t due_us)
{
	int64_t second = wall_us_of(due_us) / US_PER_S;

	if (second != handle->second)
		handle->of_second = 0;
	handle->second = second;
	return handle->of_second++ < camera_fault(handle->camera, CONTROL_UNDECODABLE_FIRST) ||
	       camera_fault_use(handle->camera, CONTROL_UNDECODABLE_NEXT);
}

/* What cheap cameras leave out of an otherwise complete JPEG, and what they add to it. */
static void make_sloppy(struct camera *camera, uint8_t *data, struct slot *slot, size_t room)
{
	uint32_t lead = camera_fault(camera, CONTROL_LEAD_BYTES), nth = camera_fault(camera, CONTROL_NO_END);

	if (nth && slot->number % nth == 0)
		slot->bytes -= 2;
	if (lead && lead + slot->bytes <= room) {
		memmove(data + lead, data, slot->bytes);
		memset(data, 0x55, lead);
		slot->bytes += lead;
	}
}

/* Applies the faults to the frame's bytes; returns true if it is no longer whole. */
static bool spoil(struct handle *handle, uint8_t *data, struct slot *slot, size_t room)
{
	struct camera *camera = handle->camera;
	uint32_t pad = camera_fault(camera, CONTROL_PAD_BYTES);

	if (camera_is_above(handle, CONTROL_TORN_KPIXELS) && slot->number % 5)
		slot->bytes /= 2;
	else if (is_undecodable(handle, slot->mono_us))
		make_undecodable(data, slot);
	else if (camera_fault_use(camera, CONTROL_HEADER_NEXT))
		damage_header(data, slot);
	else if (camera_fault_use(camera, CONTROL_TRUNCATE_NEXT) ||
		 slot->number % 8 < camera_fault(camera, CONTROL_TRUNCATE_OF_8))
		slot->bytes /= 2;
	else if (slot->number % 8 < camera_fault(camera, CONTROL_SPOIL_OF_8))
		damage_codes(data + slot->bytes / 2, 60, slot->number);
	else if (camera_fault_use(camera, CONTROL_ZERO_NEXT))
		memset(data + slot->bytes / 2, 0, slot->bytes - slot->bytes / 2);
	else if (camera_fault_use(camera, CONTROL_GARBAGE_NEXT))
		garbage(data, slot->bytes, slot->number);
	else if (camera_fault_use(camera, CONTROL_EMPTY_NEXT))
		slot->bytes = 0;
	else if (camera_fault_use(camera, CONTROL_HUGE_NEXT))
		enlarge(data, slot, room);
	else {
		make_sloppy(camera, data, slot, room);
		if (pad > room - slot->bytes)
			pad = (uint32_t)(room - slot->bytes);
		memset(data + slot->bytes, (int)camera_fault(camera, CONTROL_PAD_VALUE), pad);
		slot->bytes += pad;
		return false;
	}
	return true;
}

/* The comment is after the first marker segment of the file. */
static void note_time(uint8_t *data, uint32_t bytes, int64_t mono_us)
{
	char *room = memmem(data, bytes < STAMP_WITHIN ? bytes : STAMP_WITHIN, FRAMES_STAMP, sizeof(FRAMES_STAMP) - 1);
	char text[FRAMES_TIME_CHARS + 1];

	if (!room)
		return;
	snprintf(text, sizeof(text), "%0*lld", FRAMES_TIME_CHARS, (long long)wall_us_of(mono_us));
	memcpy(room + sizeof(FRAMES_STAMP) - 1, text, FRAMES_TIME_CHARS);
}

static int64_t stamp_us(struct handle *handle, int64_t due_us)
{
	const struct camera *camera = handle->camera;
	uint32_t stuck = camera_fault(camera, CONTROL_STAMP_STUCK);
	int64_t at_us = due_us - (int64_t)camera_fault(camera, CONTROL_STAMP_BACK_MS) * 1000;

	if (handle->first_us == 0)
		handle->first_us = due_us;
	if (stuck)
		return stuck == 1 ? handle->first_us : 2 * handle->first_us - due_us;
	if (camera_fault(camera, CONTROL_STAMP_MODULO_MS))
		return at_us % ((int64_t)camera_fault(camera, CONTROL_STAMP_MODULO_MS) * 1000);
	return camera_fault(camera, CONTROL_CLOCK_REALTIME) ? wall_us_of(at_us) : at_us;
}

static void fill(struct handle *handle, uint32_t index, uint32_t sequence, uint64_t number, int64_t due_us)
{
	struct camera *camera = handle->camera;
	size_t mode_no = (handle->mode + camera_fault(camera, CONTROL_RESIZE)) % camera->mode_count;
	const struct mode *mode = &camera->modes[mode_no];
	const struct frames_entry *entry = &mode->entries[number % mode->header->count];
	struct slot *slot = &handle->slots[index];
	uint8_t *data = handle->mapped + index * handle->slot_bytes;

	*slot = (struct slot){
		.state = SLOT_FILLED, .kind = "taken", .sequence = sequence, .number = number, .mono_us = due_us};
	slot->bytes = (uint32_t)(entry->length < handle->slot_bytes ? entry->length : handle->slot_bytes);
	slot->stamp_us = stamp_us(handle, due_us);
	slot->flags = camera_fault(camera, CONTROL_CLOCK_REALTIME) ? 0 : V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	memcpy(data, (const uint8_t *)mode->header + entry->offset, slot->bytes);
	if (camera_fault(camera, CONTROL_STAMP))
		note_time(data, slot->bytes, due_us);
	if (spoil(handle, data, slot, handle->slot_bytes))
		slot->kind = "broken";
	if (camera_fault_use(camera, CONTROL_ERROR_NEXT)) {
		slot->flags |= V4L2_BUF_FLAG_ERROR;
		slot->kind = "error";
	}
}

static void frame_due(struct handle *handle, uint32_t sequence, int64_t due_us)
{
	struct camera *camera = handle->camera;
	uint64_t number = camera->control->counter[COUNTER_NUMBER]++;

	if (camera_fault_use(camera, CONTROL_SKIP_NEXT)) {
		stream_log(camera, "skipped", sequence, number, due_us);
		return;
	}
	pthread_mutex_lock(&handle->lock);
	if (handle->queued == 0) {
		camera->control->counter[COUNTER_MISSED]++;
		stream_log(camera, "missed", sequence, number, due_us);
	} else {
		fill(handle, handle->order[handle->filled], sequence, number, due_us);
		handle->filled++;
		handle->queued--;
		if (write(handle->pipe, "", 1) != 1)
			fprintf(stderr, "camera.so: the pipe is full\n");
	}
	pthread_mutex_unlock(&handle->lock);
}

static void hang_up(struct handle *handle)
{
	char bytes[BUFFERS_MAX];

	pthread_mutex_lock(&handle->lock);
	while (read(handle->fd, bytes, sizeof(bytes)) > 0)
		;
	close(handle->pipe);
	handle->pipe = -1;
	pthread_mutex_unlock(&handle->lock);
}

/* How late a frame is: seems random, but is always the same. */
static int64_t late_us(const struct camera *camera, int64_t tick, int64_t period_us)
{
	uint32_t part = (uint32_t)tick * UINT32_C(2654435761) >> 8;

	return period_us * camera_fault(camera, CONTROL_JITTER) / 100 * (part % 1000) / 1000;
}

static void *stream(void *context)
{
	struct handle *handle = context;
	struct camera *camera = handle->camera;
	struct v4l2_fract rate = camera->rates[handle->rate];
	int64_t start_us = stream_now_us();
	uint32_t sequence = camera_fault(camera, CONTROL_SEQUENCE_FROM);

	for (int64_t tick = 1;; tick++) {
		uint32_t slow = camera_fault(camera, CONTROL_SLOW);
		int64_t due_us = start_us + tick * US_PER_S * rate.numerator / rate.denominator;

		due_us += late_us(camera, tick, US_PER_S * rate.numerator / rate.denominator);
		if (!wait_until(handle, due_us))
			break;
		if (camera_fault(camera, CONTROL_STALL) || camera_is_above(handle, CONTROL_SILENT_KPIXELS) ||
		    (slow > 1 && tick % slow != 0))
			continue;
		frame_due(handle, sequence++, due_us);
	}
	if (!handle->stop)
		hang_up(handle);
	return NULL;
}

bool stream_start(struct handle *handle)
{
	sigset_t all, before;
	int failed;

	handle->stop = false;
	handle->first_us = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&handle->thread, NULL, stream, handle);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		pthread_setname_np(handle->thread,
				   "camera.so"); /* lets a benchmark tell it from the program's threads */
	handle->streaming = failed == 0;
	handle->camera->control->counter[COUNTER_STREAMS]++;
	return handle->streaming;
}

void stream_stop(struct handle *handle)
{
	char bytes[BUFFERS_MAX];

	if (handle->streaming) {
		handle->stop = true;
		pthread_join(handle->thread, NULL);
		handle->streaming = false;
	}
	while (handle->pipe >= 0 && read(handle->fd, bytes, sizeof(bytes)) > 0)
		;
	for (size_t i = 0; i < handle->slot_count; i++)
		handle->slots[i].state = SLOT_IDLE;
	handle->filled = handle->queued = 0;
}
