/* camera_live.c - joins the pieces of segments that are in no day list. */
#include "offsite/remote/camera_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offsite/remote/live_entry.h"
#include "shared/base/log.h"
#include "shared/segment/index.h"

#define ARCHIVES_MAX    64
#define PIECES_MAX      100000 /* five days of pieces of 5 s that no segment replaced */
#define PIECE_BYTES_MAX (UINT64_C(512) << 20)

struct archives {
	const char *prefix;
	char id[ARCHIVES_MAX][ARCHIVE_ID_BYTES];
	size_t count;
};

/* v1/live/CAMERA/ARCHIVE/ */
static bool take_archive(const struct list_item *item, void *context)
{
	struct archives *archives = context;
	size_t prefix = strlen(archives->prefix);
	char id[ARCHIVE_ID_BYTES];

	if (strncmp(item->name, archives->prefix, prefix) != 0 || strlen(item->name) != prefix + ARCHIVE_ID_BYTES)
		return true;
	snprintf(id, sizeof(id), "%s", item->name + prefix);
	if (archive_id_valid(id) && archives->count < ARCHIVES_MAX)
		memcpy(archives->id[archives->count++], id, sizeof(id));
	return true;
}

struct pieces {
	const char *camera, *archive;
	struct object_name *names;
	size_t count, capacity;
};

static bool take_piece(const struct list_item *item, void *context)
{
	struct pieces *pieces = context;
	struct object_name name;

	if (!object_name_parse(item->name, &name) || name.kind != OBJECT_PIECE ||
	    strcmp(name.camera, pieces->camera) != 0 || strcmp(name.archive, pieces->archive) != 0)
		return true;
	if (pieces->count == pieces->capacity) {
		size_t capacity = pieces->capacity ? 2 * pieces->capacity : 128;
		struct object_name *grown =
			pieces->count < PIECES_MAX ? realloc(pieces->names, capacity * sizeof(*grown)) : NULL;
		if (!grown)
			return false;
		pieces->names = grown;
		pieces->capacity = capacity;
	}
	pieces->names[pieces->count++] = name;
	return true;
}

/* The number of the newest segment of the archive that is in a day list that is loaded; the last day's always is. */
static uint64_t newest_listed(const struct remote_camera *camera, const char *archive)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < camera->day_count; i++)
		for (size_t k = 0; strcmp(camera->days[i].archive, archive) == 0 && k < camera->days[i].count; k++)
			if (camera->days[i].entries[k].segment.segment_no > newest)
				newest = camera->days[i].entries[k].segment.segment_no;
	return newest;
}

static void forget(struct fetcher *fetcher, struct live_segment *live)
{
	if (live->begun) {
		cache_drop(fetcher->cache, &live->media_name);
		cache_drop(fetcher->cache, &live->index_name);
	}
	live->begun = false;
	live->join = (struct piece_join){0};
	memset(&live->entry, 0, sizeof(live->entry));
}

/* Takes segments out that are in day lists now, and begins those again whose files have left the cache. */
static bool tidy(struct fetcher *fetcher, struct remote_camera *camera)
{
	bool changed = false;
	size_t kept = 0;

	for (size_t i = 0; i < camera->live_count; i++) {
		struct live_segment *live = &camera->live[i];
		bool listed = live->segment_no <= newest_listed(camera, live->archive);
		bool lost = live->begun && (!cache_has(fetcher->cache, &live->media_name, 0, live->join.media_end) ||
					    !cache_has(fetcher->cache, &live->index_name, 0, 0));
		if (listed || lost) {
			forget(fetcher, live);
			changed = true;
		}
		if (!listed)
			camera->live[kept++] = *live;
	}
	camera->live_count = kept;
	return changed;
}

