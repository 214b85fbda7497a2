/*
 * fuzz_names.c - names and paths from clients.
 *
 * A name that is accepted for a segment or a clip cannot leave its folder and is not a hidden file. A path that is
 * routed ends with its name. Input: two texts separated by NUL.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi/api/route.h"
#include "fcgi/clip/kept_clips.h"
#include "shared/segment/segment.h"

static bool stays_in_folder(const char *name)
{
	return name[0] != '.' && name[0] != '\0' && !strchr(name, '/');
}

static void check_segment_name(const char *name)
{
	char index[SEGMENT_FILE_BYTES];

	if (!segment_file_valid(name))
		return;
	holds(stays_in_folder(name) && strlen(name) < SEGMENT_FILE_BYTES);
	holds(index_name(name, index, sizeof(index)) && stays_in_folder(index));
	holds(strlen(index) == strlen(name) && strcmp(index + strlen(index) - 4, ".idx") == 0);
	holds(!segment_file_valid(index));
}

static void check_clip_name(const char *text)
{
	char name[KEPT_CLIP_NAME_BYTES], again[KEPT_CLIP_NAME_BYTES];

	if (kept_clip_name_valid(text))
		holds(stays_in_folder(text) && strlen(text) < KEPT_CLIP_NAME_BYTES);
	if (!kept_clip_name_make(text, name))
		return;
	holds(kept_clip_name_valid(name) && strncmp(name, text, strlen(text)) == 0);
	if (kept_clip_name_make(name, again))
		holds(strcmp(name, again) == 0);
}

static void check_route(const char *method, const char *path)
{
	struct route_match match;

	switch (route_find(method, path, &match)) {
	case ROUTE_FOUND:
		holds(match.handler && match.tail && strcmp(path + strlen(path) - strlen(match.tail), match.tail) == 0);
		holds(!match.control || strcmp(method, "POST") == 0 || strcmp(method, "DELETE") == 0);
		break;
	case ROUTE_NO_METHOD:
		holds(match.allow[0] != '\0');
		break;
	case ROUTE_NO_PATH:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *path = input_text(&input), *method = input_text(&input);

	check_segment_name(path);
	check_clip_name(path);
	check_route(method, path);
	check_route("GET", path);
	free(path);
	free(method);
	return 0;
}
