/* leftovers.c - finds and describes rings that no recorder uses. */
#include "recorderd/ring/leftovers_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/ring/ring_object.h"
#include "shared/base/clock.h"
#include "shared/base/file_io.h"
#include "shared/base/log.h"
#include "shared/notify/notification_ring.h"
#include "shared/ring/ring_reader.h"
#include "shared/ring/video_ring.h"

#define PREFIX    "recorder."
#define WRITTEN_S 5 /* a running recorder writes to its ring several times per second */

/* The rule of config_keys.c: a-z 0-9 _ -, and the first is not a -. Anything else in the folder is not ours. */
bool leftover_is_camera_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length > 0 && length < CONFIG_NAME_BYTES && name[length] == '\0' && name[0] != '-';
}

void leftover_ring_name(const char *camera, char out[64])
{
	snprintf(out, 64, "/" PREFIX "%.*s", CONFIG_NAME_BYTES - 1, camera);
}

void (*const leftover_side_names[LEFTOVER_SIDE_RINGS])(const char *ring_name, char out[LEFTOVER_SIDE_NAME_BYTES]) = {
	video_ring_name,
	notification_ring_name,
	motion_ring_name,
};

static_assert(VIDEO_RING_NAME_BYTES == LEFTOVER_SIDE_NAME_BYTES, "the buffers are as large as the functions expect");
static_assert(NOTIFICATION_RING_NAME_BYTES == LEFTOVER_SIDE_NAME_BYTES, "the buffers are as large as expected");

static void set_owner(struct leftover *leftover)
{
	const struct passwd *user = getpwuid(leftover->uid);

	if (user)
		snprintf(leftover->owner, sizeof(leftover->owner), "%.39s", user->pw_name);
	else
		snprintf(leftover->owner, sizeof(leftover->owner), "%u", (unsigned)leftover->uid);
}

/* False only if that is certain: the .ini is gone, or is a valid one of another camera. */
static bool is_configured(const struct leftover *leftover)
{
	struct reason why;
	struct stat status;

	if (!leftover->config_file[0])
		return true;
	if (stat(leftover->config_file, &status) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	struct config *config = malloc(sizeof(*config));
	bool other = config && config_load(leftover->config_file, config, &why) &&
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

/*
 * Another user may truncate their object at any moment, which would be a SIGBUS in a process that maps it. So only a
 * copy of the header is read: `memory`, which the caller frees after it has closed the reader.
 */
static struct ring_reader *open_copy(const struct leftover *leftover, void **memory, struct reason *why)
{
	char path[SHM_NAME_BYTES];
	struct ring_reader *ring = NULL;
	struct stat status;

	*memory = malloc(RING_HEADER_BYTES);
	shm_name_path(leftover->ring, path);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !*memory || fstat(fd, &status) != 0)
		reason_errno(why, "its ring cannot be read");
	else if (read_at(fd, *memory, RING_HEADER_BYTES, 0) != RING_HEADER_BYTES)
		reason_set(why, "it is not a ring");
	else
		ring = ring_reader_attach(*memory, (uint64_t)status.st_size, why);
	if (fd >= 0)
		close(fd);
	return ring;
}

/* Fills in what the ring says. False if a running recorder has published its state there. */
static bool read_ring(struct leftover *leftover)
{
	bool own = leftover->uid == geteuid(), alive = false;
	struct recorder_state state;
	struct reason why;
	void *copy = NULL;

	leftover->idle_us = -1;
	leftover->configured = true;
	struct ring_reader *ring = own ? ring_reader_open(leftover->ring, &why) : open_copy(leftover, &copy, &why);
	if (!ring) {
		snprintf(leftover->unreadable, sizeof(leftover->unreadable), "%s", why.text);
		free(copy);
		return true;
	}
	leftover->span_us = own ? span_us(ring) : 0;
	if (ring_reader_state(ring, &state)) {
		alive = ring_reader_is_alive(ring, &state);
		memcpy(leftover->config_file, state.config_file, sizeof(leftover->config_file));
		if (state.heartbeat_mono_us > 0 && mono_now().us >= state.heartbeat_mono_us)
			leftover->idle_us = mono_now().us - state.heartbeat_mono_us;
	}
	ring_reader_close(ring);
	free(copy);
	/* A path that another user chose must not be opened. */
	if (!alive && own)
		leftover->configured = is_configured(leftover);
	return !alive;
}

/* If this user may not look at the lock, the time of the last write to the ring tells. */
static bool is_in_use(const char *camera, const struct stat *status)
{
	enum instance_lock_state lock = instance_lock_query(status->st_uid, camera);

	return lock == INSTANCE_LOCK_HELD ||
	       (lock == INSTANCE_LOCK_UNKNOWN && wall_now().us / US_PER_S - status->st_mtim.tv_sec < WRITTEN_S);
}

/* What the rings beside that ring take. */
static uint64_t side_bytes(const char *ring, uid_t owner)
{
	char name[LEFTOVER_SIDE_NAME_BYTES], path[SHM_NAME_BYTES];
	struct stat status;
	uint64_t bytes = 0;

	for (size_t i = 0; i < LEFTOVER_SIDE_RINGS; i++) {
		leftover_side_names[i](ring, name);
		shm_name_path(name, path);
		if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == owner)
			bytes += (uint64_t)status.st_blocks * 512;
	}
	return bytes;
}

