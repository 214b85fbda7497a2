/*
 * cached_answer.h - clips that requests find in the cache, and those that they leave in it (clip_cache.h).
 *
 * The segments come first: what they still have is joined in a millisecond, and is never less than what was stored
 * before. The cache serves what has gone since, and what would have to be encoded again; but nothing that is older than
 * retention.hours.
 */
#ifndef FCGI_API_CACHED_ANSWER_H
#define FCGI_API_CACHED_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_cache.h"
#include "fcgi/server/server.h"

/* The stored clip, if it has at least so many frames. The caller finishes it. */
bool cached_response_find(const struct api_request *request, const struct clip_cache_key *key, uint64_t frames_min,
			  struct clip *out);

/*
 * Has a clip stored at once, whatever becomes of its answer. False where it is not stored and will not be: the
 * configuration, the disk or the work that is under way are against it.
 */
bool cached_response_store(struct api_request *request, const struct clip_cache_key *key, const struct clip *clip);

struct cached_response_job;

/* What is to be stored of a clip once it has been answered: NULL where nothing is. */
struct cached_response_job *cached_response_job_create(const struct api_request *request,
						       const struct clip_cache_key *key, const struct clip *clip);
void cached_response_job_free(struct cached_response_job *note);

/* Has the request store it when its answer has left. It stays the caller's. */
void cached_response_store_after(struct api_request *request, struct cached_response_job *note);

#endif
