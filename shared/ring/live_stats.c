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

static void books_name(const struct config *camera, char out[72])
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
static void remove_books(const char *name)
{
	char other[SHM_NAME_BYTES];

	if (shm_name_published(name, other)) {
		if (shm_name_is_of(other, geteuid()))
			shm_unlink(other);
		shm_name_withdraw(name);
	} else if (shm_name_is_of(name, geteuid())) {
		shm_unlink(name);
	}
}

/* Those that are there. Another version left them where they have another size: they are removed. -1 with errno. */
static int open_books(const char *name)
{
	struct stat status;
	int fd = shm_name_open(name, O_RDWR, &status);

	if (fd < 0 || status.st_size == 0 || status.st_size == sizeof(struct live_books))
		return fd;
	close(fd);
	remove_books(name);
	errno = ENOENT;
	return -1;
}

/* A stranger has taken the usual name. Another program that does the same in this moment may be quicker: then its books
 * are the ones. */
static int make_elsewhere(const char *name)
{
	char other[SHM_NAME_BYTES];

	if (!shm_name_random(name, other))
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
	return error == EEXIST ? open_books(name) : -1;
}

/* The object, made where it is missing. -1 with errno. */
static int make_books(const char *name)
{
	char stale[SHM_NAME_BYTES];
	int fd = open_books(name);

	if (fd >= 0)
		return fd;
	if (shm_name_published(name, stale) && !shm_name_is_of(stale, geteuid()))
		shm_name_withdraw(name);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	fd = open_books(name);
	return fd >= 0 ? fd : make_elsewhere(name);
}

/* Zeroed memory is a good beginning. NULL with errno. */
static struct live_books *map_books(const char *name)
{
	struct live_books *books = MAP_FAILED;
	int fd = make_books(name);

	if (fd < 0)
		return NULL;
	errno = posix_fallocate(fd, 0, sizeof(*books));
	if (errno == 0)
		books = mmap(NULL, sizeof(*books), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return books == MAP_FAILED ? NULL : books;
}

static struct live_program *take_place(struct live_books *books)
{
	for (int i = 0; i < LIVE_BOOKS_PROGRAMS; i++) {
		struct live_program *program = &books->programs[i];
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

bool live_account_open(struct live_account *account, const struct config *camera)
{
	*account = (struct live_account){0};
	books_name(camera, account->name);
	account->books = map_books(account->name);
	if (!account->books) {
		log_warn("live", "%s: no shared memory for counting (%s): /metrics has no viewers", camera->camera.name,
			 strerror(errno));
		account->name[0] = '\0';
		account->books = calloc(1, sizeof(*account->books));
	}
	if (!account->books)
		return false;
	account->own = take_place(account->books);
	if (!account->own)
		account->own = &account->spare;
	atomic_store(&account->books->magic, LIVE_BOOKS_MAGIC);
	return true;
}

static bool others_left(const struct live_books *books)
{
	for (int i = 0; i < LIVE_BOOKS_PROGRAMS; i++) {
		int32_t pid = atomic_load(&books->programs[i].pid);

		if (pid != 0 && !is_dead(pid))
			return true;
	}
	return false;
}

void live_account_close(struct live_account *account)
{
	if (!account->books)
		return;
	atomic_store(&account->own->viewers, 0);
	atomic_store(&account->own->pid, 0);
	if (!account->name[0]) {
		free(account->books);
	} else {
		if (!others_left(account->books))
			remove_books(account->name);
		munmap(account->books, sizeof(*account->books));
	}
	*account = (struct live_account){0};
}

void live_books_path(const struct config *camera, char out[PATH_MAX])
{
	char name[72], other[SHM_NAME_BYTES], path[SHM_NAME_BYTES];

	books_name(camera, name);
	shm_name_path(!shm_name_is_of(name, geteuid()) && shm_name_published(name, other) ? other : name, path);
	snprintf(out, PATH_MAX, "%s", path);
}

bool live_books_displaced(const struct config *camera, struct reason *out)
{
	char name[72], other[SHM_NAME_BYTES];

	books_name(camera, name);
	if (!shm_name_published(name, other) || !shm_name_is_of(other, geteuid()))
		return false;
	reason_set(out,
		   SHM_FOLDER "%s is another user's, or others may write to it: recorder-live counts in %s instead.",
		   name, other);
	return true;
}

void live_books_make(const struct config *camera)
{
	char name[72];

	books_name(camera, name);
	struct live_books *books = map_books(name);
	struct reason displaced;
	if (books)
		munmap(books, sizeof(*books));
	if (live_books_displaced(camera, &displaced))
		log_warn("live", "%s", displaced.text);
}

void live_books_sweep(const struct config *camera)
{
	struct live_books books;
	char name[72];

	books_name(camera, name);
	if (live_books_read(camera, &books) && !others_left(&books))
		remove_books(name);
}

/* Read, not mapped: whatever the object's size may come to be, that is no SIGBUS. */
bool live_books_read(const struct config *camera, struct live_books *out)
{
	struct stat status;
	char name[72];
	bool good;
	int fd;

	books_name(camera, name);
	fd = shm_name_open(name, O_RDONLY, &status);
	if (fd < 0)
		return false;
	good = read_at(fd, out, sizeof(*out), 0) == sizeof(*out) && out->magic == LIVE_BOOKS_MAGIC;
	close(fd);
	return good;
}

uint64_t live_books_viewers(const struct live_books *books)
{
	uint64_t sum = 0;

	for (int i = 0; i < LIVE_BOOKS_PROGRAMS; i++) {
		int32_t pid = books->programs[i].pid, viewers = books->programs[i].viewers;

		if (pid > 0 && viewers > 0 && !is_dead(pid))
			sum += (uint64_t)viewers;
	}
	return sum;
}
