/* camera_days.c - which cameras and days the store has, and the lists of those days. */
#include "offsite/remote/camera_days.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offsite/remote/camera_list.h"
#include "offsite/remote/day_list.h"
#include "shared/base/log.h"

#define CAMERAS_TTL_US (60 * US_PER_S)
#define DAYS_MAX       40000
#define DAY_US         (86400 * US_PER_S)
#define LIST_BYTES_MAX (SHIP_LIST_ENTRY_BYTES * 65536u)

static const char *const roots[] = {"v1/days/", "v1/live/"};

struct camera_names {
	struct fetcher *fetcher;
	const char *root;
};

/* v1/days/NAME/ */
static bool take_camera(const struct list_item *item, void *context)
{
	struct camera_names *names = context;
	size_t root = strlen(names->root), length = strlen(item->name);
	char name[CONFIG_NAME_BYTES];

	if (length <= root + 1 || length - root > sizeof(name) || strncmp(item->name, names->root, root) != 0)
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)(length - root - 1), item->name + root);
	return item->name[length - 1] != '/' || !fetcher_camera_name_valid(name) ||
	       fetcher_camera(names->fetcher, name, true) != NULL;
}

static enum get_outcome list_roots(struct fetcher *fetcher, struct store_reader *reader, struct reason *why)
{
	enum get_outcome outcome = GET_DONE;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]) && outcome == GET_DONE; i++) {
		struct camera_names names = {.fetcher = fetcher, .root = roots[i]};
		const struct list_request request = {
			.prefix = roots[i], .by_folder = true, .on_item = take_camera, .context = &names};
		outcome = store_reader_list(reader, &request, why);
	}
	return outcome;
}

/* Makes the folders of cameras that have none. */
static bool make_folders(struct fetcher *fetcher, struct reason *why)
{
	bool good = true;

	pthread_mutex_lock(&fetcher->lock);
	size_t count = fetcher->camera_count;
	pthread_mutex_unlock(&fetcher->lock);
	for (size_t i = 0; i < count && good; i++) {
		pthread_mutex_lock(&fetcher->lock);
		struct remote_camera *camera = fetcher->cameras[i];
		pthread_mutex_unlock(&fetcher->lock);
		if (!cache_exists(fetcher->cache, camera->name, FETCH_STATUS_FILE))
			good = camera_status_write(fetcher, camera, why);
	}
	return good;
}

enum get_outcome cameras_list(struct fetcher *fetcher, struct store_reader *reader, struct reason *why)
{
	pthread_mutex_lock(&fetcher->lock);
	bool fresh = fetcher->cameras_listed_us != 0 && mono_now().us - fetcher->cameras_listed_us < CAMERAS_TTL_US;
	pthread_mutex_unlock(&fetcher->lock);
	if (!fresh) {
		if (!fetcher_may_ask(fetcher, why))
			return GET_RETRY;
		enum get_outcome outcome = list_roots(fetcher, reader, why);
		fetcher_note(fetcher, outcome, why);
		if (outcome != GET_DONE)
			return outcome;
		pthread_mutex_lock(&fetcher->lock);
		fetcher->cameras_listed_us = mono_now().us;
		pthread_mutex_unlock(&fetcher->lock);
	}
	return make_folders(fetcher, why) ? GET_DONE : GET_RETRY;
}

struct day_names {
	const char *camera;
	struct remote_day *days;
	size_t count, capacity;
};

static bool take_day(const struct list_item *item, void *context)
{
	struct day_names *names = context;
	struct object_name name;

	if (!object_name_parse(item->name, &name) || name.kind != OBJECT_DAY || strcmp(name.camera, names->camera) != 0)
		return true;
	if (names->count == names->capacity) {
		size_t capacity = names->capacity ? 2 * names->capacity : 64;
		struct remote_day *grown =
			names->count < DAYS_MAX ? realloc(names->days, capacity * sizeof(*grown)) : NULL;
		if (!grown)
			return false;
		names->days = grown;
		names->capacity = capacity;
	}
	struct remote_day *day = &names->days[names->count++];
	*day = (struct remote_day){.day_us = name.start_us};
	memcpy(day->archive, name.archive, sizeof(day->archive));
	memcpy(day->etag, item->etag, sizeof(day->etag));
	return true;
}

static int by_archive_and_day(const void *a, const void *b)
{
	const struct remote_day *left = a, *right = b;
	int order = strcmp(left->archive, right->archive);

	return order != 0 ? order : (left->day_us > right->day_us) - (left->day_us < right->day_us);
}

