/* media.c - gets the files of a closed segment into the cache. */
#include "offsite/fetch/media.h"

#include <stdio.h>
#include <string.h>

#include "shared/motion/motion_record.h"
#include "shared/segment/index.h"

/* Returns false if no such file can be. */
static bool make_name(const struct media_item *item, struct cache_name *out)
{
	const struct remote_segment *segment = item->segment;
	bool good = true;

	*out = (struct cache_name){.kind = item->kind == OBJECT_MEDIA ? CACHE_MEDIA : CACHE_WHOLE};
	memcpy(out->camera, item->camera->name, sizeof(out->camera));
	fetcher_object(item->camera, segment, item->kind, out->object);
	switch (item->kind) {
	case OBJECT_MEDIA:
		out->file_bytes = segment->media_bytes;
		snprintf(out->file, sizeof(out->file), "%s", segment->entry.file);
		break;
	case OBJECT_MOTION:
		good = motion_file_name(segment->entry.file, out->file, sizeof(out->file));
		break;
	default:
		good = index_name(segment->entry.file, out->file, sizeof(out->file));
	}
	return good && out->object[0] != '\0';
}

/* The bytes of a block: [from, to) of the object. */
static void block_range(const struct media_item *item, uint64_t *from, uint64_t *to)
{
	*from = item->block * FETCH_BLOCK_BYTES;
	*to = *from + FETCH_BLOCK_BYTES;
	if (*to > item->segment->media_bytes)
		*to = item->segment->media_bytes;
}

bool media_is_there(struct fetcher *fetcher, const struct media_item *item)
{
	struct cache_name name;
	uint64_t from, to;

	block_range(item, &from, &to);
	return item->segment->in_pieces || (make_name(item, &name) && cache_has(fetcher->cache, &name, from, to));
}

static enum get_outcome get_block(struct fetcher *fetcher, struct store_reader *reader, const struct media_item *item,
				  struct cached_file *file, const char *object, struct reason *why)
{
	char etag[LIST_ETAG_BYTES];
	struct buffer body = {0};
	uint64_t from, to;

	block_range(item, &from, &to);
	cache_etag(fetcher->cache, file, etag);
	struct get_request request = {
		.name = object, .from = from, .bytes = to - from, .etag = etag[0] ? etag : NULL, .out = &body};
	enum get_outcome outcome = store_reader_get(reader, &request, why);
	if (outcome == GET_DONE && request.total != item->segment->media_bytes) {
		reason_set(why, "the store has a segment of another size than its list says");
		outcome = GET_CHANGED;
	}
	fetcher_note(fetcher, outcome, why);
	if (outcome == GET_DONE &&
	    !cache_write_block(fetcher->cache, file, item->block, body.data, body.length, request.found_etag, why))
		outcome = GET_CHANGED;
	buffer_free(&body);
	return outcome;
}

static enum get_outcome get_whole(struct fetcher *fetcher, struct store_reader *reader, const struct media_item *item,
				  struct cached_file *file, const char *object, struct reason *why)
{
	uint64_t bytes = item->kind == OBJECT_INDEX ? item->segment->index_bytes : item->segment->motion_bytes;
	struct buffer body = {0};
	struct get_request request = {.name = object, .bytes_max = bytes, .out = &body};
	enum get_outcome outcome = store_reader_get(reader, &request, why);

	if (outcome == GET_DONE && body.length != bytes) {
		reason_set(why, "the store has an object of another size than its list says");
		outcome = GET_CHANGED;
	}
	fetcher_note(fetcher, outcome, why);
	if (outcome == GET_DONE && !cache_write_whole(fetcher->cache, file, body.data, body.length, why))
		outcome = GET_CHANGED;
	buffer_free(&body);
	return outcome;
}

static bool take_same(const struct list_item *item, void *context)
{
	const char **object = context;

	if (strcmp(item->name, *object) == 0)
		*object = NULL;
	return true;
}

/*
 * A store of several machines can say for a moment that it has no such object, because those that have it do not
 * answer. So it has gone only if it is not listed either.
 */
static enum get_outcome confirm_missing(struct fetcher *fetcher, struct store_reader *reader, const char *object,
					struct reason *why)
{
	const char *looked_for = object;
	const struct list_request request = {.prefix = object, .on_item = take_same, .context = &looked_for};
	enum get_outcome outcome = store_reader_list(reader, &request, why);

	if (outcome == GET_DONE && !looked_for) {
		reason_set(why, "the store lists footage that it does not give");
		outcome = GET_RETRY;
	}
	fetcher_note(fetcher, outcome, why);
	if (outcome != GET_DONE)
		return outcome;
	reason_set(why, "the store no longer has it");
	return GET_MISSING;
}

static enum get_outcome get(struct fetcher *fetcher, struct store_reader *reader, const struct media_item *item,
			    const struct cache_name *name, struct reason *why)
{
	struct cached_file *file = cache_use(fetcher->cache, name, why);

	if (!file)
		return GET_CHANGED;
	enum get_outcome outcome = name->kind == CACHE_MEDIA
					   ? get_block(fetcher, reader, item, file, name->object, why)
					   : get_whole(fetcher, reader, item, file, name->object, why);
	cache_release(fetcher->cache, file);
	if (outcome == GET_MISSING && item->kind != OBJECT_MOTION)
		outcome = confirm_missing(fetcher, reader, name->object, why);
	/* A part of an object that has gone, or is another one now, is of no use. */
	if (outcome == GET_MISSING || outcome == GET_CHANGED)
		cache_drop(fetcher->cache, name);
	return outcome;
}

enum get_outcome media_get(struct fetcher *fetcher, struct in_flight *in_flight, struct store_reader *reader,
			   const struct media_item *item, struct reason *why)
{
	struct in_flight_entry entry = {.block = item->block};
	enum get_outcome outcome = GET_DONE;
	struct cache_name name;

	if (media_is_there(fetcher, item))
		return GET_DONE;
	if (!make_name(item, &name)) {
		reason_set(why, "a segment has a name that no object can have");
		return GET_CHANGED;
	}
	entry.name = &name;
	in_flight_begin(in_flight, &entry);
	if (!media_is_there(fetcher, item))
		outcome = fetcher_may_ask(fetcher, why) ? get(fetcher, reader, item, &name, why) : GET_RETRY;
	in_flight_end(in_flight, &entry);
	return outcome;
}
