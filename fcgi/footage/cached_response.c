/* cached_response.c - finding clips in the cache, and storing them. */
#include "fcgi/footage/cached_response.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/segment/retention.h"

#define STORE_WAIT_MS 10000

/* A clip that is to be stored. */
struct cached_response_job {
	const struct api_camera *camera;
	struct clip_cache_key key;
	struct clip clip;
};

/*
 * True if a clip of that range may be stored, and served after its footage has been deleted. recorderd deletes it
 * in the end, but may not be running.
 */
static bool may_keep(const struct api_request *request, const struct clip_cache_key *key)
{
	const struct config *config = request->camera->config;
	int64_t now_us = wall_now().us;

	return config->clips.cache && !retention_is_expired(config->retention.hours, key->from_us, now_us) &&
	       !retention_is_future(config->retention.hours, key->from_us, now_us);
}

bool cached_response_find(const struct api_request *request, const struct clip_cache_key *key, uint64_t frames_min,
			  struct clip *out)
{
	int folder = may_keep(request, key) ? camera_open_clips(request->camera) : -1;

	*out = (struct clip){0};
	if (folder < 0)
		return false;
	bool found = clip_cache_find(folder, key, out);
	close(folder);
	if (found && out->frames >= frames_min)
		return true;
	clip_free(out);
	return false;
}

static bool is_stored(const struct api_request *request, const struct clip_cache_key *key, const struct clip *clip)
{
	struct clip stored;
	bool same = cached_response_find(request, key, clip->frames, &stored) && strcmp(stored.etag, clip->etag) == 0;

	clip_free(&stored);
	return same;
}

/* True if the configuration allows a clip of this size to be stored. */
static bool may_be_stored(const struct api_request *request, const struct clip *clip)
{
	const struct config_clips *clips = &request->camera->config->clips;
	uint64_t max_bytes = (uint64_t)clips->max_mb << 20;

	return clips->cache && virtual_file_size(clip->file) <= max_bytes / CLIP_CACHE_SHARE_MAX;
}

struct cached_response_job *cached_response_job_create(const struct api_request *request,
						       const struct clip_cache_key *key, const struct clip *clip)
{
	if (!may_keep(request, key) || !may_be_stored(request, clip) || is_stored(request, key, clip))
		return NULL;
	struct cached_response_job *job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	*job = (struct cached_response_job){.camera = request->camera, .key = *key, .clip = *clip};
	job->clip.file = virtual_file_ref(clip->file);
	job->clip.spans = (struct buffer){0};
	buffer_append(&job->clip.spans, clip->spans.data, clip->spans.length);
	return job;
}

void cached_response_job_free(struct cached_response_job *job)
{
	if (!job)
		return;
	clip_free(&job->clip);
	free(job);
}

/* In a child: the disk may hang. */
static int store_run(void *context)
{
	const struct cached_response_job *job = context;
	const struct config *config = job->camera->config;
	struct clip_cache_store store = {
		.clips_folder = camera_make_clips(job->camera),
		.key = job->key,
		.clip = &job->clip,
		.max_bytes = (uint64_t)config->clips.max_mb << 20,
		.reserve_bytes = clip_cache_reserve_bytes(config->retention.min_free_gb),
		.wait_ms = STORE_WAIT_MS,
	};

	return store.clips_folder >= 0 ? clip_cache_store_run(&store) : EXIT_FAILURE;
}

/* True if the folder is writable and its disk has room without deleting anything. */
static bool disk_has_room(const struct api_camera *camera, uint64_t bytes)
{
	int folder = camera_open_clips(camera);
	struct statvfs disk;

	if (folder < 0)
		return false;
	bool good = faccessat(folder, ".", W_OK, AT_EACCESS) == 0 && fstatvfs(folder, &disk) == 0 &&
		    (uint64_t)disk.f_bavail * disk.f_frsize >=
			    bytes + clip_cache_reserve_bytes(camera->config->retention.min_free_gb);
	close(folder);
	return good;
}

bool cached_response_store(struct api_request *request, const struct clip_cache_key *key, const struct clip *clip)
{
	if (is_stored(request, key, clip))
		return true;
	if (!disk_has_room(request->camera, virtual_file_size(clip->file)))
		return false;
	struct cached_response_job *job = cached_response_job_create(request, key, clip);
	bool begun = job && api_start_detached(request, store_run, job);
	cached_response_job_free(job); /* the child has a copy */
	return begun;
}

static void store_begin(struct api_request *request)
{
	api_start_detached(request, store_run, request->after_context);
}

void cached_response_store_after(struct api_request *request, struct cached_response_job *job)
{
	request->after = store_begin;
	request->after_context = job;
}
