/* upkeep.c - what the store no longer has leaves the cache. */
#include "offsite/fetch/upkeep.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offsite/remote/camera_list.h"
#include "shared/base/log.h"

#define UNCONFIRMED_US (INT64_C(3000) * US_PER_S)
#define IDLE_US        (INT64_C(3600) * US_PER_S)

/* A folder of the store: all objects of a camera and an archive of one day, or a segment in pieces. */
struct confirmed {
	char folder[OBJECT_NAME_BYTES];
	int64_t at_us; /* monotonic: when the store told what is in it; or when the cache first had something of it */
	bool used;     /* in this round */
};

struct upkeep {
	struct pool_job job; /* first: the pool knows only this */
	struct fetcher *fetcher;
	atomic_bool runs;
	struct confirmed *confirmed;
	size_t count;
};

static int by_object(const void *a, const void *b)
{
	return strcmp(((const struct cache_name *)a)->object, ((const struct cache_name *)b)->object);
}

/* How long the name of the folder is, with its /. */
static size_t folder_bytes(const char *object)
{
	const char *slash = strrchr(object, '/');

	return slash ? (size_t)(slash - object) + 1 : 0;
}

/* NULL without memory. */
static struct confirmed *find_confirmed(struct upkeep *upkeep, const char *object, size_t bytes)
{
	for (size_t i = 0; i < upkeep->count; i++)
		if (strncmp(upkeep->confirmed[i].folder, object, bytes) == 0 && !upkeep->confirmed[i].folder[bytes])
			return &upkeep->confirmed[i];
	struct confirmed *grown = realloc(upkeep->confirmed, (upkeep->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	upkeep->confirmed = grown;
	struct confirmed *folder = &grown[upkeep->count++];
	*folder = (struct confirmed){.at_us = mono_now().us};
	memcpy(folder->folder, object, bytes);
	return folder;
}

/* Names of the cache in one folder, sorted, and which of them the store has. */
struct listed {
	const struct cache_name *names;
	bool *found;
	size_t count;
};

static bool take_object(const struct list_item *item, void *context)
{
	struct listed *listed = context;

	for (size_t i = 0; i < listed->count; i++)
		if (strcmp(listed->names[i].object, item->name) == 0)
			listed->found[i] = true;
	return true;
}

static void expire(struct fetcher *fetcher, const struct cache_name *name)
{
	struct remote_camera *camera = fetcher_camera(fetcher, name->camera, false);
	struct remote_segment segment;
	char object[OBJECT_NAME_BYTES];
	struct reason why;

	log_info("fetch", "the store no longer has %s of %s", name->file, name->camera);
	if (name->kind != CACHE_MEDIA || !camera || !camera_list_find(fetcher, camera, name->file, &segment))
		return;
	fetcher_object(camera, &segment, OBJECT_MEDIA, object);
	if (strcmp(object, name->object) != 0 || !camera_list_expire(fetcher, camera, &segment))
		return;
	pthread_mutex_lock(&camera->asking);
	if (!camera_list_write(fetcher, camera, &why))
		log_warn("fetch", "%s", why.text);
	pthread_mutex_unlock(&camera->asking);
}

/* Pieces are confirmed by whoever follows them. */
static bool pieces_are_confirmed(struct fetcher *fetcher, const struct cache_name *name)
{
	const struct remote_camera *camera = fetcher_camera(fetcher, name->camera, false);

	pthread_mutex_lock(&fetcher->lock);
	bool confirmed = camera && mono_now().us - camera->live_listed_us < UNCONFIRMED_US;
	pthread_mutex_unlock(&fetcher->lock);
	return confirmed;
}

/* Returns false if the store did not answer. */
static bool check_folder(struct fetcher *fetcher, struct store_reader *reader, const struct listed *listed,
			 const char *folder)
{
	const struct list_request request = {.prefix = folder, .on_item = take_object, .context = (void *)listed};
	struct reason why;

	if (!fetcher_may_ask(fetcher, &why))
		return false;
	enum get_outcome outcome = store_reader_list(reader, &request, &why);
	fetcher_note(fetcher, outcome, &why);
	if (outcome != GET_DONE)
		return false;
	for (size_t i = 0; i < listed->count; i++) {
		if (listed->found[i])
			continue;
		cache_drop(fetcher->cache, &listed->names[i]);
		expire(fetcher, &listed->names[i]);
	}
	return true;
}

static void look_after(struct upkeep *upkeep, struct store_reader *reader, const struct cache_name *names, size_t count)
{
	size_t bytes = folder_bytes(names[0].object);
	struct confirmed *folder = find_confirmed(upkeep, names[0].object, bytes);
	struct listed listed = {.names = names, .found = calloc(count, sizeof(bool)), .count = count};
	struct fetcher *fetcher = upkeep->fetcher;

	if (folder && listed.found) {
		bool in_pieces = names[0].kind == CACHE_OPEN || names[0].kind == CACHE_GROWS;
		bool good = in_pieces ? pieces_are_confirmed(fetcher, &names[0])
				      : check_folder(fetcher, reader, &listed, folder->folder);
		folder->used = true;
		if (good)
			folder->at_us = mono_now().us;
		for (size_t i = 0; i < count && mono_now().us - folder->at_us > UNCONFIRMED_US; i++)
			cache_drop(fetcher->cache, &names[i]);
	}
	free(listed.found);
}

static void forget_unused(struct upkeep *upkeep)
{
	size_t kept = 0;

	for (size_t i = 0; i < upkeep->count; i++) {
		if (upkeep->confirmed[i].used)
			upkeep->confirmed[kept++] = upkeep->confirmed[i];
	}
	upkeep->count = kept;
	for (size_t i = 0; i < kept; i++)
		upkeep->confirmed[i].used = false;
}

/* The day lists of cameras that nobody asked for in the last hour are loaded again when somebody does. */
static void unload_idle(struct fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	size_t count = fetcher->camera_count;
	pthread_mutex_unlock(&fetcher->lock);
	for (size_t i = 0; i < count; i++) {
		pthread_mutex_lock(&fetcher->lock);
		struct remote_camera *camera = fetcher->cameras[i];
		bool idle = camera->listed_us && mono_now().us - camera->used_us > IDLE_US;
		pthread_mutex_unlock(&fetcher->lock);
		if (!idle || pthread_mutex_trylock(&camera->asking) != 0)
			continue;
		pthread_mutex_lock(&fetcher->lock);
		for (size_t k = 0; k < camera->day_count; k++) {
			free(camera->days[k].entries);
			camera->days[k].entries = NULL;
			camera->days[k].count = 0;
			camera->days[k].loaded = false;
		}
		free(camera->segments);
		camera->segments = NULL;
		camera->segment_count = 0;
		camera->generation = 0;
		camera->listed_us = 0;
		pthread_mutex_unlock(&fetcher->lock);
		pthread_mutex_unlock(&camera->asking);
	}
}

static void run(struct pool_job *job, struct thread_pool *pool, struct store_reader *reader)
{
	struct upkeep *upkeep = (struct upkeep *)job;
	struct cache_name *names;
	size_t count = cache_list(upkeep->fetcher->cache, &names);

	(void)pool;
	if (count > 0)
		qsort(names, count, sizeof(*names), by_object);
	for (size_t first = 0, end; first < count; first = end) {
		size_t bytes = folder_bytes(names[first].object);
		for (end = first + 1; end < count && folder_bytes(names[end].object) == bytes &&
				      memcmp(names[first].object, names[end].object, bytes) == 0;)
			end++;
		look_after(upkeep, reader, &names[first], end - first);
	}
	free(names);
	forget_unused(upkeep);
	unload_idle(upkeep->fetcher);
	upkeep->runs = false;
}

void upkeep_begin(struct upkeep *upkeep, struct thread_pool *pool)
{
	if (atomic_exchange(&upkeep->runs, true))
		return;
	upkeep->job.run = run;
	thread_pool_add(pool, &upkeep->job);
}

struct upkeep *upkeep_open(struct fetcher *fetcher)
{
	struct upkeep *upkeep = calloc(1, sizeof(*upkeep));

	if (upkeep)
		upkeep->fetcher = fetcher;
	return upkeep;
}

void upkeep_close(struct upkeep *upkeep)
{
	if (!upkeep)
		return;
	free(upkeep->confirmed);
	free(upkeep);
}
