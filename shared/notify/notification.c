/* notification.c - the kinds of notifications as text. */
#include "shared/notify/notification.h"

#include <string.h>

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
