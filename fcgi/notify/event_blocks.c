/* event_blocks.c - the blocks of /events/live that are made for one client. */
#include "fcgi/notify/event_blocks.h"

#include <inttypes.h>

#include "fcgi/notify/event_stream.h"

/* Frees the buffer. */
static struct video_chunk *make(struct buffer *bytes)
{
	struct video_chunk *chunk = bytes->failed ? NULL : video_chunk_create(bytes->data, bytes->length);

	buffer_free(bytes);
	return chunk;
}

/* Before the first notification there is no id. */
static void append_id(struct buffer *out, const struct event_position *position)
{
	char id[EVENT_POSITION_BYTES];

	event_position_text(position, id);
	if (*id)
		event_stream_append_id(out, id);
	else
		event_stream_append_end(out);
}

/* Frees the JSON. */
static void append_data(struct buffer *out, const char *event, struct buffer *json)
{
	if (json->failed)
		out->failed = true;
	else
		event_stream_append_data(out, event, json->data, json->length);
	buffer_free(json);
}

struct video_chunk *event_block_id(const struct event_position *position)
{
	struct buffer block = {0};

	append_id(&block, position);
	return make(&block);
}

/* The names of cameras need no escapes (struct config_camera). */
struct video_chunk *event_block_lost(const char *camera, uint64_t count, const char *why)
{
	struct buffer json = {0}, block = {0};

	buffer_printf(&json, "{\"camera\":\"%s\",\"event\":\"lost\",\"count\":", camera);
	if (why)
		buffer_printf(&json, "null,\"text\":\"%s\"}", why);
	else
		buffer_printf(&json, "%" PRIu64 ",\"text\":\"%s\"}", count,
			      count == 1 ? "An event is not available any more."
					 : "Some events are not available any more.");
	append_data(&block, "lost", &json);
	event_stream_append_end(&block);
	return make(&block);
}

struct video_chunk *event_block_state(const struct event_state *state, const struct event_position *position)
{
	struct buffer json = {0}, block = {0};

	if (!event_state_json(state, &json))
		json.failed = true;
	append_data(&block, "state", &json);
	append_id(&block, position);
	return make(&block);
}

struct video_chunk *event_block_comment(const struct event_position *position)
{
	struct buffer block = {0};

	event_stream_append_comment(&block);
	append_id(&block, position);
	return make(&block);
}
