/*
 * shm_name.h - objects of shared memory whose usual name another user may have taken.
 *
 * An object /recorder.NAME is the file /dev/shm/recorder.NAME. Everybody can make one of that name, and nobody but its
 * owner and root can remove it. Then the object of this user has the name /recorder.NAME.RANDOM (16 hexadecimal
 * digits), and that stands, with a newline, in the file recorder.NAME of the user's folder (user_folder.h), in which
 * nobody else can write. The file is replaced whole; while it is missing there is no other name.
 *
 * An object counts only if it is a plain file of this process's user that nobody else may write to.
 */
#ifndef SHARED_RING_SHM_NAME_H
#define SHARED_RING_SHM_NAME_H

#include <stdbool.h>
#include <sys/stat.h>

#include "shared/base/reason.h"
#include "shared/ring/user_folder.h"

#define SHM_NAME_BYTES 128

/* The file of the object of that name. */
void shm_name_path(const char *name, char out[SHM_NAME_BYTES]);

/* Whether an object that counts for that user has the name. */
bool shm_name_is_owned_by(const char *name, uid_t owner);

/*
 * Opens the object with this usual name, or the one that was published in its place, with `flags` of open(2). It does
 * not wait, whatever has that name. -1 with errno: ENOENT where there is neither, EPERM where what has the name does
 * not count. *status is that of the object.
 */
int shm_name_open(const char *usual, int flags, struct stat *status);

/*
 * Whether this user has no such object while another user's has the usual name, as where a recorder and the programs
 * that answer for it run as different users. The sentence says which users.
 */
bool shm_name_is_foreign(const char *usual, struct reason *out);

/* Another name that nobody can guess. False with errno. */
bool shm_name_make_alternate(const char *usual, char out[SHM_NAME_BYTES]);

/* Whether `name` is another name of the usual one, by its form. */
bool shm_name_is_alternate(const char *name, const char *usual);

/* The name that was published in the place of the usual one; false where there is none. */
bool shm_name_find_published(const char *usual, char out[SHM_NAME_BYTES]);

/* Publishes it. With `first` only if none is published yet: errno is EEXIST then. False with errno. */
bool shm_name_publish(const char *usual, const char *name, bool first);

/* From now on the usual name is the only one. */
void shm_name_withdraw(const char *usual);

/* Calls back with each object that has another name of this usual one, whoever made it. `name` begins with a slash. */
void shm_name_each_alternate(const char *usual,
			     void (*each)(void *context, const char *name, const struct stat *status), void *context);

#endif
