/* live_request.c - reading a request to recorder-live. */
#include "fcgi/live/live_request.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi/http/query.h"
#include "shared/base/clock.h"

#define FPS_MIN    1.0
#define FPS_MAX    240.0
#define NUMBER_MAX INT32_MAX

/*
 * The addresses of the stream. Most of them are defaults of other programs: /?action=stream and /?action=snapshot are
 * those of mjpg-streamer, which printers and dashboards expect.
 */
static const struct address {
	const char *path;
	const char *params; /* separated by blanks */
	enum live_kind kind;
} addresses[] = {
	{"/", "action fps camera", LIVE_STREAM},
	{"/stream", "fps camera", LIVE_STREAM},
	{"/stream.mjpg", "fps camera", LIVE_STREAM},
	{"/video", "fps camera", LIVE_STREAM},
	{"/live.mp4", "frames init segment part camera", LIVE_VIDEO},
	{"/events/live", EVENT_FILTER_PARAMS, LIVE_EVENTS},
	{"/live.m3u8", "_HLS_msn _HLS_part _HLS_skip camera", LIVE_PLAYLIST},
};

/* Digits with at most one point; strtod() would also accept "inf", "0x10" and "1e2". */
static bool is_decimal(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (*rest == '.') {
		size_t decimals = strspn(rest + 1, "0123456789");
		digits += decimals;
		rest += 1 + decimals;
	}
	return digits > 0 && *rest == '\0';
}

static bool read_fps(const char *query, int64_t *period_us, struct reason *why)
{
	char text[QUERY_VALUE_MAX];

	*period_us = 0;
	enum query_outcome outcome = query_get(query, "fps", text, sizeof(text));
	if (outcome == QUERY_ABSENT)
		return true;
	double fps = outcome == QUERY_FOUND && is_decimal(text) ? strtod(text, NULL) : 0;
	if (fps < FPS_MIN || fps > FPS_MAX)
		return reason_set(why, "fps= must be a number from 1 to 240, as in /stream?fps=5.");
	*period_us = (int64_t)((double)US_PER_S / fps);
	return true;
}

/* frames=all or frames=key */
static bool read_frames(const char *query, bool *keyframes_only, struct reason *why)
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, "frames", text, sizeof(text));

	*keyframes_only = outcome == QUERY_FOUND && strcmp(text, "key") == 0;
	return *keyframes_only || outcome == QUERY_ABSENT || (outcome == QUERY_FOUND && strcmp(text, "all") == 0) ||
	       reason_set(why, "frames= must be all or key, as in /live.mp4?frames=key.");
}

/* Only programs give an action. */
static bool read_action(const char *query, struct live_options *out, struct reason *why)
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, "action", text, sizeof(text));

	out->has_page = outcome == QUERY_ABSENT;
	if (outcome == QUERY_ABSENT || (outcome == QUERY_FOUND && strcmp(text, "stream") == 0))
		return true;
	bool single = outcome == QUERY_FOUND && strcmp(text, "snapshot") == 0;
	if (single)
		out->kind = LIVE_FRAME;
	return single || reason_set(why, "action= must be stream or snapshot.");
}

/* NULL if it is unknown. */
static const struct address *find_address(const char *path)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (strcmp(path, addresses[i].path) == 0)
			return &addresses[i];
	return NULL;
}

/* A segment, with or without a part, under those names. */
static bool read_piece(const char *query, const char *segment_name, const char *part_name, struct hls_piece *out,
		       struct reason *why)
{
	long segment = -1, part = -1;

	if (!query_number(query, segment_name, 0, NUMBER_MAX, &segment, why) ||
	    !query_number(query, part_name, 0, NUMBER_MAX, &part, why))
		return false;
	*out = (struct hls_piece){segment, part};
	return part < 0 || segment >= 0 || reason_set(why, "%s= needs %s=.", part_name, segment_name);
}

static bool read_video(const char *query, struct live_options *out, struct reason *why)
{
	char unused[1];
	long init = 0;

	if (!read_piece(query, "segment", "part", &out->piece, why) ||
	    !query_number(query, "init", 1, NUMBER_MAX, &init, why) || !read_frames(query, &out->keyframes_only, why))
		return false;
	out->init = (uint64_t)init;
	if (out->piece.segment < 0 && init == 0)
		return true;
	out->kind = LIVE_PIECE;
	bool alone = (out->piece.segment < 0 || init == 0) &&
		     query_get(query, "frames", unused, sizeof(unused)) == QUERY_ABSENT;
	return alone || reason_set(why, "init=, segment= and frames= exclude each other.");
}

static bool read_params(const struct address *address, const char *query, struct live_options *out, struct reason *why)
{
	switch (address->kind) {
	case LIVE_VIDEO:
		return query_check(query, address->params, why) && read_video(query, out, why);
	case LIVE_PLAYLIST:
		return query_check(query, address->params, why) &&
		       read_piece(query, "_HLS_msn", "_HLS_part", &out->piece, why);
	case LIVE_EVENTS:
		return event_filter_read(query, &out->events, why);
	default:
		return query_check_picture(query, address->params, why) && read_fps(query, &out->period_us, why) &&
		       (address != addresses || read_action(query, out, why));
	}
}

const struct config *live_request_camera(const struct config_set *cameras, const char *query)
{
	char name[CONFIG_NAME_BYTES] = "";
	enum query_outcome outcome = query_get(query, "camera", name, sizeof(name));

	return outcome == QUERY_MALFORMED ? NULL : config_set_find(cameras, name);
}

int live_request_read(const struct config_set *cameras, const char *method, const char *path, const char *query,
		      struct live_options *out, struct reason *why)
{
	const struct address *address = find_address(path);
	char unused[1];

	*out = (struct live_options){.head_only = strcmp(method, "HEAD") == 0};
	if (!address) {
		reason_set(why, "There is no such page. Live pictures are at /stream, live video is at /live.mp4, "
				"events are at "
				"/events/live.");
		return 404;
	}
	if (!out->head_only && strcmp(method, "GET") != 0) {
		reason_set(why, "The live stream takes GET and HEAD only.");
		return 405;
	}
	out->camera = live_request_camera(cameras, query);
	if (!out->camera || out->camera->viewer) {
		reason_set(why, config_set_reader(cameras)
					? "There is no live view of cameras whose footage comes from the store. "
					  "/footage and /snapshot have it up to the last few seconds."
					: "There is no camera of that name; /camera_info lists the cameras.");
		return 404;
	}
	out->kind = address->kind;
	out->camera_named = query_get(query, "camera", unused, sizeof(unused)) != QUERY_ABSENT;
	return read_params(address, query, out, why) ? 200 : 400;
}
