/* leftovers.c - see leftovers.h. */
#include "recorderd/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/name_lock.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/ring_object.h"
#include "shared/ring_reader.h"

#define PREFIX "recorder."

/* As config_keys.c has it: a-z 0-9 _ -, no - first. Everything else in the folder is none of ours. */
static bool is_camera(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length > 0 && length < CONFIG_NAME_BYTES && name[length] == '\0' && name[0] != '-';
}

static void ring_name(const char *camera, char out[64])
{
	snprintf(out, 64, "/" PREFIX "%.*s", CONFIG_NAME_BYTES - 1, camera);
}

static void name_owner(struct leftover *leftover)
{
	const struct passwd *user = getpwuid(leftover->uid);

	if (user)
		snprintf(leftover->owner, sizeof leftover->owner, "%.39s", user->pw_name);
	else
		snprintf(leftover->owner, sizeof leftover->owner, "%u", (unsigned)leftover->uid);
}

/* False only where it is certain: the .ini is gone, or is a good one of another camera. */
static bool is_configured(const struct leftover *leftover)
{
	struct config *config = NULL;
	struct reason why;
	struct stat status;
	bool other;

	if (!leftover->config_file[0])
		return true;
	if (stat(leftover->config_file, &status) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	config = malloc(sizeof *config);
	other = config && config_load(leftover->config_file, config, &why) &&
		strcmp(config->camera.name, leftover->camera) != 0;
	free(config);
	return !other;
}

static int64_t span_us(const struct ring_reader *ring)
{
	struct ring_frame oldest, newest;
	uint64_t head = ring_reader_head(ring);

	return head && ring_reader_get(ring, head, &newest) && ring_reader_get(ring, ring_reader_tail(ring), &oldest)
		       ? newest.meta.mono_us - oldest.meta.mono_us
		       : 0;
}

/* False where a recorder that runs says something in it, or has only just made it. */
static bool look_into(struct leftover *leftover)
{
	struct recorder_state state;
	struct reason why;
	char name[64];
	bool lives = false;

	leftover->idle_us = -1;
	leftover->configured = true;
	ring_name(leftover->camera, name);
	struct ring_reader *ring = ring_reader_open(name, &why);
	if (!ring) {
		snprintf(leftover->unreadable, sizeof leftover->unreadable, "%s", why.text);
		return true;
	}
	leftover->span_us = span_us(ring);
	if (ring_reader_state(ring, &state)) {
		lives = ring_reader_alive(ring, &state);
		memcpy(leftover->config_file, state.config_file, sizeof leftover->config_file);
		if (state.heartbeat_mono_us > 0 && mono_now().us >= state.heartbeat_mono_us)
			leftover->idle_us = mono_now().us - state.heartbeat_mono_us;
	}
	ring_reader_close(ring);
	if (!lives)
		leftover->configured = is_configured(leftover);
	return !lives;
}

bool leftover_find(const char *camera, struct leftover *out)
{
	char path[128], name[64];
	struct stat status;

	*out = (struct leftover){0};
	ring_name(camera, name);
	snprintf(path, sizeof path, RING_FOLDER "%s", name);
	if (!is_camera(camera) || lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || name_lock_held(camera))
		return false;
	snprintf(out->camera, sizeof out->camera, "%.*s", CONFIG_NAME_BYTES - 1, camera);
	out->uid = status.st_uid;
	out->bytes = (uint64_t)status.st_blocks * 512;
	name_owner(out);
	return look_into(out);
}

size_t leftovers_find(struct leftover **out)
{
	DIR *folder = opendir(RING_FOLDER);
	const struct dirent *file;
	struct leftover found;
	size_t count = 0;

	*out = NULL;
	while (folder && (file = readdir(folder))) {
		if (strncmp(file->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    !leftover_find(file->d_name + strlen(PREFIX), &found))
			continue;
		struct leftover *grown = realloc(*out, (count + 1) * sizeof **out);
		if (!grown)
			break;
		*out = grown;
		grown[count++] = found;
	}
	if (folder)
		closedir(folder);
	return count;
}

static void describe_idle(int64_t idle_us, char *out, size_t bytes)
{
	int64_t minutes = idle_us / (60 * US_PER_S);

	if (idle_us < 0)
		snprintf(out, bytes, "an unknown time");
	else if (minutes < 2)
		snprintf(out, bytes, "%lld s", (long long)(idle_us / US_PER_S));
	else if (minutes < 120)
		snprintf(out, bytes, "%lld minutes", (long long)minutes);
	else
		snprintf(out, bytes, "%lld hours", (long long)(minutes / 60));
}

void leftover_describe(const struct leftover *leftover, char out[LEFTOVER_TEXT_BYTES])
{
	char idle[64], file[300] = "", sudo[64] = "";

	describe_idle(leftover->idle_us, idle, sizeof idle);
	if (leftover->config_file[0])
		snprintf(file, sizeof file, " (%s%s)", leftover->config_file,
			 leftover->configured ? "" : ", which does not configure it any more");
	if (leftover->uid != geteuid() && geteuid() != 0)
		snprintf(sudo, sizeof sudo, "sudo -u %s ", leftover->owner);
	if (leftover->unreadable[0])
		snprintf(out, LEFTOVER_TEXT_BYTES,
			 "%llu MiB of RAM are kept for the camera %s of the user %s, without a recorder that runs; %s. "
			 "To free them: %s%s --free-memory -n %s",
			 (unsigned long long)leftover->bytes >> 20, leftover->camera, leftover->owner,
			 leftover->unreadable, sudo, program_invocation_name, leftover->camera);
	else
		snprintf(out, LEFTOVER_TEXT_BYTES,
			 "%llu MiB of RAM with %lld s of frames are kept for the next recorder of the camera %s%s of "
			 "the user %s, which has had none for %s. To free them: %s%s --free-memory -n %s",
			 (unsigned long long)leftover->bytes >> 20, (long long)(leftover->span_us / US_PER_S),
			 leftover->camera, file, leftover->owner, idle, sudo, program_invocation_name,
			 leftover->camera);
}

/* What a crash left half made goes with it. */
static void remove_unfinished(const char *name, uid_t owner)
{
	struct ring_object object;
	struct reason unused;
	char unfinished[72];

	snprintf(unfinished, sizeof unfinished, "%.63s" RING_NEW_SUFFIX, name);
	if (ring_object_open(unfinished, owner, &object, &unused) != RING_FOUND)
		return;
	ring_object_remove(&object, unfinished);
	ring_object_close(&object);
}

enum leftover_freed leftover_free(const char *camera, uint64_t *bytes, struct reason *why)
{
	struct ring_object object;
	char name[64], path[128];
	struct stat status;

	*bytes = 0;
	ring_name(camera, name);
	snprintf(path, sizeof path, RING_FOLDER "%s", name);
	if (!is_camera(camera) || lstat(path, &status) != 0)
		return LEFTOVER_NONE;
	if (name_lock_held(camera))
		return LEFTOVER_IN_USE;
	uid_t owner = geteuid() == 0 ? status.st_uid : geteuid();
	switch (ring_object_open(name, owner, &object, why)) {
	case RING_FOUND:
		break;
	case RING_ABSENT:
		return LEFTOVER_NONE;
	case RING_IN_USE:
		return LEFTOVER_IN_USE;
	case RING_STRANGE:
		return LEFTOVER_REFUSED;
	}
	*bytes = (uint64_t)status.st_blocks * 512;
	ring_object_remove(&object, name);
	ring_object_close(&object);
	remove_unfinished(name, owner);
	return LEFTOVER_FREED;
}

static bool is_old(const struct leftover *leftover, int64_t idle_us)
{
	return leftover->uid == geteuid() && !leftover->configured && leftover->idle_us >= idle_us;
}

void leftovers_free_old(int64_t idle_us)
{
	struct leftover *all;
	size_t count = leftovers_find(&all);
	struct reason why;
	uint64_t bytes;

	for (size_t i = 0; i < count; i++)
		if (is_old(&all[i], idle_us) && leftover_free(all[i].camera, &bytes, &why) == LEFTOVER_FREED)
			log_info("memory",
				 "freed the %llu MiB that the camera %s left: %s does not configure it any more",
				 (unsigned long long)bytes >> 20, all[i].camera, all[i].config_file);
	free(all);
}
