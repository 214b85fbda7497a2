/* config_key.c - one key: reads its value by its kind, and describes the values that it may have. */
#include "shared/config/config_internal.h"

#include <stdio.h>
#include <string.h>

#include "shared/net/bucket_url.h"
#include "shared/net/ip_address.h"
#include "shared/net/origin.h"
#include "shared/text/week_hours.h"

bool config_key_read(const struct config_key *key, const char *text, const char *file, void *out)
{
	char *field = (char *)out + key->offset;
	struct week_hours hours;
	struct bucket_url url;
	struct reason why;
	double number;
	int choice;

	switch (key->kind) {
	case CONFIG_INTEGER:
		if (!config_read_number(text, false, key->least, key->most, &number))
			return false;
		*(int *)(void *)field = (int)number;
		return true;
	case CONFIG_REAL:
		return config_read_number(text, true, key->least, key->most, (double *)(void *)field);
	case CONFIG_YES_NO:
		return config_read_yes_no(text, (bool *)field);
	case CONFIG_ALLOW:
		return config_read_allow(text, (int *)(void *)field);
	case CONFIG_CHOICE:
		return config_read_choice(text, key->choices, (int *)(void *)field);
	case CONFIG_WORD:
		if (!config_is_word(text, key->bytes) ||
		    (key->choices && !config_read_choice(text, key->choices, &choice)))
			return false;
		break;
	case CONFIG_NAME:
		if (!config_is_word(text, key->bytes))
			return false;
		break;
	case CONFIG_HOSTS:
		if (!config_is_host_list(text, key->bytes))
			return false;
		break;
	case CONFIG_ORIGINS:
		if (!origin_list_valid(text, key->bytes))
			return false;
		break;
	case CONFIG_NETWORKS:
		if (strlen(text) >= key->bytes || !ip_networks_valid(text))
			return false;
		break;
	case CONFIG_HOURS:
		if (strlen(text) >= key->bytes || (text[0] && !week_hours_parse(text, &hours, &why)))
			return false;
		break;
	case CONFIG_STAMP:
		if (!stamp_format_valid(text))
			return false;
		break;
	case CONFIG_COMMAND:
		if (text[0] != '/' || strlen(text) >= key->bytes)
			return false;
		break;
	case CONFIG_TEXT:
		if (strlen(text) >= key->bytes)
			return false;
		break;
	case CONFIG_BUCKET:
		if (strlen(text) >= key->bytes || (text[0] && !bucket_url_parse(text, &url)))
			return false;
		break;
	case CONFIG_DEVICE:
		return config_read_device(text, field, key->bytes);
	case CONFIG_FILE_OR_NONE:
		if (text[0])
			return config_read_path(text, file, field);
		break;
	case CONFIG_FOLDER:
	case CONFIG_SHARED_FOLDER:
	case CONFIG_FILE_PATH:
		return config_read_path(text, file, field);
	case CONFIG_MOUNT:
		return config_read_mount(text, file, field);
	}
	memcpy(field, text, strlen(text) + 1);
	return true;
}

void config_key_describe(const struct config_key *key, char *out, size_t bytes)
{
	static const char *const texts[] = {
		[CONFIG_YES_NO] = "yes or no",
		[CONFIG_ALLOW] = "yes, no, or local (requests of this machine only)",
		[CONFIG_WORD] = "a word of a-z 0-9 _ -, at most 31 bytes",
		[CONFIG_NAME] = "a name of a-z 0-9 _ -, at most 31 bytes, that does not begin with -",
		[CONFIG_DEVICE] =
			"auto, test, a number N for /dev/videoN, a path such as /dev/v4l/by-id/..., "
			"command:PROGRAM ARGUMENTS, or http://[USER@]HOST/... (the password in password_file)",
		[CONFIG_FOLDER] = "a folder",
		[CONFIG_SHARED_FOLDER] = "a folder",
		[CONFIG_MOUNT] = "yes, no, or the folder where a disk is mounted, such as /mnt/disk",
		[CONFIG_FILE_PATH] = "a file",
		[CONFIG_STAMP] = "a format of strftime(3) such as %Y-%m-%d %H:%M:%S, of at most 63 bytes",
		[CONFIG_FILE_OR_NONE] = "a file, or nothing",
		[CONFIG_BUCKET] = "https://HOST/BUCKET, or http:// on this machine, or nothing",
		[CONFIG_HOURS] = "days and times such as mon-fri 19:00-07:00, sat-sun",
		[CONFIG_COMMAND] = "the absolute path of a program, and its arguments, separated by blanks",
		[CONFIG_TEXT] = "a shorter text",
		[CONFIG_ORIGINS] = "origins such as https://cam.example.org:8443, with no path, separated by blanks, "
				   "or * alone",
		[CONFIG_NETWORKS] = "addresses or networks such as 192.0.2.7 or 10.0.0.0/8, separated by blanks",
		[CONFIG_HOSTS] =
			"names without a port, such as cam.example.org or *.lan, separated by blanks, or * for any",
	};
	size_t length = 0;

	if (key->kind == CONFIG_INTEGER || key->kind == CONFIG_REAL) {
		snprintf(out, bytes, "%s from %.8g to %.8g%s%s%s",
			 key->kind == CONFIG_REAL ? "a number" : "a whole number", key->least, key->most,
			 key->choices ? " (" : "", key->choices ? key->choices[0] : "", key->choices ? ")" : "");
	} else if (key->choices) {
		for (size_t i = 0; key->choices[i] && length < bytes; i++)
			length +=
				(size_t)snprintf(out + length, bytes - length, "%s%s",
						 i == 0 ? "" : (key->choices[i + 1] ? ", " : " or "), key->choices[i]);
	} else {
		snprintf(out, bytes, "%s", texts[key->kind]);
	}
}
