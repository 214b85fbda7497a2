/*
 * event_blocks.h - the blocks of /events/live that are made for one client (event_stream.h), as they go over the wire.
 *
 * Each function returns NULL if memory runs out.
 */
#ifndef FCGI_NOTIFY_EVENT_BLOCKS_H
#define FCGI_NOTIFY_EVENT_BLOCKS_H

#include "fcgi/notify/event_position.h"
#include "fcgi/notify/event_state.h"
#include "fcgi/video/video_chunk.h"

/* The line id, which ends a block. */
struct video_chunk *event_block_id(const struct event_position *position);

/* A loss: of so many events, or of nobody knows how many if `why` is not NULL: a sentence without quotes. */
struct video_chunk *event_block_lost(const char *camera, uint64_t count, const char *why);

struct video_chunk *event_block_state(const struct event_state *state, const struct event_position *position);

struct video_chunk *event_block_comment(const struct event_position *position);

#endif
