/* live_stats.c - the counters of recorder-live in shared memory. */
#include "shared/ring/live_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/base/log.h"
#include "shared/ring/shm_name.h"

static void stats_name(const struct config *camera, char out[LIVE_STATS_NAME_BYTES])
{
	char ring[64];

	config_ring_name(camera, ring);
	snprintf(out, LIVE_STATS_NAME_BYTES, "%s.live", ring);
}

static bool is_dead(int32_t pid)
{
	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

/* Leaves alone what another user may have created under that name. */
static void remove_stats(const char *name)
{
	char other[SHM_NAME_BYTES];

	if (shm_name_find_published(name, other)) {
		if (shm_name_is_owned_by(other, geteuid()))
			shm_unlink(other);
		shm_name_withdraw(name);
	} else if (shm_name_is_owned_by(name, geteuid())) {
		shm_unlink(name);
	}
}

/* Removes an object of another size: another version of the program left it. Returns -1 and sets errno. */
static int open_existing_stats(const char *name)
{
	struct stat status;
	int fd = shm_name_open(name, O_RDWR, &status);

	if (fd < 0 || status.st_size == 0 || status.st_size == sizeof(struct live_stats))
		return fd;
	close(fd);
	remove_stats(name);
	errno = ENOENT;
	return -1;
}

/* If another process publishes its object first, both use that one. Returns -1 and sets errno. */
static int create_under_alternate_name(const char *name)
{
	char other[SHM_NAME_BYTES];

	if (!shm_name_make_alternate(name, other))
		return -1;
	int fd = shm_open(other, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	if (shm_name_publish(name, other, true))
		return fd;
	int error = errno;
	close(fd);
	shm_unlink(other);
	errno = error;
	return error == EEXIST ? open_existing_stats(name) : -1;
}

/* Returns -1 and sets errno. */
static int open_or_create_stats(const char *name)
{
	char stale[SHM_NAME_BYTES];
	int fd = open_existing_stats(name);

	if (fd >= 0)
		return fd;
	if (shm_name_find_published(name, stale) && !shm_name_is_owned_by(stale, geteuid()))
		shm_name_withdraw(name);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	fd = open_existing_stats(name);
	return fd >= 0 ? fd : create_under_alternate_name(name);
}

/* A new object is zeroed memory, which is a valid initial state. Returns NULL and sets errno. */
static struct live_stats *map_stats(const char *name)
{
	struct live_stats *counters = MAP_FAILED;
	int fd = open_or_create_stats(name);

	if (fd < 0)
		return NULL;
	errno = posix_fallocate(fd, 0, sizeof(*counters));
	if (errno == 0)
		counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return counters == MAP_FAILED ? NULL : counters;
}

/* Takes a free entry, or that of a dead process; NULL if there is none. */
static struct live_stats_program *claim_entry(struct live_stats *counters)
{
	for (int i = 0; i < LIVE_STATS_PROGRAMS; i++) {
		struct live_stats_program *program = &counters->programs[i];
		int32_t pid = atomic_load(&program->pid);

		if (pid != 0 && !is_dead(pid))
			continue;
		if (!atomic_compare_exchange_strong(&program->pid, &pid, (int32_t)getpid()))
			continue;
		atomic_store(&program->viewers, 0);
		return program;
	}
	return NULL;
}

bool live_stats_open(struct live_stats_handle *handle, const struct config *camera)
{
	*handle = (struct live_stats_handle){0};
	stats_name(camera, handle->name);
	handle->counters = map_stats(handle->name);
	if (!handle->counters) {
		log_warn("live", "%s: no shared memory for the counters (%s); /metrics will not show live viewers",
			 camera->camera.name, strerror(errno));
		handle->name[0] = '\0';
		handle->counters = calloc(1, sizeof(*handle->counters));
	}
	if (!handle->counters)
		return false;
	handle->own = claim_entry(handle->counters);
	if (!handle->own)
		handle->own = &handle->spare;
	atomic_store(&handle->counters->magic, LIVE_STATS_MAGIC);
	return true;
}

static bool has_running_program(const struct live_stats *counters)
{
	for (int i = 0; i < LIVE_STATS_PROGRAMS; i++) {
		int32_t pid = atomic_load(&counters->programs[i].pid);

		if (pid != 0 && !is_dead(pid))
			return true;
	}
	return false;
}

void live_stats_close(struct live_stats_handle *handle)
{
	if (!handle->counters)
		return;
	atomic_store(&handle->own->viewers, 0);
	atomic_store(&handle->own->pid, 0);
	if (!handle->name[0]) {
		free(handle->counters);
	} else {
		if (!has_running_program(handle->counters))
			remove_stats(handle->name);
		munmap(handle->counters, sizeof(*handle->counters));
	}
	*handle = (struct live_stats_handle){0};
}

void live_stats_path(const struct config *camera, char out[PATH_MAX])
{
	char name[LIVE_STATS_NAME_BYTES], other[SHM_NAME_BYTES], path[SHM_NAME_BYTES];

	stats_name(camera, name);
	bool alternate = !shm_name_is_owned_by(name, geteuid()) && shm_name_find_published(name, other);
	shm_name_path(alternate ? other : name, path);
	snprintf(out, PATH_MAX, "%s", path);
}

bool live_stats_name_taken(const struct config *camera, struct reason *out)
{
	char name[LIVE_STATS_NAME_BYTES], other[SHM_NAME_BYTES];

	stats_name(camera, name);
	if (!shm_name_find_published(name, other) || !shm_name_is_owned_by(other, geteuid()))
		return false;
	reason_set(out,
		   SHM_FOLDER "%s belongs to another user, or others may write to it. recorder-live counts in %s "
			      "instead.",
		   name, other);
	return true;
}

void live_stats_create(const struct config *camera)
{
	char name[LIVE_STATS_NAME_BYTES];
	struct reason taken;

	stats_name(camera, name);
	struct live_stats *counters = map_stats(name);
	if (counters)
		munmap(counters, sizeof(*counters));
	if (live_stats_name_taken(camera, &taken))
		log_warn("live", "%s", taken.text);
}

void live_stats_remove_unused(const struct config *camera)
{
	struct live_stats counters;
	char name[LIVE_STATS_NAME_BYTES];

	stats_name(camera, name);
	if (live_stats_read(camera, &counters) && !has_running_program(&counters))
		remove_stats(name);
}

/* Reads instead of mapping: the object may shrink at any time, which would be a SIGBUS. */
bool live_stats_read(const struct config *camera, struct live_stats *out)
{
	struct stat status;
	char name[LIVE_STATS_NAME_BYTES];

	stats_name(camera, name);
	int fd = shm_name_open(name, O_RDONLY, &status);
	if (fd < 0)
		return false;
	bool valid = read_at(fd, out, sizeof(*out), 0) == sizeof(*out) && out->magic == LIVE_STATS_MAGIC;
	close(fd);
	return valid;
}

uint64_t live_stats_viewers(const struct live_stats *counters)
{
	uint64_t sum = 0;

	for (int i = 0; i < LIVE_STATS_PROGRAMS; i++) {
		int32_t pid = counters->programs[i].pid, viewers = counters->programs[i].viewers;

		if (pid > 0 && viewers > 0 && !is_dead(pid))
			sum += (uint64_t)viewers;
	}
	return sum;
}