/* False if the object of that name is not a ring without a recorder. */
static bool examine(const char *camera, const char *ring, enum leftover_owner filter, struct leftover *out)
{
	char path[SHM_NAME_BYTES];
	struct stat status;

	*out = (struct leftover){0};
	shm_name_path(ring, path);
	if (!leftover_is_camera_name(camera) || lstat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (filter == LEFTOVER_THIS_USER && status.st_uid != geteuid()) || is_in_use(camera, &status))
		return false;
	snprintf(out->camera, sizeof(out->camera), "%.*s", CONFIG_NAME_BYTES - 1, camera);
	snprintf(out->ring, sizeof(out->ring), "%.*s", SHM_NAME_BYTES - 1, ring);
	out->uid = status.st_uid;
	out->bytes = (uint64_t)status.st_blocks * 512 + side_bytes(ring, status.st_uid);
	set_owner(out);
	return read_ring(out);
}

bool leftover_find(const char *camera, struct leftover *out)
{
	char usual[64], other[SHM_NAME_BYTES];

	leftover_ring_name(camera, usual);
	if (!shm_name_is_owned_by(usual, geteuid()) && shm_name_find_published(usual, other) &&
	    examine(camera, other, LEFTOVER_ANY_OWNER, out))
		return true;
	return examine(camera, usual, LEFTOVER_ANY_OWNER, out);
}

static bool has_name(const char *ring, const char *usual)
{
	return strcmp(ring, usual) == 0 || shm_name_is_alternate(ring, usual);
}

static bool exists(const char *name)
{
	char path[SHM_NAME_BYTES];
	struct stat unused;

	shm_name_path(name, path);
	return lstat(path, &unused) == 0;
}

/* True if `ring` is one of those beside the ring of that name, which is gone, and the first of them that is there. */
static bool stands_for(const char *ring, const char *usual)
{
	char name[LEFTOVER_SIDE_NAME_BYTES];

	if (exists(usual))
		return false;
	for (size_t i = 0; i < LEFTOVER_SIDE_RINGS; i++) {
		leftover_side_names[i](usual, name);
		if (has_name(ring, name))
			return true;
		if (exists(name))
			return false;
	}
	return false;
}

/*
 * Splits the name of a file in RING_FOLDER; false if it is not that of a ring. The rings beside it count as parts of
 * the camera's ring. If that is gone, one of them stands for all.
 */
static bool parse_file_name(const char *file, char camera[CONFIG_NAME_BYTES], char ring[SHM_NAME_BYTES])
{
	char usual[64];

	if (strncmp(file, PREFIX, strlen(PREFIX)) != 0)
		return false;
	snprintf(camera, CONFIG_NAME_BYTES, "%.*s", (int)strcspn(file + strlen(PREFIX), "."), file + strlen(PREFIX));
	snprintf(ring, SHM_NAME_BYTES, "/%.*s", SHM_NAME_BYTES - 2, file);
	leftover_ring_name(camera, usual);
	return has_name(ring, usual) || stands_for(ring, usual);
}

size_t leftovers_find_of(enum leftover_owner filter, struct leftover **out)
{
	char camera[CONFIG_NAME_BYTES], ring[SHM_NAME_BYTES];
	DIR *folder = opendir(RING_FOLDER);
	const struct dirent *file;
	struct leftover found;
	size_t count = 0;

	*out = NULL;
	while (folder && (file = readdir(folder))) {
		if (!parse_file_name(file->d_name, camera, ring) || !examine(camera, ring, filter, &found))
			continue;
		struct leftover *grown = realloc(*out, (count + 1) * sizeof(**out));
		if (!grown)
			break;
		*out = grown;
		grown[count++] = found;
	}
	if (folder)
		closedir(folder);
	return count;
}

size_t leftovers_find(struct leftover **out)
{
	return leftovers_find_of(LEFTOVER_ANY_OWNER, out);
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

	describe_idle(leftover->idle_us, idle, sizeof(idle));
	if (leftover->config_file[0])
		snprintf(file, sizeof(file), " (%s%s)", leftover->config_file,
			 leftover->configured ? "" : ", which no longer configures it");
	if (leftover->uid != geteuid() && geteuid() != 0)
		snprintf(sudo, sizeof(sudo), "sudo -u %s ", leftover->owner);
	if (leftover->unreadable[0])
		snprintf(out, LEFTOVER_TEXT_BYTES,
			 "%llu MiB of RAM hold a ring of camera %s of user %s, whose recorder is not running; %s. To "
			 "free "
			 "them: %s%s --free-memory -n %s",
			 (unsigned long long)leftover->bytes >> 20, leftover->camera, leftover->owner,
			 leftover->unreadable, sudo, program_invocation_name, leftover->camera);
	else
		snprintf(out, LEFTOVER_TEXT_BYTES,
			 "%llu MiB of RAM hold %lld s of frames from camera %s%s of user %s, whose recorder has not "
			 "been "
			 "running for %s. To free them: %s%s --free-memory -n %s",
			 (unsigned long long)leftover->bytes >> 20, (long long)(leftover->span_us / US_PER_S),
			 leftover->camera, file, leftover->owner, idle, sudo, program_invocation_name,
			 leftover->camera);
}