static struct live_segment *find_live(struct remote_camera *camera, const struct object_name *piece)
{
	for (size_t i = 0; i < camera->live_count; i++) {
		struct live_segment *live = &camera->live[i];
		if (live->segment_no == piece->segment_no && live->start_us == piece->start_us &&
		    strcmp(live->archive, piece->archive) == 0)
			return live;
	}
	struct live_segment *grown = realloc(camera->live, (camera->live_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	camera->live = grown;
	struct live_segment *live = &grown[camera->live_count++];
	*live = (struct live_segment){.segment_no = piece->segment_no, .start_us = piece->start_us};
	memcpy(live->archive, piece->archive, sizeof(live->archive));
	return live;
}

/* Appends to a file that has `end` bytes, of which `part` of the piece is the continuation. */
static bool append_part(struct fetcher *fetcher, const struct cache_name *name, uint64_t end,
			const struct piece_part *part, const struct buffer *piece, struct reason *why)
{
	struct cached_file *file = cache_use(fetcher->cache, name, why);
	bool good = file && (cache_size(fetcher->cache, file) == end ||
			     reason_set(why, "the file has left the cache meanwhile"));

	if (good && part->bytes > 0)
		good = cache_append(fetcher->cache, file, piece->data + part->skip, (size_t)part->bytes, why);
	cache_release(fetcher->cache, file);
	return good;
}

/*
 * The files begin with the first piece, which has the name of the camera and when the segment began. The media go
 * first, so that the index never points to bytes that are not there.
 */
static bool append(struct fetcher *fetcher, struct remote_camera *camera, struct live_segment *live,
		   const struct buffer *piece, const struct piece_part *media, const struct piece_part *index,
		   struct reason *why)
{
	if (!live->begun && !live_entry_begin(fetcher, camera, live, piece->data, piece->length, why))
		return false;
	live->begun = true;
	if (!append_part(fetcher, &live->media_name, live->join.media_end, media, piece, why))
		return false;
	live->join.media_end += media->bytes;
	if (!append_part(fetcher, &live->index_name, live->join.index_end, index, piece, why))
		return false;
	live->join.index_end += index->bytes;
	return live_entry_extend(fetcher, live, piece->data + index->skip, (size_t)index->bytes, why);
}

static enum get_outcome get_piece(struct fetcher *fetcher, struct store_reader *reader, const struct object_name *piece,
				  struct buffer *out, struct reason *why)
{
	char object[OBJECT_NAME_BYTES];
	struct get_request request = {.name = object, .bytes_max = PIECE_BYTES_MAX, .out = out};

	if (!object_name_make(piece, object))
		return GET_CHANGED;
	if (!fetcher_may_ask(fetcher, why))
		return GET_RETRY;
	enum get_outcome outcome = store_reader_get(reader, &request, why);
	fetcher_note(fetcher, outcome, why);
	if (outcome == GET_DONE && out->length != piece->media_bytes + piece->index_bytes) {
		reason_set(why, "the store has a piece of another size than its name says");
		outcome = GET_CHANGED;
	}
	return outcome;
}

/* A piece that is gone means that its segment is shipped, which the next listing of the days shows. */
static enum get_outcome take(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
			     const struct object_name *piece, bool *changed, struct reason *why)
{
	struct live_segment *live = find_live(camera, piece);
	struct piece_part media, index;
	struct buffer body = {0};

	if (!live) {
		reason_set(why, "out of memory");
		return GET_RETRY;
	}
	if (piece_join_take(&live->join, piece, &media, &index) != PIECE_NEW)
		return GET_DONE;
	enum get_outcome outcome = get_piece(fetcher, reader, piece, &body, why);
	if (outcome == GET_DONE) {
		*changed = true;
		if (!append(fetcher, camera, live, &body, &media, &index, why)) {
			log_warn("fetch", "%s, segment %llu: %s", camera->name, (unsigned long long)live->segment_no,
				 why->text);
			forget(fetcher, live);
			outcome = GET_CHANGED;
		}
	}
	buffer_free(&body);
	return outcome == GET_MISSING ? GET_DONE : outcome;
}

static enum get_outcome follow_archive(struct fetcher *fetcher, struct store_reader *reader,
				       struct remote_camera *camera, const char *archive, bool *changed,
				       struct reason *why)
{
	char prefix[96], after[112];
	struct pieces pieces = {.camera = camera->name, .archive = archive};
	const struct list_request request = {
		.prefix = prefix, .after = after, .on_item = take_piece, .context = &pieces};

	snprintf(prefix, sizeof(prefix), "v1/live/%s/%s/", camera->name, archive);
	/* Names that begin so are after this one. */
	snprintf(after, sizeof(after), "%s%012llu", prefix, (unsigned long long)newest_listed(camera, archive) + 1);
	enum get_outcome outcome = store_reader_list(reader, &request, why);
	fetcher_note(fetcher, outcome, why);
	for (size_t i = 0; i < pieces.count && outcome == GET_DONE; i++)
		outcome = take(fetcher, reader, camera, &pieces.names[i], changed, why);
	free(pieces.names);
	return outcome;
}

enum get_outcome camera_live_follow(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				    bool *changed, struct reason *why)
{
	char prefix[64];
	struct archives archives = {.prefix = prefix};
	const struct list_request request = {
		.prefix = prefix, .by_folder = true, .on_item = take_archive, .context = &archives};

	*changed = tidy(fetcher, camera) || *changed;
	if (!fetcher_may_ask(fetcher, why))
		return GET_RETRY;
	snprintf(prefix, sizeof(prefix), "v1/live/%s/", camera->name);
	enum get_outcome outcome = store_reader_list(reader, &request, why);
	fetcher_note(fetcher, outcome, why);
	for (size_t i = 0; i < archives.count && outcome == GET_DONE; i++)
		outcome = follow_archive(fetcher, reader, camera, archives.id[i], changed, why);
	return outcome;
}
