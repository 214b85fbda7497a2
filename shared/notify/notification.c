/* notification.c - the kinds of notifications as text. */
#include "shared/notify/notification.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/hex.h"

#define SERIES_DIGITS 16

static const char *const texts[NOTIFICATION_KINDS] = {
	[NOTIFY_STARTED] = "started",
	[NOTIFY_STOPPING] = "stopping",
	[NOTIFY_MOTION_START] = "motion-start",
	[NOTIFY_MOTION_END] = "motion-end",
	[NOTIFY_CAMERA_LOST] = "camera-lost",
	[NOTIFY_CAMERA_BACK] = "camera-back",
	[NOTIFY_DISK_FAILING] = "disk-failing",
	[NOTIFY_DISK_WORKING] = "disk-working",
	[NOTIFY_ENCODER_FAILING] = "encoder-failing",
	[NOTIFY_ENCODER_WORKING] = "encoder-working",
	[NOTIFY_TAMPERING] = "tampering",
	[NOTIFY_TAMPERING_END] = "tampering-end",
	[NOTIFY_RECORDING_OFF] = "recording-off",
	[NOTIFY_RECORDING_ON] = "recording-on",
	[NOTIFY_SEGMENT] = "segment",
};

const char *notification_kind_text(enum notification_kind kind)
{
	return texts[kind];
}

bool notification_kind_parse(const char *text, enum notification_kind *out)
{
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++) {
		if (strcmp(texts[kind], text) == 0) {
			*out = (enum notification_kind)kind;
			return true;
		}
	}
	return false;
}

void notification_id_format(uint64_t series, uint64_t number, char out[NOTIFICATION_ID_BYTES])
{
	snprintf(out, NOTIFICATION_ID_BYTES, "%016" PRIx64 "-%" PRIu64, series, number);
}

static bool parse_number(const char *text, uint64_t *out)
{
	*out = 0;
	if (text[0] < '1' || text[0] > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (*out > (UINT64_MAX - 9) / 10)
			return false;
		*out = *out * 10 + (uint64_t)(*text - '0');
	}
	return *text == '\0';
}

bool notification_id_parse(const char *text, uint64_t *series, uint64_t *number)
{
	*series = 0;
	for (int i = 0; i < SERIES_DIGITS; i++) {
		int digit = hex_digit(text[i]);
		if (digit < 0)
			return false;
		*series = *series << 4 | (uint64_t)digit;
	}
	return text[SERIES_DIGITS] == '-' && parse_number(text + SERIES_DIGITS + 1, number);
}
