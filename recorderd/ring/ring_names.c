/* ring_names.c - the names that the rings of a camera may have. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/ring/ring_writer_internal.h"

struct search {
	uid_t owner;
	char *found; /* empty: nothing yet */
};

static void find_usable(void *context, const char *name, const struct stat *status)
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

/* The published one. If the user's folder was removed, any that can be taken over. */
bool ring_names_find_other(const char *usual_name, char out[SHM_NAME_BYTES])
{
	if (shm_name_find_published(usual_name, out) && shm_name_is_owned_by(out, geteuid()))
		return true;
	out[0] = '\0';
	shm_name_each_alternate(usual_name, find_usable, &(struct search){geteuid(), out});
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

bool ring_names_remove_others(const char *usual_name, const char *keep)
{
	char unfinished[SHM_NAME_BYTES], kept[SHM_NAME_BYTES];

	snprintf(kept, sizeof(kept), "%s", keep);
	shm_name_each_alternate(usual_name, remove_other, kept);
	snprintf(unfinished, sizeof(unfinished), "%.100s" RING_NEW_SUFFIX, usual_name);
	return remove_own(unfinished) != RING_OBJECT_FOREIGN;
}

bool ring_names_restore(const char *name, const char *usual_name)
{
	char from[SHM_NAME_BYTES], to[SHM_NAME_BYTES];

	shm_name_path(name, from);
	shm_name_path(usual_name, to);
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0;
}
