/* event_stream.c - the format of server-sent events. */
#include "fcgi/notify/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text/json_value.h"

bool event_stream_is_line(const void *data, size_t bytes)
{
	const uint8_t *at = data;
	char *text;

	for (size_t i = 0; i < bytes; i++)
		if (at[i] < ' ' || at[i] == 0x7f)
			return false;
	text = strndup(data, bytes);
	bool is_line = text && bytes > 0 && json_text_is_utf8(text);
	free(text);
	return is_line;
}

void event_stream_append_retry(struct buffer *out)
{
	buffer_printf(out, "retry: %d\n\n", EVENT_STREAM_RETRY_MS);
}

void event_stream_append_data(struct buffer *out, const char *event, const void *data, size_t bytes)
{
	buffer_printf(out, "event: %s\ndata: ", event);
	buffer_append(out, data, bytes);
	buffer_u8(out, '\n');
}

void event_stream_append_comment(struct buffer *out)
{
	buffer_printf(out, ":\n");
}

void event_stream_append_id(struct buffer *out, const char *id)
{
	buffer_printf(out, "id: %s\n\n", id);
}

void event_stream_append_end(struct buffer *out)
{
	buffer_u8(out, '\n');
}
