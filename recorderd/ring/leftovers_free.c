/* leftovers_free.c - frees the rings of a camera that no recorder uses. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/ring/leftovers_internal.h"
#include "recorderd/ring/ring_object.h"
#include "shared/base/log.h"

struct freeing {
	const char *camera;
	uint64_t bytes;
	enum leftover_free_outcome outcome; /* of what was found so far */
	struct reason *why;
};

/* A ring that was freed matters more than one in use, and that more than one of another user. */
static void note_outcome(struct freeing *freeing, enum leftover_free_outcome outcome)
{
	if (freeing->outcome != LEFTOVER_FREED && (freeing->outcome != LEFTOVER_IN_USE || outcome == LEFTOVER_FREED))
		freeing->outcome = outcome;
}

/*
 * Locks the camera, so that a recorder which starts meanwhile waits. Another user's lock is only queried: a folder of
 * root's in that user's folder would be in the way. False if the camera is in use.
 */
static bool lock_camera(const struct freeing *freeing, uid_t owner, int *lock)
{
	struct reason unused;

	*lock = -1;
	if (instance_lock_query(owner, freeing->camera) == INSTANCE_LOCK_HELD)
		return false;
	if (owner == geteuid())
		*lock = instance_lock_take(freeing->camera, &unused);
	return owner != geteuid() || *lock >= 0;
}

static void free_object(void *context, const char *name, const struct stat *status)
{
	struct freeing *freeing = context;
	uid_t owner = geteuid() == 0 ? status->st_uid : geteuid();
	struct ring_object object;
	int lock = -1;

	if (status->st_uid == owner && !lock_camera(freeing, owner, &lock)) {
		note_outcome(freeing, LEFTOVER_IN_USE);
		return;
	}
	switch (ring_object_open(name, owner, &object, freeing->why)) {
	case RING_OBJECT_FOUND:
		freeing->bytes += (uint64_t)status->st_blocks * 512;
		ring_object_remove(&object, name);
		ring_object_close(&object);
		note_outcome(freeing, LEFTOVER_FREED);
		break;
	case RING_OBJECT_ABSENT:
		break;
	case RING_OBJECT_FOREIGN:
		note_outcome(freeing, LEFTOVER_REFUSED);
		break;
	}
	instance_lock_release(lock, freeing->camera);
}

static void free_named(struct freeing *freeing, const char *name)
{
	char path[SHM_NAME_BYTES];
	struct stat status;

	shm_name_path(name, path);
	if (lstat(path, &status) == 0)
		free_object(freeing, name, &status);
}

/* What has that usual name, and what has another one in its place. */
static void free_all_named(struct freeing *freeing, const char *usual)
{
	char unfinished[SHM_NAME_BYTES];

	free_named(freeing, usual);
	shm_name_each_alternate(usual, free_object, freeing);
	if (freeing->outcome != LEFTOVER_FREED)
		return;
	/* An unfinished copy that a crash left goes with it. */
	snprintf(unfinished, sizeof(unfinished), "%.63s" RING_NEW_SUFFIX, usual);
	free_named(freeing, unfinished);
	shm_name_withdraw(usual);
}

enum leftover_free_outcome leftover_free(const char *camera, uint64_t *bytes, struct reason *why)
{
	struct freeing freeing = {.camera = camera, .outcome = LEFTOVER_NONE, .why = why};
	char name[64], side[LEFTOVER_SIDE_NAME_BYTES];

	*bytes = 0;
	if (!leftover_is_camera_name(camera))
		return LEFTOVER_NONE;
	leftover_ring_name(camera, name);
	free_all_named(&freeing, name);
	for (size_t i = 0; i < LEFTOVER_SIDE_RINGS; i++) {
		leftover_side_names[i](name, side);
		free_all_named(&freeing, side);
	}
	*bytes = freeing.bytes;
	return freeing.outcome;
}

static bool is_old(const struct leftover *leftover, int64_t idle_us)
{
	return !leftover->configured && leftover->idle_us >= idle_us;
}

/* Looks at this user's objects only: others can fill /dev/shm with as many of theirs as they like. */
void leftovers_free_old(int64_t idle_us)
{
	struct leftover *all;
	size_t count = leftovers_find_of(LEFTOVER_THIS_USER, &all);
	struct reason why;
	uint64_t bytes;

	for (size_t i = 0; i < count; i++)
		if (is_old(&all[i], idle_us) && leftover_free(all[i].camera, &bytes, &why) == LEFTOVER_FREED)
			log_info("memory", "freed %llu MiB that the camera %s had left; %s no longer configures it",
				 (unsigned long long)bytes >> 20, all[i].camera, all[i].config_file);
	free(all);
}
