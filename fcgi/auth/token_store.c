/* token_store.c - see token_store.h. */
#include "fcgi/auth/token_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/config/token_file.h"

#define AGAIN_US (US_PER_S / 2)

struct stored {
	struct broker_file_stamp seen; /* as of the last look */
	int error;                     /* errno of that; 0: the file was opened, or there is none */
	bool good;
	mono_t again_at; /* not good: read then, also where nothing has changed */
	struct token_list list;
};

struct token_store {
	const struct config_set *cameras;
	struct broker *outside;
	struct stored files[];
};

struct token_store *token_store_open(const struct config_set *cameras, struct broker *outside)
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

/* Takes the descriptor. */
static bool read_file(struct stored *file, int fd, const char *path, struct reason *why)
{
	struct stat status;
	bool good = fstat(fd, &status) == 0 || reason_errno(why, "%s: the tokens cannot be read", path);

	/* Of what was opened: the file may have changed since it was looked at. */
	if (good)
		broker_file_stamp_from_stat(&status, &file->seen);
	good = good && token_file_read(fd, path, &file->list, why);
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

/* What there is in place of what was seen; `error`: why there is no descriptor. */
static void take(struct stored *file, int fd, int error, const char *path)
{
	const struct broker_file_stamp before = file->seen;
	bool was_good = file->good, same_error = error == file->error;
	struct reason why;

	file->seen = (struct broker_file_stamp){0};
	file->list = (struct token_list){0};
	file->error = error;
	errno = error;
	if (fd >= 0)
		file->good = read_file(file, fd, path, &why);
	else
		file->good = error == 0 || reason_errno(&why, "%s: the tokens cannot be opened", path);
	file->again_at.us = mono_now().us + AGAIN_US;
	bool changed = !same_error || memcmp(&before, &file->seen, sizeof(before)) != 0;
	note(path, was_good, changed, file->good, &why);
}

const struct token_list *token_store_get(struct token_store *store, size_t camera)
{
	struct stored *file = &store->files[camera];
	const char *path = store->cameras->cameras[camera].http.tokens;
	bool again = !file->good && mono_now().us >= file->again_at.us;
	const struct broker_file_stamp *seen = again ? NULL : &file->seen;

	int fd = store->outside ? broker_open_tokens(store->outside, camera, seen)
				: broker_open_tokens_locally(path, seen);
	int error = fd >= 0 || errno == ENOENT || errno == ENOTDIR ? 0 : errno;
	if (error != EALREADY)
		take(file, fd, error, path);
	return file->good ? &file->list : NULL;
}
