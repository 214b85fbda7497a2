/* camera_device.c - what camera.device may be. */
#include "shared/config/camera_device.h"

#include <stdio.h>
#include <string.h>

#include "shared/net/origin.h"

#define COMMAND    "command:"
#define BLANKS     " \t"
#define USER_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+-"

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_url(const char *device)
{
	return has_prefix(device, "http://") || has_prefix(device, "https://");
}

enum camera_device_kind camera_device_kind(const char *device)
{
	struct camera_url url;

	if (strcmp(device, "auto") == 0)
		return CAMERA_DEVICE_AUTO;
	if (strcmp(device, "test") == 0)
		return CAMERA_DEVICE_TEST;
	if (device[0] == '/')
		return CAMERA_DEVICE_PATH;
	if (has_prefix(device, COMMAND))
		return camera_device_command(device)[0] ? CAMERA_DEVICE_COMMAND : CAMERA_DEVICE_INVALID;
	return camera_url_parse(device, &url) ? CAMERA_DEVICE_URL : CAMERA_DEVICE_INVALID;
}

bool camera_device_is_external(const char *device)
{
	return has_prefix(device, COMMAND) || is_url(device);
}

const char *camera_device_command(const char *device)
{
	const char *command = device + strlen(COMMAND);

	return command + strspn(command, BLANKS);
}

/* The part of a URL between // and the path. */
static const char *find_authority(const char *url, size_t *length)
{
	const char *authority = strstr(url, "://") + strlen("://");

	*length = strcspn(authority, "/?#");
	return authority;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || strchr("\"'<>\\^`{|}#", *text))
			return false;
	return true;
}

bool camera_url_parse(const char *device, struct camera_url *out)
{
	struct origin origin;
	size_t length, user = 0;

	*out = (struct camera_url){0};
	if (!is_url(device) || !is_printable(device))
		return false;
	const char *authority = find_authority(device, &length);
	const char *at = memchr(authority, '@', length);
	if (at) {
		user = (size_t)(at - authority);
		if (user == 0 || user >= sizeof(out->user) || strspn(authority, USER_CHARS) != user)
			return false;
		memcpy(out->user, authority, user);
		user++;
	}
	if (snprintf(out->url, sizeof(out->url), "%.*s%s", (int)(authority - device), device, authority + user) >=
		    (int)sizeof(out->url) ||
	    !origin_parse_url(out->url, &origin))
		return false;
	out->port = origin.port;
	return true;
}

static void show_url(const char *url, char *out, size_t bytes)
{
	size_t length;
	const char *authority = find_authority(url, &length);
	const char *host = authority;

	for (size_t i = 0; i < length; i++)
		if (authority[i] == '@')
			host = authority + i + 1;
	snprintf(out, bytes, "%.*s%.*s", (int)(authority - url), url, (int)strcspn(host, "?#"), host);
}

static void show_command(const char *device, char *out, size_t bytes)
{
	const char *command = camera_device_command(device), *name = command;
	size_t length = strcspn(command, BLANKS);

	for (size_t i = 0; i + 1 < length; i++)
		if (command[i] == '/')
			name = command + i + 1;
	snprintf(out, bytes, COMMAND "%.*s", (int)(command + length - name), name);
}

void camera_device_show(const char *device, char *out, size_t bytes)
{
	if (has_prefix(device, COMMAND))
		show_command(device, out, bytes);
	else if (strstr(device, "://"))
		show_url(device, out, bytes);
	else
		snprintf(out, bytes, "%s", device);
}
