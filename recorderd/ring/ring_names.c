/* ring_names.c - see ring_writer_internal.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/ring/ring_writer_internal.h"

struct search {
	uid_t owner;
	char *found; /* empty: nothing yet */
};

static void find_whole(void *context, const char *name, const struct stat *status)
{
	struct search *search = context;
	struct ring_object object;
	struct reason unused;

	if (search->found[0] || !S_ISREG(status->st_mode) || status->st_uid != search->owner ||
	    ring_object_open(name, search->owner, &object, &unused) != RING_OBJECT_FOUND)
		return;
	if (ring_object_can_take_over(&object, &unused))
		snprintf(search->found, SHM_NAME_BYTES, "%.*s", SHM_NAME_BYTES - 1, name);
	ring_object_close(&object);
}

/* The published one; where the user's folder was removed, any that can be gone on with. */
bool ring_names_find_other(const char *usual, char out[SHM_NAME_BYTES])
{
	if (shm_name_find_published(usual, out) && shm_name_is_owned_by(out, geteuid()))
		return true;
	out[0] = '\0';
	shm_name_each_alternate(usual, find_whole, &(struct search){geteuid(), out});
	return out[0] != '\0';
}

static enum ring_object_outcome remove_own(const char *name)
{
	struct ring_object object;
	struct reason unused;
	enum ring_object_outcome found = ring_object_open(name, geteuid(), &object, &unused);

	if (found == RING_OBJECT_FOUND) {
		ring_object_remove(&object, name);
		ring_object_close(&object);
	}
	return found;
}

static void remove_other(void *context, const char *name, const struct stat *status)
{
	const char *keep = context;

	if (S_ISREG(status->st_mode) && status->st_uid == geteuid() && strcmp(name, keep) != 0)
		remove_own(name);
}

bool ring_names_remove_others(const char *usual, const char *keep)
{
	char carrying[SHM_NAME_BYTES], kept[SHM_NAME_BYTES];

	snprintf(kept, sizeof(kept), "%s", keep);
	shm_name_each_alternate(usual, remove_other, kept);
	snprintf(carrying, sizeof(carrying), "%.100s" RING_NEW_SUFFIX, usual);
	return remove_own(carrying) != RING_OBJECT_FOREIGN;
}

bool ring_names_restore(const char *name, const char *usual)
{
	char from[SHM_NAME_BYTES], to[SHM_NAME_BYTES];

	shm_name_path(name, from);
	shm_name_path(usual, to);
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0;
}
