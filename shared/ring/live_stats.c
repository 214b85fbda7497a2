/* live_stats.c - see live_stats.h. */
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

static void stats_name(const struct config *camera, char out[72])
{
	char ring[64];

	config_ring_name(camera, ring);
	snprintf(out, 72, "%s.live", ring);
}

static bool is_dead(int32_t pid)
{
	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

/* Nothing that another user has put in its place. */
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

/* Those that are there. Another version left them where they have another size: they are removed. -1 with errno. */
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

/* A stranger has taken the usual name. Another program that does the same in this moment may be quicker: then its counters
 * are the ones. */
static int create_under_alternate_name(const char *name)
{
	char other[SHM_NAME_BYTES];

	if (!shm_name_make_alternate(name, other))
		return -1;
	int fd = shm_open(other, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	if (shm_name_publish(name, other, true)) {
		return fd;
	}
	int error = errno;
	close(fd);
	shm_unlink(other);
	errno = error;
	return error == EEXIST ? open_existing_stats(name) : -1;
}

/* The object, made where it is missing. -1 with errno. */
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

/* Zeroed memory is a good beginning. NULL with errno. */
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

static struct live_stats_program *take_place(struct live_stats *counters)
{
	for (int i = 0; i < LIVE_STATS_PROGRAMS; i++) {
		struct live_stats_program *program = &counters->programs[i];
		int32_t there = atomic_load(&program->pid);

		if (there != 0 && !is_dead(there))
			continue;
		if (!atomic_compare_exchange_strong(&program->pid, &there, (int32_t)getpid()))
			continue;
		atomic_store(&program->viewers, 0);
		return program;
	}
	return NULL;
}

bool live_stats_open(struct live_stats_handle *account, const struct config *camera)
{
	*account = (struct live_stats_handle){0};
	stats_name(camera, account->name);
	account->counters = map_stats(account->name);
	if (!account->counters) {
		log_warn("live", "%s: no shared memory for counting (%s): /metrics has no viewers", camera->camera.name,
			 strerror(errno));
		account->name[0] = '\0';
		account->counters = calloc(1, sizeof(*account->counters));
	}
	if (!account->counters)
		return false;
	account->own = take_place(account->counters);
	if (!account->own)
		account->own = &account->spare;
	atomic_store(&account->counters->magic, LIVE_STATS_MAGIC);
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

void live_stats_close(struct live_stats_handle *account)
{
	if (!account->counters)
		return;
	atomic_store(&account->own->viewers, 0);
	atomic_store(&account->own->pid, 0);
	if (!account->name[0]) {
		free(account->counters);
	} else {
		if (!has_running_program(account->counters))
			remove_stats(account->name);
		munmap(account->counters, sizeof(*account->counters));
	}
	*account = (struct live_stats_handle){0};
}

void live_stats_path(const struct config *camera, char out[PATH_MAX])
{
	char name[72], other[SHM_NAME_BYTES], path[SHM_NAME_BYTES];

	stats_name(camera, name);
	shm_name_path(!shm_name_is_owned_by(name, geteuid()) && shm_name_find_published(name, other) ? other : name,
		      path);
	snprintf(out, PATH_MAX, "%s", path);
}

bool live_stats_name_taken(const struct config *camera, struct reason *out)
{
	char name[72], other[SHM_NAME_BYTES];

	stats_name(camera, name);
	if (!shm_name_find_published(name, other) || !shm_name_is_owned_by(other, geteuid()))
		return false;
	reason_set(out,
		   SHM_FOLDER "%s is another user's, or others may write to it: recorder-live counts in %s instead.",
		   name, other);
	return true;
}

void live_stats_create(const struct config *camera)
{
	char name[72];

	stats_name(camera, name);
	struct live_stats *counters = map_stats(name);
	struct reason displaced;
	if (counters)
		munmap(counters, sizeof(*counters));
	if (live_stats_name_taken(camera, &displaced))
		log_warn("live", "%s", displaced.text);
}

void live_stats_remove_unused(const struct config *camera)
{
	struct live_stats counters;
	char name[72];

	stats_name(camera, name);
	if (live_stats_read(camera, &counters) && !has_running_program(&counters))
		remove_stats(name);
}

/* Read, not mapped: whatever the object's size may come to be, that is no SIGBUS. */
bool live_stats_read(const struct config *camera, struct live_stats *out)
{
	struct stat status;
	char name[72];
	bool good;
	int fd;

	stats_name(camera, name);
	fd = shm_name_open(name, O_RDONLY, &status);
	if (fd < 0)
		return false;
	good = read_at(fd, out, sizeof(*out), 0) == sizeof(*out) && out->magic == LIVE_STATS_MAGIC;
	close(fd);
	return good;
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
