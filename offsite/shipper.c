/* shipper.c - what the threads of recorder-ship share. */
#include "offsite/shipper.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "shared/base/backoff.h"
#include "shared/base/log.h"
#include "shared/base/mono_cond.h"

#define PIECE_HOURS 24.0

void shipper_init(struct shipper *shipper, const struct config *config)
{
	*shipper = (struct shipper){.config = config, .recordings = -1, .state = -1};
	pthread_mutex_init(&shipper->lock, NULL);
	mono_cond_init(&shipper->changed);
	bucket_digest(config->store.url, shipper->bucket);
	clock_boot_id(shipper->status.boot_id); /* now: the sandbox does not let us into /proc */
}

void shipper_stop(struct shipper *shipper)
{
	pthread_mutex_lock(&shipper->lock);
	shipper->stopping = true;
	pthread_cond_broadcast(&shipper->changed);
	pthread_mutex_unlock(&shipper->lock);
	store_stop(shipper->store);
}

bool shipper_is_stopping(struct shipper *shipper)
{
	pthread_mutex_lock(&shipper->lock);
	bool stopping = shipper->stopping;
	pthread_mutex_unlock(&shipper->lock);
	return stopping;
}

bool shipper_sleep(struct shipper *shipper, int64_t us)
{
	mono_t until = {mono_now().us + us};

	pthread_mutex_lock(&shipper->lock);
	unsigned before = shipper->recoveries;
	while (!shipper->stopping && shipper->recoveries == before &&
	       mono_cond_wait(&shipper->changed, &shipper->lock, until))
		;
	bool goes_on = !shipper->stopping;
	pthread_mutex_unlock(&shipper->lock);
	return goes_on;
}

struct object_name shipper_name(const struct shipper *shipper, enum object_kind kind)
{
	struct object_name name = {.kind = kind};

	snprintf(name.camera, sizeof(name.camera), "%s", shipper->config->camera.name);
	memcpy(name.archive, shipper->archive.id, sizeof(name.archive));
	return name;
}

static const char *lane_text(enum store_lane lane)
{
	return lane == LANE_PIECES ? "what is being recorded" : "finished recordings";
}

/* Sets the error of a lane. Returns true if that is news. The caller holds `lock`. */
static bool set_error(struct shipper *shipper, enum store_lane lane, const char *error)
{
	bool news = strcmp(shipper->errors[lane], error) != 0;
	struct ship_status *status = &shipper->status;

	snprintf(shipper->errors[lane], sizeof(shipper->errors[lane]), "%s", error);
	const char *first = shipper->errors[shipper->errors[LANE_PIECES][0] ? LANE_PIECES : LANE_SEGMENTS];
	if (*first && !status->failing_since_wall_us)
		status->failing_since_wall_us = wall_now().us;
	else if (!*first)
		status->failing_since_wall_us = 0;
	memset(status->error, 0, sizeof(status->error));
	snprintf(status->error, sizeof(status->error), "%s", first);
	return news;
}

void shipper_report(struct shipper *shipper, enum store_lane lane, const char *error)
{
	pthread_mutex_lock(&shipper->lock);
	bool news = set_error(shipper, lane, error);
	shipper->status.failures += *error != '\0';
	if (news && !*error) {
		shipper->recoveries++;
		pthread_cond_broadcast(&shipper->changed);
	}
	pthread_mutex_unlock(&shipper->lock);
	if (news && *error)
		log_warn("ship", "%s wait: %s", lane_text(lane), error);
	else if (news)
		log_info("ship", "%s reach the store again", lane_text(lane));
}

/* What is kept by name stays; pieces are not needed for longer than a day. */
static int64_t delete_after_s(const struct shipper *shipper, enum object_kind kind)
{
	double hours = shipper->config->store.expire_hours;

	if (hours <= 0 || kind == OBJECT_CLIP)
		return 0;
	if (kind == OBJECT_PIECE && hours > PIECE_HOURS)
		hours = PIECE_HOURS;
	return (int64_t)(hours * 3600) + 1;
}

enum put_outcome shipper_put(struct shipper *shipper, struct store_client *client, enum store_lane lane,
			     const struct object_name *name, const struct body *body)
{
	char text[OBJECT_NAME_BYTES];
	struct reason why = {""};

	if (!object_name_make(name, text)) {
		shipper_report(shipper, lane, "a recording has times or a number that no object can have");
		return PUT_CHANGED;
	}
	enum put_outcome outcome = store_client_put(client, text, body, delete_after_s(shipper, name->kind), &why);
	if (outcome == PUT_STOPPED)
		return outcome;
	if (outcome == PUT_DONE) {
		pthread_mutex_lock(&shipper->lock);
		shipper->status.objects++;
		shipper->status.bytes += body_bytes(body);
		pthread_mutex_unlock(&shipper->lock);
		log_debug("ship", "put %s", text);
	}
	shipper_report(shipper, lane, outcome == PUT_DONE ? "" : why.text);
	return outcome;
}

void shipper_note_shipped(struct shipper *shipper, int64_t end_wall_us)
{
	pthread_mutex_lock(&shipper->lock);
	if (end_wall_us > shipper->status.shipped_wall_us)
		shipper->status.shipped_wall_us = end_wall_us;
	pthread_mutex_unlock(&shipper->lock);
}

void shipper_note_waiting(struct shipper *shipper, uint64_t segments, uint64_t bytes)
{
	pthread_mutex_lock(&shipper->lock);
	shipper->status.waiting_segments = segments;
	shipper->status.waiting_bytes = bytes;
	pthread_mutex_unlock(&shipper->lock);
}

int64_t shipper_retry_us(struct backoff *backoff)
{
	int64_t wait_us = backoff_next(backoff);
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = 0;
	return wait_us + wait_us / 2 * random / UINT16_MAX;
}

bool shipper_write_status(struct shipper *shipper)
{
	pthread_mutex_lock(&shipper->lock);
	struct ship_status status = shipper->status;
	pthread_mutex_unlock(&shipper->lock);
	status.written_mono_us = mono_now().us;
	status.clock_offset_us = store_clock_offset_us(shipper->store);
	return ship_status_write(shipper->state, &status);
}
