/* config_value.c - reads the values of keys. Anything but a valid value is refused. */
#include "shared/config/config_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/config/camera_device.h"
#include "shared/config/mount_need.h"

bool config_read_number(const char *text, bool decimals, double least, double most, double *out)
{
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;

	if (whole == 0)
		return false;
	if (decimals && rest[0] == '.' && isdigit((unsigned char)rest[1]))
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest != '\0')
		return false;
	*out = strtod(text, NULL);
	return *out >= least && *out <= most;
}

bool config_read_yes_no(const char *text, bool *out)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	}
	return false;
}

bool config_read_allow(const char *text, int *out)
{
	bool yes;

	if (strcasecmp(text, "local") == 0) {
		*out = ALLOW_LOCAL;
		return true;
	}
	if (!config_read_yes_no(text, &yes))
		return false;
	*out = yes ? ALLOW_YES : ALLOW_NO;
	return true;
}

bool config_read_choice(const char *text, const char *const *choices, int *out)
{
	for (*out = 0; choices[*out]; ++*out)
		if (strcmp(text, choices[*out]) == 0)
			return true;
	return false;
}

bool config_is_word(const char *text, size_t bytes)
{
	size_t length = strlen(text);

	return length > 0 && length < bytes && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length &&
	       text[0] != '-';
}

bool config_is_host_list(const char *text, size_t bytes)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	const char *at = text + strspn(text, " ,");

	if (strlen(text) >= bytes)
		return false;
	for (; *at; at += strspn(at, " ,")) {
		size_t length = strcspn(at, " ,");
		size_t star = *at == '*';
		if (star + strspn(at + star, letters) != length ||
		    (star && length > 1 && (at[1] != '.' || length == 2)))
			return false;
		at += length;
	}
	return true;
}

bool config_read_device(const char *text, char *out, size_t bytes)
{
	size_t digits = strspn(text, "0123456789");
	int length;

	if (digits > 0 && digits <= 3 && text[digits] == '\0')
		length = snprintf(out, bytes, "/dev/video%d", atoi(text));
	else if (camera_device_kind(text) != CAMERA_DEVICE_INVALID)
		length = snprintf(out, bytes, "%s", text);
	else
		return false;
	return length > 0 && (size_t)length < bytes;
}

/* Removes double slashes, `.` and a final slash from an absolute path. */
static void tidy_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t slashes = strspn(from, "/");
		size_t part = strcspn(from + slashes, "/");
		if (part > 0 && !(part == 1 && from[slashes] == '.')) {
			*to++ = '/';
			memmove(to, from + slashes, part);
			to += part;
		}
		from += slashes + part;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

bool config_read_path(const char *text, const char *file, char *out)
{
	char path[PATH_MAX];
	int base = text[0] == '/' ? 0 : (int)(strrchr(file, '/') - file);

	if (text[0] == '\0' || snprintf(path, sizeof(path), "%.*s/%s", base, file, text) >= (int)sizeof(path))
		return false;
	tidy_path(path);
	memcpy(out, path, strlen(path) + 1);
	return true;
}

bool config_read_mount(const char *text, const char *file, char *out)
{
	bool yes;

	if (text[0] == '/')
		return config_read_path(text, file, out) && out[1] != '\0';
	if (!config_read_yes_no(text, &yes))
		return false;
	strcpy(out, yes ? MOUNT_NEED_YES : MOUNT_NEED_NO);
	return true;
}
