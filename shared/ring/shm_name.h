/*
 * shm_name.h - objects of shared memory whose usual name another user may have taken.
 *
 * An object /recorder.NAME is the file /dev/shm/recorder.NAME. Any user can create a file of that name, and only its
 * owner and root can remove it. This user's object then has an alternate name, /recorder.NAME.RANDOM (16 hexadecimal
 * digits). The alternate name is published in the file recorder.NAME in the user's folder (user_folder.h), followed by
 * a newline; nobody else can write to that folder. The file is always replaced as a whole. Without the file there is no
 * alternate name.
 *
 * An object is trusted only if it is a plain file that belongs to this process's user and that nobody else may write
 * to.
 */
#ifndef SHARED_RING_SHM_NAME_H
#define SHARED_RING_SHM_NAME_H

#include <stdbool.h>
#include <sys/stat.h>

#include "shared/base/reason.h"
#include "shared/ring/user_folder.h"

#define SHM_NAME_BYTES 128

/* The object of that name as a file. */
void shm_name_path(const char *name, char out[SHM_NAME_BYTES]);

/* Whether an object of that name exists that programs of that user trust. */
bool shm_name_is_owned_by(const char *name, uid_t owner);

/*
 * Opens the object with this usual name, or the one that was published in its place, with `flags` of open(2). It never
 * waits, whatever kind of file has the name. Returns -1 and sets errno: ENOENT if there is neither, EPERM if what has
 * the name cannot be trusted. *status is that of the object.
 */
int shm_name_open(const char *usual, int flags, struct stat *status);

/*
 * Whether this user has no such object, but another user has one with the usual name. That happens if recorderd and the
 * programs that answer for it run as different users. Sets *out to a sentence that names the users.
 */
bool shm_name_is_foreign(const char *usual, struct reason *out);

/* Makes an alternate name that nobody can guess. Returns false and sets errno. */
bool shm_name_make_alternate(const char *usual, char out[SHM_NAME_BYTES]);

/* Whether `name` has the form of an alternate name for the usual one. */
bool shm_name_is_alternate(const char *name, const char *usual);

/* The alternate name that was published for the usual one; false if there is none. */
bool shm_name_find_published(const char *usual, char out[SHM_NAME_BYTES]);

/*
 * Publishes an alternate name. With `first` only if none is published yet; otherwise errno is EEXIST. Returns false and
 * sets errno.
 */
bool shm_name_publish(const char *usual, const char *name, bool first);

/* Makes the usual name the only one again. */
void shm_name_withdraw(const char *usual);

/* Calls back for each object, of any user, with an alternate name of this usual one. `name` begins with a slash. */
void shm_name_each_alternate(const char *usual,
			     void (*each)(void *context, const char *name, const struct stat *status), void *context);

#endif
