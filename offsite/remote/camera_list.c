/* camera_list.c - writes what is known of a camera for workers. */
#include "offsite/remote/camera_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/crc32c.h"

#define EXPIRED_MAX 100000

/* Segments that are in a day list are not in pieces any more. */
static bool is_listed(const struct remote_segment *segments, size_t count, const struct live_segment *live)
{
	for (size_t i = 0; i < count; i++)
		if (segments[i].entry.segment_no == live->segment_no && strcmp(segments[i].archive, live->archive) == 0)
			return true;
	return false;
}

static bool has_expired(const struct remote_camera *camera, const struct remote_segment *segment)
{
	for (size_t i = 0; i < camera->expired_count; i++) {
		const struct expired_segment *expired = &camera->expired[i];
		if (expired->segment_no == segment->entry.segment_no && expired->start_us == segment->object_start_us &&
		    strcmp(expired->archive, segment->archive) == 0)
			return true;
	}
	return false;
}

static struct remote_segment from_day(const struct remote_camera *camera, const struct remote_day *day,
				      const struct ship_list_entry *entry)
{
	struct remote_segment segment = {
		.entry = entry->segment,
		.object_start_us = entry->object_start_us,
		.media_bytes = entry->media_bytes,
		.index_bytes = entry->index_bytes,
		.motion_bytes = entry->motion_bytes,
	};

	memcpy(segment.archive, day->archive, sizeof(segment.archive));
	segment.entry.state = CATALOGUE_COMPLETE;
	segment.entry.size_bytes = entry->media_bytes;
	segment.entry.flags &= (uint8_t)~SEGMENT_EXPIRED;
	if (has_expired(camera, &segment))
		segment.entry.flags |= SEGMENT_EXPIRED;
	return segment;
}

/* Only the newest one of an archive is still being recorded. */
static bool is_newest(const struct remote_camera *camera, const struct live_segment *live)
{
	for (size_t i = 0; i < camera->live_count; i++)
		if (camera->live[i].segment_no > live->segment_no &&
		    strcmp(camera->live[i].archive, live->archive) == 0)
			return false;
	return true;
}

static struct remote_segment from_pieces(const struct remote_camera *camera, const struct live_segment *live)
{
	struct remote_segment segment = {.entry = live->entry, .object_start_us = live->start_us, .in_pieces = true};

	memcpy(segment.archive, live->archive, sizeof(segment.archive));
	segment.entry.state = is_newest(camera, live) ? CATALOGUE_RECORDING : CATALOGUE_COMPLETE;
	return segment;
}

/* Returns false without memory. *closed: how many are in day lists. */
static bool collect(const struct remote_camera *camera, struct remote_segment **out, size_t *count, size_t *closed)
{
	size_t most = camera->live_count;

	for (size_t i = 0; i < camera->day_count; i++)
		most += camera->days[i].count;
	*count = 0;
	*out = calloc(most + 1, sizeof(**out));
	if (!*out)
		return false;
	for (size_t i = 0; i < camera->day_count; i++)
		for (size_t k = 0; k < camera->days[i].count; k++)
			(*out)[(*count)++] = from_day(camera, &camera->days[i], &camera->days[i].entries[k]);
	*closed = *count;
	for (size_t i = 0; i < camera->live_count; i++)
		if (camera->live[i].entry.file[0] && !is_listed(*out, *closed, &camera->live[i]))
			(*out)[(*count)++] = from_pieces(camera, &camera->live[i]);
	return true;
}

/* What comes after the newest segment in a day list may still change. 1: everything may. */
static int64_t settled_until_us(const struct remote_segment *segments, size_t count)
{
	int64_t until_us = 1;

	for (size_t i = 0; i < count; i++)
		if (!segments[i].in_pieces && segments[i].entry.end_wall_us > until_us)
			until_us = segments[i].entry.end_wall_us;
	return until_us;
}

static int64_t newest_us(const struct remote_segment *segments, size_t count)
{
	int64_t newest = 0;

	for (size_t i = 0; i < count; i++)
		if (!(segments[i].entry.flags & SEGMENT_EXPIRED) && segments[i].entry.end_wall_us > newest)
			newest = segments[i].entry.end_wall_us;
	return newest;
}

static bool is_same(const struct remote_segment *a, const struct remote_segment *b)
{
	return memcmp(&a->entry, &b->entry, sizeof(a->entry)) == 0 && strcmp(a->archive, b->archive) == 0 &&
	       a->object_start_us == b->object_start_us && a->in_pieces == b->in_pieces &&
	       a->index_bytes == b->index_bytes && a->motion_bytes == b->motion_bytes;
}

static bool is_same_list(const struct remote_camera *camera, const struct remote_segment *segments, size_t count)
{
	if (camera->generation == 0 || camera->segment_count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_same(&camera->segments[i], &segments[i]))
			return false;
	return true;
}

/* Wall time, so that it grows over restarts as well. */
static uint64_t next_generation(uint64_t generation)
{
	uint64_t now = (uint64_t)wall_now().us;

	return now > generation ? now : generation + 1;
}

