/*
 * event_stream.h - the format of GET /events/live: server-sent events (WHATWG HTML, section 9.2, text/event-stream).
 *
 * The stream is UTF-8 and has no end. It is made of blocks of lines, each of which an empty line ends:
 *
 *     retry: 2000            first: a client that loses the connection waits so many milliseconds
 *
 *     event: motion-start    a notification (shared/notify/notification.h): its kind,
 *     data: {"id":…}         the notification itself, a JSON object on one line,
 *     id: SERIES-NUMBER      and where the client continues (event_position.h)
 *
 *     event: state           what holds now (event_state.h): at the beginning, after a loss, and whenever the recorder
 *     data: {"camera":…}     begins or ceases to run
 *     id: SERIES-NUMBER
 *
 *     event: lost            notifications that the client cannot get any more; a state follows
 *     data: {"camera":"NAME","event":"lost","count":N,"text":"…"}    count: of all kinds; null if nobody knows
 *
 *     :                      a comment, after EVENT_STREAM_SILENCE_US without anything else
 *     id: SERIES-NUMBER      the newest notification, whether or not the client asked for its kind
 *
 * The id of a block without data is remembered by a client as well (section 9.2.6).
 */
#ifndef FCGI_NOTIFY_EVENT_STREAM_H
#define FCGI_NOTIFY_EVENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define EVENT_STREAM_RETRY_MS   2000
#define EVENT_STREAM_SILENCE_US INT64_C(15000000)

/* Whether the bytes can be data on one line: UTF-8 without control characters. */
bool event_stream_is_line(const void *data, size_t bytes);

void event_stream_append_retry(struct buffer *out);

/*
 * Appends the lines `event` and `data` of a block. event_stream_append_id() or event_stream_append_end() has to end it.
 * `data` must be a line.
 */
void event_stream_append_data(struct buffer *out, const char *event, const void *data, size_t bytes);

/* Appends a comment, which begins a block. */
void event_stream_append_comment(struct buffer *out);

/* Appends the line `id`, and ends the block. */
void event_stream_append_id(struct buffer *out, const char *id);

/* Ends a block without an id. */
void event_stream_append_end(struct buffer *out);

#endif
