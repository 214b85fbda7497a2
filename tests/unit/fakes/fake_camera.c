/* fake_camera.c - cameras that a test plugs in and unplugs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "recorderd/capture/source_select.h"
#include "recorderd/v4l2/device.h"
#include "tests/unit/fakes/fake_camera.h"

struct fake_cameras fake;

struct fake_source {
	struct source base;
	int event;
};

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fake_source *open_source; /* guarded by open_lock */

static int fake_fd(const struct source *source)
{
	return ((const struct fake_source *)source)->event;
}

static enum source_outcome fake_read(struct source *source, const struct source_sink *sink, struct reason *why)
{
	enum source_outcome result = fake.next_outcome;
	uint64_t count;

	if (read(fake_fd(source), &count, sizeof(count)) < 0)
		return SOURCE_OK;
	reason_set(why, "the camera failed");
	fake.next_outcome = SOURCE_OK;
	if (result == SOURCE_OK && fake.torn)
		sink->damaged(sink->context, DAMAGE_TRUNCATED);
	else if (result == SOURCE_OK)
		sink->frame(sink->context, &fake.next_frame);
	return result;
}

static void fake_close(struct source *source)
{
	pthread_mutex_lock(&open_lock);
	if (open_source && &open_source->base == source)
		open_source = NULL;
	pthread_mutex_unlock(&open_lock);
	atomic_fetch_add(&fake.closes, 1);
	close(fake_fd(source));
	free(source);
}

static const struct source_ops fake_ops = {"fake", fake_fd, fake_read, fake_close};

enum source_open_outcome source_open(const struct config *config, const struct other_cameras *others,
				     unsigned steps_down, struct source **out, struct reason *why)
{
	bool configured = atomic_load(&fake.camera_is_there);
	struct fake_source *source;

	(void)others;
	while (atomic_load(&fake.opening_hangs))
		usleep(1000);
	*out = NULL;
	if (!configured && !atomic_load(&fake.fallback_is_there)) {
		reason_set(why, "there is no camera at %s", config->camera.device);
		return SOURCE_NOT_FOUND;
	}
	source = calloc(1, sizeof(*source));
	source->base = (struct source){
		.ops = &fake_ops,
		.info = {.kind = SOURCE_CAMERA,
			 .is_external = atomic_load(&fake.is_external),
			 .model = "Fake",
			 .bus = "usb-0000:00:14.0-1.2",
			 .top_mode = "64x48 at 30 fps",
			 .fps_milli = atomic_load(&fake.offered_fps_milli),
			 .stall_timeout_us = 2 * US_PER_S},
	};
	source->base.info.steps_down = steps_down < fake.lowest ? steps_down : fake.lowest;
	snprintf(source->base.info.device, sizeof(source->base.info.device), "/dev/video%d", configured ? 0 : 7);
	source->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_lock(&open_lock);
	open_source = source;
	pthread_mutex_unlock(&open_lock);
	atomic_fetch_add(&fake.opens, 1);
	*out = &source->base;
	why->text[0] = '\0';
	return SOURCE_OPENED;
}

size_t device_list(struct device out[DEVICES_MAX])
{
	size_t count = 0;

	if (atomic_load(&fake.camera_is_there))
		out[count++] = (struct device){.path = "/dev/video0", .number = 0};
	if (atomic_load(&fake.fallback_is_there))
		out[count++] = (struct device){.path = "/dev/video7", .number = 7};
	if (atomic_load(&fake.other_on_bus))
		out[count++] = (struct device){
			.path = "/dev/video5", .number = 5, .model = "Webcam", .bus = "usb-0000:00:14.0-1.3"};
	return count;
}

bool source_configured_is_free(const struct config *config, const struct other_cameras *others)
{
	(void)config;
	(void)others;
	return atomic_load(&fake.camera_is_there);
}

bool device_is_same(const char *path, const char *other)
{
	return strcmp(path, other) == 0;
}

char *device_list_json(const struct device *devices, size_t count, const char *in_use)
{
	(void)devices;
	(void)in_use;
	return strdup(count ? "[{}]" : "[]");
}

void fake_camera_signal(enum source_outcome outcome)
{
	fake.next_outcome = outcome;
	pthread_mutex_lock(&open_lock);
	if (open_source)
		eventfd_write(open_source->event, 1);
	pthread_mutex_unlock(&open_lock);
}