bool camera_list_write(struct fetcher *fetcher, struct remote_camera *camera, struct reason *why)
{
	struct remote_segment *segments;
	struct buffer file = {0};
	size_t count, closed;

	pthread_mutex_lock(&fetcher->lock);
	bool good = collect(camera, &segments, &count, &closed);
	if (good)
		segment_list_finish(segments, count);
	bool same = good && is_same_list(camera, segments, count);
	uint64_t generation = next_generation(camera->generation);
	pthread_mutex_unlock(&fetcher->lock);
	if (!good)
		return reason_set(why, "out of memory");
	if (same && cache_exists(fetcher->cache, camera->name, CATALOGUE_FILE)) {
		free(segments);
		return true;
	}
	segment_list_write(segments, count, generation, settled_until_us(segments, count), &file);
	good = file.failed ? reason_set(why, "out of memory")
			   : cache_replace(fetcher->cache, camera->name, CATALOGUE_FILE, file.data, file.length, why);
	buffer_free(&file);
	if (!good) {
		free(segments);
		return false;
	}
	pthread_mutex_lock(&fetcher->lock);
	free(camera->segments);
	camera->segments = segments;
	camera->segment_count = count;
	camera->generation = generation;
	camera->status.newest_wall_us = newest_us(segments, count);
	pthread_mutex_unlock(&fetcher->lock);
	return true;
}

bool camera_list_expire(struct fetcher *fetcher, struct remote_camera *camera, const struct remote_segment *segment)
{
	struct expired_segment *grown = NULL;

	pthread_mutex_lock(&fetcher->lock);
	bool known = has_expired(camera, segment);
	if (!known && camera->expired_count < EXPIRED_MAX)
		grown = realloc(camera->expired, (camera->expired_count + 1) * sizeof(*grown));
	if (grown) {
		struct expired_segment *expired = &grown[camera->expired_count++];
		camera->expired = grown;
		*expired = (struct expired_segment){.segment_no = segment->entry.segment_no,
						    .start_us = segment->object_start_us};
		memcpy(expired->archive, segment->archive, sizeof(expired->archive));
	}
	pthread_mutex_unlock(&fetcher->lock);
	return known || grown;
}

bool camera_list_find(struct fetcher *fetcher, struct remote_camera *camera, const char *file,
		      struct remote_segment *out)
{
	bool found = false;

	pthread_mutex_lock(&fetcher->lock);
	for (size_t i = camera->segment_count; i-- > 0 && !found;) {
		found = strcmp(camera->segments[i].entry.file, file) == 0;
		if (found)
			*out = camera->segments[i];
	}
	pthread_mutex_unlock(&fetcher->lock);
	return found;
}

bool camera_list_span(const struct remote_camera *camera, int64_t from_us, int64_t to_us, struct remote_segment **out,
		      size_t *count)
{
	*count = 0;
	*out = calloc(camera->segment_count + 1, sizeof(**out));
	if (!*out)
		return false;
	for (size_t i = 0; i < camera->segment_count; i++) {
		const struct catalogue_entry *entry = &camera->segments[i].entry;
		bool overlaps = entry->start_wall_us < to_us &&
				(entry->end_wall_us > from_us || entry->state == CATALOGUE_RECORDING);
		if (overlaps && !(entry->flags & SEGMENT_EXPIRED))
			(*out)[(*count)++] = camera->segments[i];
	}
	return true;
}

bool camera_status_write(struct fetcher *fetcher, struct remote_camera *camera, struct reason *why)
{
	pthread_mutex_lock(&fetcher->lock);
	struct fetch_status status = camera->status;
	status.crc = crc32c(0, &status, offsetof(struct fetch_status, crc));
	bool same = memcmp(&status, &camera->written, sizeof(status)) == 0;
	camera->written = status;
	pthread_mutex_unlock(&fetcher->lock);
	if (same && cache_exists(fetcher->cache, camera->name, FETCH_STATUS_FILE))
		return true;
	return cache_replace(fetcher->cache, camera->name, FETCH_STATUS_FILE, &status, sizeof(status), why);
}

void camera_status_note(struct fetcher *fetcher, struct remote_camera *camera, enum get_outcome outcome,
			const struct reason *why)
{
	bool failed = outcome != GET_DONE && outcome != GET_MISSING;
	struct reason unused;

	if (outcome == GET_STOPPED)
		return;
	pthread_mutex_lock(&fetcher->lock);
	struct fetch_status *status = &camera->status;
	memset(status->error, 0, sizeof(status->error));
	if (failed)
		snprintf(status->error, sizeof(status->error), "%s", why->text);
	if (!failed)
		status->failing_since_wall_us = 0;
	else if (!status->failing_since_wall_us)
		status->failing_since_wall_us = wall_now().us;
	pthread_mutex_unlock(&fetcher->lock);
	(void)camera_status_write(fetcher, camera, &unused);
}
