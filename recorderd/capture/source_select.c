/* source_select.c - opens the configured device, or a fallback. */
#include "recorderd/capture/source_select.h"

#include <string.h>

#include "recorderd/external/source_external.h"
#include "recorderd/source/source_pattern.h"
#include "recorderd/source/source_v4l2.h"
#include "recorderd/v4l2/device_query.h"
#include "shared/config/camera_device.h"

static bool is_listed(const char *path, const char *const *devices)
{
	for (; *devices; devices++)
		if (device_is_same(path, *devices))
			return true;
	return false;
}

static bool belongs_to_other(const struct other_cameras *others, const struct device *device,
			     const struct config *config)
{
	char own_ring[64];

	if (!others)
		return false;
	config_ring_name(config, own_ring);
	return is_listed(device->path, others->device_list) ||
	       device_claimed_by_other(device, others->ring_list, own_ring);
}

/* A camera that people can see and the recorder cannot: most likely the kernel refuses to open it. */
static void explain_no_camera(bool others, struct reason *why)
{
	char forbidden[64], model[64];
	struct reason detail;
	struct device sensor;
	int error = device_find_forbidden(forbidden, sizeof(forbidden));

	if (error) {
		device_model(forbidden, model, sizeof(model));
		device_explain_forbidden(forbidden, error, &detail);
		reason_set(why, "%s (%s): %s", model, forbidden, detail.text);
	} else if (device_find_sensor(&sensor)) {
		device_explain_sensor(&sensor, why);
	} else {
		reason_set(why, "there is no %scamera on this machine", others ? "free " : "");
	}
}

/*
 * The first capture device that opens, by number; never `tried` (may be NULL) nor a device of the others. If all fail,
 * *why says why the first one did. SOURCE_NOT_FOUND if there was none to try.
 */
static enum source_open_outcome open_any(const struct config *config, const struct other_cameras *others,
					 const char *tried, unsigned steps_down, struct source **out,
					 struct reason *why)
{
	struct device devices[DEVICES_MAX];
	size_t count = device_list(devices), candidates = 0;
	enum source_open_outcome first = SOURCE_NOT_FOUND;

	for (size_t i = 0; i < count; i++) {
		struct reason detail = {0};

		if ((tried && device_is_same(devices[i].path, tried)) || belongs_to_other(others, &devices[i], config))
			continue;
		enum source_open_outcome outcome = source_v4l2_open(config, devices[i].path, steps_down, out, &detail);
		if (outcome == SOURCE_OPENED) {
			*why = (struct reason){0};
			return outcome;
		}
		if (candidates++ == 0) {
			first = outcome;
			*why = detail;
		}
	}
	if (!candidates)
		explain_no_camera(tried || count, why);
	return first;
}

/* `first` is why the configured source cannot be used, and `outcome` what is returned if the test picture fails too. */
static enum source_open_outcome open_test(const struct config *config, enum source_open_outcome outcome,
					  const struct reason *first, struct source **out, struct reason *why)
{
	struct reason detail;

	if (source_pattern_open(config, out, &detail) == SOURCE_OPENED) {
		reason_set(why, "%.200s; recording the test picture instead", first->text);
		return SOURCE_OPENED;
	}
	reason_set(why, "%.150s; the test picture cannot be used either: %.130s", first->text, detail.text);
	return outcome;
}

static enum source_open_outcome open_auto(const struct config *config, const struct other_cameras *others,
					  unsigned steps_down, struct source **out, struct reason *why)
{
	struct reason first = {0};
	enum source_open_outcome outcome = open_any(config, others, NULL, steps_down, out, &first);

	if (outcome != SOURCE_OPENED && config->camera.fallback == FALLBACK_TEST)
		return open_test(config, outcome, &first, out, why);
	*why = first;
	return outcome;
}

/* A camera that is there but fails is not replaced: it is retried until it works or is gone. */
static enum source_open_outcome open_named(const struct config *config, const struct other_cameras *others,
					   unsigned steps_down, struct source **out, struct reason *why)
{
	const char *device = config->camera.device;
	struct reason first = {0}, second = {0};
	enum source_open_outcome outcome = source_v4l2_open(config, device, steps_down, out, &first);

	*why = first;
	if (outcome == SOURCE_OPENED || outcome == SOURCE_OPEN_FAILED || config->camera.fallback == FALLBACK_NONE)
		return outcome;
	if (config->camera.fallback == FALLBACK_TEST)
		return open_test(config, outcome, &first, out, why);
	if (open_any(config, others, device, steps_down, out, &second) == SOURCE_OPENED) {
		reason_set(why, "%.200s; using %s instead", first.text, (*out)->info.device);
		return SOURCE_OPENED;
	}
	reason_set(why, "%.150s; no other camera can be used either: %.130s", first.text, second.text);
	return outcome;
}

enum source_open_outcome source_open(const struct config *config, const struct other_cameras *others,
				     unsigned steps_down, struct source **out, struct reason *why)
{
	const char *device = config->camera.device;

	*out = NULL;
	*why = (struct reason){0};
	if (strcmp(device, "test") == 0)
		return source_pattern_open(config, out, why);
	if (camera_device_is_external(device))
		return source_external_open(config, out, why); /* no other camera shows what it does */
	if (strcmp(device, "auto") == 0)
		return open_auto(config, others, steps_down, out, why);
	return open_named(config, others, steps_down, out, why);
}

bool source_configured_is_free(const struct config *config, const struct other_cameras *others)
{
	struct device devices[DEVICES_MAX];

	if (strcmp(config->camera.device, "auto") != 0)
		return device_is_free(config->camera.device);
	size_t count = device_list(devices);
	for (size_t i = 0; i < count; i++)
		if (!belongs_to_other(others, &devices[i], config) && device_is_free(devices[i].path))
			return true;
	return false;
}
