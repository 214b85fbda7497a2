/* token_store.c - see token_store.h. */
#include "fcgi/token_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/token_file.h"

#define AGAIN_US (US_PER_S / 2)

struct stored {
	struct stat seen; /* as of the last look; zeroed: no file */
	bool good;
	mono_t again_at; /* not good: read then, also where nothing has changed */
	struct token_list list;
};

struct token_store {
	const struct config_set *cameras;
	struct outside *outside;
	struct stored files[];
};

struct token_store *token_store_open(const struct config_set *cameras, struct outside *outside)
{
	struct token_store *store = calloc(1, sizeof(*store) + cameras->count * sizeof(store->files[0]));

	if (!store)
		return NULL;
	store->cameras = cameras;
	store->outside = outside;
	for (size_t i = 0; i < cameras->count; i++)
		store->files[i].good = true;
	return store;
}

void token_store_close(struct token_store *store)
{
	free(store);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

static int open_file(const struct token_store *store, size_t camera, const char *path)
{
	return store->outside ? outside_tokens(store->outside, camera) : token_file_open(path);
}

static bool read_again(struct token_store *store, size_t camera, const char *path, struct reason *why)
{
	struct stored *file = &store->files[camera];
	int fd = open_file(store, camera, path);

	if (fd < 0)
		return reason_errno(why, "%s: the tokens cannot be opened", path);
	/* Of what was opened: the file may have changed since it was looked at. */
	bool good = fstat(fd, &file->seen) == 0 && token_file_read(fd, path, &file->list, why);
	close(fd);
	return good;
}

/* What is wrong, or no longer is, is logged once. */
static void note(const char *path, bool was_good, bool changed, bool good, const struct reason *why)
{
	if (good && !was_good)
		log_info("tokens", "%s is read again", path);
	if (!good && (was_good || changed))
		log_warn("tokens", "%s; until that is so no token is taken", why->text);
}

const struct token_list *token_store_look(struct token_store *store, size_t camera)
{
	struct stored *file = &store->files[camera];
	const char *path = store->cameras->cameras[camera].http.tokens;
	struct stat now = {0};
	struct reason why;

	if (stat(path, &now) != 0 && errno != ENOENT && errno != ENOTDIR)
		now.st_ino = 1; /* something that cannot be looked at: opening it says why */
	bool changed = !same_file(&now, &file->seen), was_good = file->good;
	if (!changed && (was_good || mono_now().us < file->again_at.us))
		return was_good ? &file->list : NULL;
	file->seen = now;
	file->list = (struct token_list){0};
	file->good = now.st_ino == 0 || read_again(store, camera, path, &why);
	file->again_at.us = mono_now().us + AGAIN_US;
	note(path, was_good, changed, file->good, &why);
	return file->good ? &file->list : NULL;
}
