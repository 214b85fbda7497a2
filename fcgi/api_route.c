/*
 * api_route.c - the table of routes: see api_route.h.
 */
#include "fcgi/api_route.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/api_answer.h"
#include "fcgi/query.h"

/* `*` in a path stands for one name without a slash. */
struct route {
	const char *method;
	const char *path;
	api_handler *handler;
	bool control;
};

static const struct route routes[] = {
	{"GET", "/camera_info", handle_camera_info, false},
	{"GET", "/recordings", handle_recordings, false},
	{"GET", "/recordings/*", handle_recording, false},
	{"GET", "/recordings/*/init.mp4", handle_recording_init, false},
	{"GET", "/footage", handle_footage, false},
	{"GET", "/timeline", handle_timeline, false},
	{"GET", "/playlist.m3u8", handle_playlist, false},
	{"GET", "/snapshot", handle_snapshot, false},
	{"GET", "/clips", handle_clips, false},
	{"POST", "/clips", handle_clip_keep, true},
	{"GET", "/clips/*", handle_clip, false},
	{"DELETE", "/clips/*", handle_clip_delete, true},
	{"POST", "/control", handle_control, true},
	{"GET", "/health", handle_health, false},
	{"GET", "/metrics", handle_metrics, false},
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
			out->control = routes[i].control;
			out->tail = tail;
			return ROUTE_FOUND;
		}
		allow_add(out->allow, sizeof(out->allow), routes[i].method);
	}
	return path_known ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

/* scheme://HOST of an Origin header against Host: a page of another site must not act for whoever looks at it. */
static bool origin_is_host(const char *origin, const char *host)
{
	const char *at = strstr(origin, "://");

	return at && *host && strcmp(at + 3, host) == 0;
}

static bool control_allowed(struct api_request *request)
{
	const char *site = fastcgi_param(request->fcgi, "HTTP_SEC_FETCH_SITE");
	const char *origin = fastcgi_param(request->fcgi, "HTTP_ORIGIN");

	if (!request->camera->config->http.allow_control) {
		answer_problem(
			request, 403, NULL,
			"Changes are not allowed here; the configuration's http.allow_control = yes allows them.");
		return false;
	}
	bool foreign = *site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
	if (foreign || (*origin && !origin_is_host(origin, fastcgi_param(request->fcgi, "HTTP_HOST")))) {
		answer_problem(
			request, 403, NULL,
			"Changes are taken from this server's own pages and from scripts, not from another site.");
		return false;
	}
	return true;
}

static void answer_unknown_camera(struct api_request *request, const char *name)
{
	char names[512] = "";
	size_t length = 0;

	for (size_t i = 0; i < request->camera_count && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", i ? ", " : "",
					   request->cameras[i].config->camera.name);
	answer_problem(request, 404, NULL, "There is no camera \"%.40s\" here. There is: %s.", name, names);
}

/* The camera that the query names; false where it was answered that there is none. */
static bool choose_camera(struct api_request *request, struct api_camera *cameras)
{
	char name[CONFIG_NAME_BYTES + 1];
	enum query_outcome outcome = query_get(request->fcgi->query, "camera", name, sizeof(name));

	request->camera = &cameras[0];
	if (outcome == QUERY_ABSENT)
		return true;
	request->camera_named = true;
	for (size_t i = 0; outcome == QUERY_FOUND && i < request->camera_count; i++) {
		if (strcmp(cameras[i].config->camera.name, name) == 0) {
			request->camera = &cameras[i];
			return true;
		}
	}
	answer_unknown_camera(request, outcome == QUERY_FOUND ? name : "?");
	return false;
}

void route_dispatch(struct api_request *request)
{
	struct route_match match;
	char headers[96];

	request->head_only = strcmp(request->fcgi->method, "HEAD") == 0;
	if (strlen(request->fcgi->query) > QUERY_MAX) {
		answer_problem(request, 414, NULL, "The query is longer than %d bytes.", QUERY_MAX);
		return;
	}
	switch (route_find(request->fcgi->method, request->fcgi->path, &match)) {
	case ROUTE_NO_PATH:
		answer_problem(
			request, 404, NULL,
			"Nothing is here. There is /footage?from=&to=, /recordings, /timeline, /snapshot, /clips, "
			"/camera_info, /control, /health.");
		return;
	case ROUTE_NO_METHOD:
		snprintf(headers, sizeof(headers), "Allow: %s\r\n", match.allow);
		answer_problem(request, 405, headers, "This path takes %s.", match.allow);
		return;
	case ROUTE_FOUND:
		break;
	}
	request->tail = match.tail;
	if (!choose_camera(request, request->cameras))
		return;
	if (match.control && !control_allowed(request))
		return;
	match.handler(request);
}
