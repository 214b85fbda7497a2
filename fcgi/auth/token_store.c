/* token_store.c - the tokens of each camera, as they are in their files now. */
#include "fcgi/auth/token_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/config/token_file.h"

#define RETRY_US (US_PER_S / 2)

/* One camera's token file. */
struct token_entry {
	struct broker_file_stamp seen; /* of the last check */
	int error;                     /* errno of that check; 0: the file was opened, or there is none */
	bool valid;
	mono_t retry_at; /* if not valid: read again then, even if nothing has changed */
	struct token_list list;
};

struct token_store {
	const struct config_set *cameras;
	struct broker *broker;
	size_t first_remote; /* all cameras of the store have one file, which is read once */
	struct token_entry files[];
};

struct token_store *token_store_open(const struct config_set *cameras, struct broker *broker)
{
	struct token_store *store = calloc(1, sizeof(*store) + cameras->count * sizeof(store->files[0]));

	if (!store)
		return NULL;
	store->cameras = cameras;
	store->broker = broker;
	for (size_t i = 0; i < cameras->count; i++)
		store->files[i].valid = true;
	while (store->first_remote < cameras->count && !cameras->cameras[store->first_remote].remote)
		store->first_remote++;
	return store;
}

void token_store_close(struct token_store *store)
{
	free(store);
}

/* Takes over the descriptor. */
static bool read_file(struct token_entry *file, int fd, const char *path, struct reason *why)
{
	struct stat status;
	bool valid = fstat(fd, &status) == 0 || reason_errno(why, "%s: cannot read the tokens", path);

	/* The stamp of the opened file, since another may have taken its place after the check. */
	if (valid)
		broker_file_stamp_from_stat(&status, &file->seen);
	valid = valid && token_file_read(fd, path, &file->list, why);
	close(fd);
	return valid;
}

/* Logs a problem once, and its end once. */
static void log_change(const char *path, bool was_valid, bool changed, bool valid, const struct reason *why)
{
	if (valid && !was_valid)
		log_info("tokens", "%s can be read again", path);
	if (!valid && (was_valid || changed))
		log_warn("tokens", "%s; no token is valid until that is fixed", why->text);
}

/* Replaces what is known of a file. `error` is why there is no descriptor, 0 if there is no file. */
static void update(struct token_entry *file, int fd, int error, const char *path)
{
	const struct broker_file_stamp before = file->seen;
	bool was_valid = file->valid, same_error = error == file->error;
	struct reason why;

	file->seen = (struct broker_file_stamp){0};
	file->list = (struct token_list){0};
	file->error = error;
	errno = error;
	if (fd >= 0)
		file->valid = read_file(file, fd, path, &why);
	else
		file->valid = error == 0 || reason_errno(&why, "%s: cannot open the tokens", path);
	file->retry_at.us = mono_now().us + RETRY_US;
	bool changed = !same_error || memcmp(&before, &file->seen, sizeof(before)) != 0;
	log_change(path, was_valid, changed, file->valid, &why);
}

const struct token_list *token_store_get(struct token_store *store, size_t camera)
{
	if (store->cameras->cameras[camera].remote)
		camera = store->first_remote;
	struct token_entry *file = &store->files[camera];
	const char *path = store->cameras->cameras[camera].http.tokens;
	bool retry = !file->valid && mono_now().us >= file->retry_at.us;
	const struct broker_file_stamp *seen = retry ? NULL : &file->seen;

	int fd = store->broker ? broker_open_tokens(store->broker, camera, seen)
			       : broker_open_tokens_locally(path, seen);
	int error = fd >= 0 || errno == ENOENT || errno == ENOTDIR ? 0 : errno;
	if (error != EALREADY)
		update(file, fd, error, path);
	return file->valid ? &file->list : NULL;
}
