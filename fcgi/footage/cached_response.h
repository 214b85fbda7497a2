/*
 * cached_response.h - finding clips in the cache (clip_cache.h), and storing the clips that requests ask for.
 *
 * The segments come first: joining what they still have takes a millisecond, and never gives less than what was
 * stored before. The cache has what has been deleted since, and what would have to be encoded again. Nothing older
 * than retention.hours is served from it.
 */
#ifndef FCGI_FOOTAGE_CACHED_RESPONSE_H
#define FCGI_FOOTAGE_CACHED_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_cache.h"
#include "fcgi/server/server.h"

/* Finds the stored clip, if it has at least that many frames. The caller frees it (clip_free). */
bool cached_response_find(const struct api_request *request, const struct clip_cache_key *key, uint64_t frames_min,
			  struct clip *out);

/*
 * Starts storing a clip now, whatever becomes of its response. False if it is not stored and will not be: because
 * of the configuration, the disk, or too much work under way.
 */
bool cached_response_store(struct api_request *request, const struct clip_cache_key *key, const struct clip *clip);

struct cached_response_job;

/* Prepares to store a clip after its response has left. NULL if it need not or must not be stored. */
struct cached_response_job *cached_response_job_create(const struct api_request *request,
						       const struct clip_cache_key *key, const struct clip *clip);
void cached_response_job_free(struct cached_response_job *job);

/* Makes the request store the clip when its response has left. The caller keeps the job until the request ends. */
void cached_response_store_after(struct api_request *request, struct cached_response_job *job);

#endif
