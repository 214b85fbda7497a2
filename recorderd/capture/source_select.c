/* source_select.c - see source_select.h. */
#include "recorderd/capture/source_select.h"

#include <string.h>

#include "recorderd/source/source_pattern.h"
#include "recorderd/source/source_v4l2.h"
#include "recorderd/v4l2/device_query.h"
#include "shared/base/log.h"

static bool is_named(const char *path, const char *const *devices)
{
	for (; devices && *devices; devices++)
		if (device_is_same(path, *devices))
			return true;
	return false;
}

static bool belongs_to(const struct source_others *others, const struct device *device, const struct config *config)
{
	char own_ring[64];

	if (!others)
		return false;
	config_ring_name(config, own_ring);
	return is_named(device->path, others->devices) || device_claimed_by_other(device, others->rings, own_ring);
}

/* The kernel's refusals are the likeliest reason for a camera that people can see and the recorder cannot. */
static void say_nothing_there(bool others, struct reason *why)
{
	char forbidden[64];

	if (device_find_forbidden(forbidden, sizeof(forbidden)))
		reason_set(why, "no camera can be opened: %s is not permitted (is this user in the group video?)",
			   forbidden);
	else
		reason_set(why, "there is no %scamera on this machine", others ? "free " : "");
}

/*
 * The first capture device that opens, by number; never `tried` (may be NULL) nor one of the others'. Among the
 * failures the first is told: SOURCE_NOT_FOUND where there was no candidate.
 */
static enum source_open_outcome open_any(const struct config *config, const struct source_others *others,
					 const char *tried, struct source **out, struct reason *why)
{
	struct device devices[DEVICES_MAX];
	size_t count = device_list(devices), candidates = 0;
	enum source_open_outcome first = SOURCE_NOT_FOUND;

	for (size_t i = 0; i < count; i++) {
		struct reason detail = {0};
		enum source_open_outcome outcome;

		if ((tried && device_is_same(devices[i].path, tried)) || belongs_to(others, &devices[i], config))
			continue;
		outcome = source_v4l2_open(config, devices[i].path, out, &detail);
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
		say_nothing_there(tried || count, why);
	return first;
}

/* `first` says why the configured source does not serve, and stays the answer where the test picture fails too. */
static enum source_open_outcome open_test(const struct config *config, enum source_open_outcome outcome,
					  const struct reason *first, struct source **out, struct reason *why)
{
	struct reason detail;

	if (source_pattern_open(config, out, &detail) == SOURCE_OPENED) {
		reason_set(why, "%.200s; the test picture serves instead", first->text);
		return SOURCE_OPENED;
	}
	reason_set(why, "%.150s; and no test picture: %.130s", first->text, detail.text);
	return outcome;
}

static enum source_open_outcome open_auto(const struct config *config, const struct source_others *others,
					  struct source **out, struct reason *why)
{
	struct reason first = {0};
	enum source_open_outcome outcome = open_any(config, others, NULL, out, &first);

	if (outcome != SOURCE_OPENED && config->camera.fallback == FALLBACK_TEST)
		return open_test(config, outcome, &first, out, why);
	*why = first;
	return outcome;
}

/* A camera that is there but fails is not replaced: it is tried again until it works or is gone. */
static enum source_open_outcome open_named(const struct config *config, const struct source_others *others,
					   struct source **out, struct reason *why)
{
	const char *device = config->camera.device;
	struct reason first = {0}, other = {0};
	enum source_open_outcome outcome = source_v4l2_open(config, device, out, &first);

	*why = first;
	if (outcome == SOURCE_OPENED || outcome == SOURCE_OPEN_FAILED || config->camera.fallback == FALLBACK_NONE)
		return outcome;
	if (config->camera.fallback == FALLBACK_TEST)
		return open_test(config, outcome, &first, out, why);
	if (open_any(config, others, device, out, &other) == SOURCE_OPENED) {
		reason_set(why, "%.200s; %s serves instead", first.text, (*out)->info.device);
		return SOURCE_OPENED;
	}
	reason_set(why, "%.150s; and instead of it: %.130s", first.text, other.text);
	return outcome;
}

enum source_open_outcome source_open(const struct config *config, const struct source_others *others,
				     struct source **out, struct reason *why)
{
	const char *device = config->camera.device;

	*out = NULL;
	*why = (struct reason){0};
	if (strcmp(device, "test") == 0)
		return source_pattern_open(config, out, why);
	if (strcmp(device, "auto") == 0)
		return open_auto(config, others, out, why);
	return open_named(config, others, out, why);
}
