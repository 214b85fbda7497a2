/* route.c - the table of routes. */
#include "fcgi/api/route.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/auth/authorize.h"
#include "fcgi/auth/local_client.h"
#include "fcgi/auth/site_headers.h"
#include "fcgi/events/events_handlers.h"
#include "fcgi/footage/footage_handlers.h"
#include "fcgi/http/query.h"
#include "fcgi/server/request_pass.h"
#include "fcgi/server/response.h"

/* `*` in a path matches one name without a slash. */
struct route {
	const char *method;
	const char *path;
	const char *params; /* of the query, separated by blanks */
	api_handler *handler;
	bool control;
	enum token_scope scope;
	api_handler *fallback; /* called if the disk hangs; NULL: no disk is needed */
	enum remote_need remote;
};

static const struct route routes[] = {
	{"GET", "/camera_info", "camera", handle_camera_info, false, TOKEN_ANY, NULL, REMOTE_ITSELF},
	{"GET", "/recordings", "from to duration limit offset camera", handle_recordings, false, TOKEN_FOOTAGE,
	 respond_disk_hangs, REMOTE_LIST},
	{"GET", "/recordings/*", "camera", handle_recording, false, TOKEN_FOOTAGE, respond_disk_hangs, REMOTE_FILE},
	{"GET", "/recordings/*/init.mp4", "camera", handle_recording_init, false, TOKEN_FOOTAGE, respond_disk_hangs,
	 REMOTE_FILE},
	{"GET", "/footage", "from to duration speed only area* not* strength before after camera", handle_footage,
	 false, TOKEN_FOOTAGE, handle_footage, REMOTE_CLIP},
	{"GET", "/timeline", "from to duration camera", handle_timeline, false, TOKEN_FOOTAGE, respond_disk_hangs,
	 REMOTE_TIMELINE},
	{"GET", "/motion", "from to duration step area* not* strength camera", handle_motion, false, TOKEN_FOOTAGE,
	 respond_disk_hangs, REMOTE_MOTION},
	{"GET", "/motion/heatmap", "from to duration area* not* strength camera", handle_motion_heatmap, false,
	 TOKEN_FOOTAGE, respond_disk_hangs, REMOTE_MOTION},
	{"GET", "/events", "from to duration area* not* strength join limit offset order format camera", handle_events,
	 false, TOKEN_FOOTAGE, respond_disk_hangs, REMOTE_MOTION},
	{"GET", "/events/live", "events area* not* strength join last_event_id camera", handle_misrouted_live, false,
	 TOKEN_LIVE, NULL, REMOTE_ITSELF},
	{"GET", "/playlist.m3u8", "from to duration only area* not* strength before after camera", handle_playlist,
	 false, TOKEN_FOOTAGE, respond_disk_hangs, REMOTE_CLIP},
	{"GET", "/snapshot", "at width camera", handle_snapshot, false, TOKEN_LIVE, NULL, REMOTE_ITSELF},
	{"GET", "/snapshot.jpg", "at width camera", handle_snapshot, false, TOKEN_LIVE, NULL, REMOTE_ITSELF},
	{"GET", "/clips", "camera", handle_clips, false, TOKEN_FOOTAGE, respond_disk_hangs, REMOTE_REFUSED},
	{"POST", "/clips", "from to duration speed name label camera", handle_clip_keep, true, TOKEN_CONTROL,
	 respond_disk_hangs, REMOTE_REFUSED},
	{"GET", "/clips/*", "camera", handle_clip, false, TOKEN_FOOTAGE, respond_disk_hangs, REMOTE_REFUSED},
	{"PATCH", "/clips/*", "label camera", handle_clip_relabel, true, TOKEN_CONTROL, respond_disk_hangs,
	 REMOTE_REFUSED},
	{"DELETE", "/clips/*", "camera", handle_clip_delete, true, TOKEN_DELETE, respond_disk_hangs, REMOTE_REFUSED},
	{"POST", "/control", "recording control value camera*", handle_control, true, TOKEN_CONTROL, NULL,
	 REMOTE_REFUSED},
	{"GET", "/setup", "camera", handle_setup_get, true, TOKEN_CONTROL, NULL, REMOTE_REFUSED},
	{"POST", "/setup", "device width height fps format control* camera", handle_setup, true, TOKEN_CONTROL, NULL,
	 REMOTE_REFUSED},
	{"GET", "/live.mp4", "frames init segment part camera", handle_misrouted_live, false, TOKEN_LIVE, NULL,
	 REMOTE_ITSELF},
	{"GET", "/live.m3u8", "_HLS_msn _HLS_part _HLS_skip camera", handle_misrouted_live, false, TOKEN_LIVE, NULL,
	 REMOTE_ITSELF},
	{"GET", "/health", "camera", handle_health, false, TOKEN_ANY, NULL, REMOTE_ITSELF},
	{"GET", "/metrics", "camera", handle_metrics, false, TOKEN_ANY, NULL, REMOTE_ITSELF},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

static bool path_matches(const char *pattern, const char *path, const char **tail)
{
	const char *star = strchr(pattern, '*');

	*tail = "";
	if (!star)
		return strcmp(pattern, path) == 0;
	size_t before = (size_t)(star - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	*tail = path + before;
	size_t name = strcspn(*tail, "/");
	return name > 0 && strcmp(*tail + name, star + 1) == 0;
}

static bool method_matches(const char *wanted, const char *method)
{
	return strcmp(wanted, method) == 0 || (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void allow_add(char *allow, size_t bytes, const char *method)
{
	size_t length = strlen(allow);

	snprintf(allow + length, bytes - length, "%s%s%s", length ? ", " : "", method,
		 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

enum route_outcome route_find(const char *method, const char *path, struct route_match *out)
{
	bool path_known = false;

	*out = (struct route_match){0};
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const char *tail;
		if (!path_matches(routes[i].path, path, &tail))
			continue;
		path_known = true;
		if (method_matches(routes[i].method, method)) {
			out->handler = routes[i].handler;
			out->params = routes[i].params;
			out->control = routes[i].control;
			out->scope = routes[i].scope;
			out->fallback = routes[i].fallback;
			out->remote = routes[i].remote;
			out->tail = tail;
			return ROUTE_FOUND;
		}
		allow_add(out->allow, sizeof(out->allow), routes[i].method);
	}
	return path_known ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

static void respond_refusal(struct api_request *request, const struct permission *permission)
{
	respond_problem(request, permission->status, permission->headers, "%s", permission->why.text);
}

/* Changes need a token with the right scope, or http.allow_control. */
static bool change_allowed(struct api_request *request, struct permission *permission, enum token_scope scope)
{
	enum config_allow allow = request->camera->config->http.allow_control;

	if (permission->outcome != AUTH_BY_TOKEN && !local_client_may_control(request->fcgi, allow)) {
		respond_problem(
			request, 403, NULL, "Changes need a token with the scope %s, or http.allow_control = yes%s.",
			scope == TOKEN_DELETE ? "delete" : "control",
			allow == ALLOW_LOCAL ? "; it is local, and this request is not of the recorder's own machine"
					     : "");
		return false;
	}
	if (authorize_change(request->fcgi, permission))
		return true;
	respond_refusal(request, permission);
	return false;
}

/*
 * To a token that does not cover all cameras an unknown camera is a refusal: it must not be able to find out names
 * by trying.
 */
static void respond_unknown_camera(struct api_request *request, const char *name)
{
	struct permission refusal;
	char names[512] = "";
	size_t length = 0;

	for (size_t i = 0; i < request->camera_count; i++) {
		if (!api_may_see_camera(request, i)) {
			authorize_refuse_token(&refusal);
			respond_refusal(request, &refusal);
			return;
		}
		if (length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", i ? ", " : "",
						   request->cameras[i].config->camera.name);
	}
	respond_problem(request, 404, NULL, "There is no camera \"%.40s\". The cameras are: %s.", name, names);
}

/* Sets the camera that the query names, or the first if it names none. False if there is no camera of that name. */
static bool choose_camera(struct api_request *request, char name[CONFIG_NAME_BYTES + 1])
{
	const char *at = request->fcgi->query;
	enum query_outcome outcome = query_next(&at, "camera", name, CONFIG_NAME_BYTES + 1);

	while (outcome == QUERY_FOUND && control_is_switch(request, name))
		outcome = query_next(&at, "camera", name, CONFIG_NAME_BYTES + 1);
	request->camera = &request->cameras[0];
	request->camera_named = outcome != QUERY_ABSENT;
	for (size_t i = 0; outcome == QUERY_FOUND && i < request->camera_count; i++) {
		if (strcmp(request->cameras[i].config->camera.name, name) == 0) {
			request->camera = &request->cameras[i];
			return true;
		}
	}
	if (outcome == QUERY_MALFORMED)
		strcpy(name, "?");
	return !request->camera_named;
}

/* Returns the route's handler; NULL after responding that there is none. */
static api_handler *choose_handler(struct api_request *request, struct route_match *match)
{
	char headers[96];

	switch (route_find(request->fcgi->method, request->fcgi->path, match)) {
	case ROUTE_NO_PATH:
		respond_problem(request, 404, NULL,
				"There is no such address. The addresses are / (or /stream), /live.mp4, /live.m3u8, "
				"/footage?from=&to=, /recordings, /timeline, /events, /events/live, /motion, "
				"/motion/heatmap, /snapshot, /playlist.m3u8, /clips, /camera_info, /control, /setup, "
				"/health, /metrics, and the page at /ui/.");
		return NULL;
	case ROUTE_NO_METHOD:
		snprintf(headers, sizeof(headers), "Allow: %s\r\n", match->allow);
		respond_problem(request, 405, headers, "This address takes %s only.", match->allow);
		return NULL;
	case ROUTE_FOUND:
		break;
	}
	request->tail = match->tail;
	return match->handler;
}

/* The newest picture is live; that of any other time is footage. */
static enum token_scope scope_of(const struct api_request *request, const struct route_match *match)
{
	char at[1];

	if (match->handler == handle_snapshot && query_get(request->fcgi->query, "at", at, sizeof(at)) != QUERY_ABSENT)
		return TOKEN_FOOTAGE;
	return match->scope;
}

/* False after responding that the query is wrong, or in the body. */
static bool check_query(struct api_request *request, const struct route_match *match)
{
	const char *query = request->fcgi->query, *body = fastcgi_param(request->fcgi, "CONTENT_LENGTH");
	struct reason why;

	if (!*query && *body && strcmp(body, "0") != 0) {
		respond_problem(request, 400, NULL, "Parameters go in the query string; request bodies are ignored.");
		return false;
	}
	if (match->handler == handle_snapshot ? query_check_picture(query, match->params, &why)
					      : query_check(query, match->params, &why))
		return true;
	respond_problem(request, 400, NULL, "%s", why.text);
	return false;
}

/*
 * True for pictures of another time or size, and for timelapses. clip_request.c finds out whether a clip needs
 * encoding.
 */
static bool needs_encoding(const struct api_request *request, const struct route_match *match)
{
	const char *query = request->fcgi->query;
	char unused[1];

	if (match->handler == handle_snapshot)
		return query_get(query, "at", unused, sizeof(unused)) != QUERY_ABSENT ||
		       query_get(query, "width", unused, sizeof(unused)) != QUERY_ABSENT;
	return match->handler == handle_footage && query_get(query, "speed", unused, sizeof(unused)) != QUERY_ABSENT;
}

/* A front worker has checked the request. */
static void dispatch_passed(struct api_request *request)
{
	struct route_match match;
	char name[CONFIG_NAME_BYTES + 1];
	bool there = choose_camera(request, name);
	api_handler *handler = choose_handler(request, &match);

	if (handler && there && request->camera->config->remote)
		remote_run(request, match.remote, handler);
	else if (handler && there)
		handler(request);
	else if (handler)
		respond_unknown_camera(request, name);
}

/* The store is served by the workers that may use its cache. */
static void handle_remote(struct api_request *request, const struct route_match *match)
{
	if (match->handler == handle_health || match->handler == handle_metrics ||
	    match->handler == handle_misrouted_live)
		match->handler(request);
	else if (!api_pass(request, respond_disk_hangs))
		respond_unavailable(request, 5, "No process can read the cache of recorder-fetch now.");
}

/* No camera of the store is known. */
static void respond_no_camera(struct api_request *request)
{
	respond_unavailable(request, 5,
			    "This machine has no camera, and recorder-fetch has not found one in the store yet: see "
			    "/health.");
}

static void handle(struct api_request *request, const struct route_match *match)
{
	if (request->camera->config->viewer && match->handler != handle_health && match->handler != handle_metrics) {
		respond_no_camera(request);
		return;
	}
	if (request->camera->config->remote) {
		handle_remote(request, match);
		return;
	}
	if (!match->fallback || !api_pass(request, match->fallback))
		match->handler(request);
}

/* A client that may do nothing learns nothing, not even which cameras and addresses exist. */
void route_dispatch(struct api_request *request)
{
	struct permission permission;
	struct route_match match;
	char name[CONFIG_NAME_BYTES + 1];

	request->head_only = strcmp(request->fcgi->method, "HEAD") == 0;
	if (api_is_passed(request)) {
		dispatch_passed(request);
		return;
	}
	if (strlen(request->fcgi->query) > QUERY_MAX) {
		respond_problem(request, 414, NULL, "The query string is longer than %d bytes.", QUERY_MAX);
		return;
	}
	bool camera_there = choose_camera(request, name);
	if (site_headers_is_preflight(request->fcgi)) {
		respond_preflight(request);
		return;
	}
	authorize(api_tokens(request), (size_t)(request->camera - request->cameras), &request->camera->config->http,
		  request->fcgi, &permission);
	if (permission.outcome == AUTH_REFUSED) {
		respond_refusal(request, &permission);
		return;
	}
	api_handler *handler = choose_handler(request, &match);
	if (!handler)
		return;
	if (!authorize_scope(&permission, scope_of(request, &match)))
		respond_refusal(request, &permission);
	else if (!camera_there)
		respond_unknown_camera(request, name);
	else if (request->camera->config->remote && match.remote == REMOTE_REFUSED)
		respond_remote_refused(request);
	else if ((!match.control || change_allowed(request, &permission, match.scope)) &&
		 check_query(request, &match) &&
		 (!needs_encoding(request, &match) || require_encoding_allowed(request)))
		handle(request, &match);
}