/* Gives entries that are loaded to the new list; both are sorted. */
static void take_over(struct remote_day *old, size_t old_count, struct remote_day *new, size_t new_count)
{
	size_t at = 0;

	for (size_t i = 0; i < new_count; i++) {
		while (at < old_count && by_archive_and_day(&old[at], &new[i]) < 0)
			at++;
		if (at == old_count || by_archive_and_day(&old[at], &new[i]) != 0 || !old[at].loaded)
			continue;
		new[i].entries = old[at].entries;
		new[i].count = old[at].count;
		new[i].loaded = new[i].etag[0] && strcmp(new[i].etag, old[at].etag) == 0;
		old[at].entries = NULL;
		old[at].count = 0;
	}
	for (size_t i = 0; i < old_count; i++)
		free(old[i].entries);
	free(old);
}

enum get_outcome camera_days_list(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				  struct reason *why)
{
	char prefix[64];
	struct day_names names = {.camera = camera->name};
	const struct list_request request = {.prefix = prefix, .on_item = take_day, .context = &names};

	if (!fetcher_may_ask(fetcher, why))
		return GET_RETRY;
	snprintf(prefix, sizeof(prefix), "v1/days/%s/", camera->name);
	enum get_outcome outcome = store_reader_list(reader, &request, why);
	fetcher_note(fetcher, outcome, why);
	if (outcome != GET_DONE) {
		free(names.days);
		return outcome;
	}
	if (names.count > 0)
		qsort(names.days, names.count, sizeof(*names.days), by_archive_and_day);
	pthread_mutex_lock(&fetcher->lock);
	take_over(camera->days, camera->day_count, names.days, names.count);
	camera->days = names.days;
	camera->day_count = names.count;
	camera->listed_us = mono_now().us;
	camera->status.answered_wall_us = wall_now().us;
	pthread_mutex_unlock(&fetcher->lock);
	return GET_DONE;
}

/* See camera_days_loaded(). Segments begin up to a day before they end. */
static bool is_needed(const struct remote_camera *camera, size_t number, int64_t from_us, int64_t to_us)
{
	const struct remote_day *days = camera->days, *day = &days[number];
	bool first = number == 0 || strcmp(days[number - 1].archive, day->archive) != 0;
	bool last = number + 1 == camera->day_count || strcmp(days[number + 1].archive, day->archive) != 0;

	if (first || last)
		return true;
	bool begins_before_end = day->day_us<to_us, ends_after_begin = day->day_us + 2 * DAY_US> from_us;
	if (begins_before_end && ends_after_begin)
		return true;
	return begins_before_end ? days[number + 1].day_us + 2 * DAY_US > from_us : days[number - 1].day_us < to_us;
}

bool camera_days_loaded(const struct remote_camera *camera, int64_t from_us, int64_t to_us)
{
	for (size_t i = 0; i < camera->day_count; i++)
		if (!camera->days[i].loaded && is_needed(camera, i, from_us, to_us))
			return false;
	return true;
}

/* Only who holds camera->asking changes the days, so the number stays right without the lock. */
static enum get_outcome load(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
			     size_t number, struct reason *why)
{
	struct remote_day *day = &camera->days[number];
	struct object_name name = {.kind = OBJECT_DAY, .start_us = day->day_us};
	char object[OBJECT_NAME_BYTES];
	struct buffer body = {0};
	struct get_request request = {.name = object, .bytes_max = LIST_BYTES_MAX, .out = &body};
	struct ship_list_entry *entries;
	size_t count;

	memcpy(name.camera, camera->name, sizeof(name.camera));
	memcpy(name.archive, day->archive, sizeof(name.archive));
	if (!fetcher_may_ask(fetcher, why))
		return GET_RETRY;
	if (!object_name_make(&name, object)) {
		reason_set(why, "a day list has a name that cannot be");
		return GET_CHANGED;
	}
	enum get_outcome outcome = store_reader_get(reader, &request, why);
	fetcher_note(fetcher, outcome, why);
	if (outcome == GET_DONE && !day_list_parse(body.data, body.length, &name, &entries, &count)) {
		reason_set(why, "the store has a day list that is damaged or of another version: %s", object);
		outcome = GET_CHANGED;
	}
	buffer_free(&body);
	if (outcome != GET_DONE && outcome != GET_MISSING)
		return outcome;
	/* A list that was deleted since it was listed is empty. */
	pthread_mutex_lock(&fetcher->lock);
	free(day->entries);
	day->entries = outcome == GET_DONE ? entries : NULL;
	day->count = outcome == GET_DONE ? count : 0;
	day->loaded = true;
	/* It may be newer than what was listed; then the next listing loads it once more. */
	pthread_mutex_unlock(&fetcher->lock);
	return GET_DONE;
}

enum get_outcome camera_days_load(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				  int64_t from_us, int64_t to_us, bool *changed, struct reason *why)
{
	enum get_outcome outcome = GET_DONE;

	for (size_t i = 0; i < camera->day_count && outcome == GET_DONE; i++) {
		if (camera->days[i].loaded || !is_needed(camera, i, from_us, to_us))
			continue;
		outcome = load(fetcher, reader, camera, i, why);
		*changed = true;
	}
	return outcome;
}
