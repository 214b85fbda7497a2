/*
 * user_folder.h - the folder of one user's recorders, /dev/shm/recorder-UID (mode 0750).
 *
 * It contains what no other user may hold, forge or block:
 *
 *     NAME.lock/      a folder (0700) on which the recorder of the camera NAME holds a lock
 *                     (recorderd/lock/instance_lock.h)
 *     NAME.control    the control socket of that recorder (shared/ring/control.h)
 *     OBJECT          the alternate name of the object of shared memory /dev/shm/OBJECT (shared/ring/shm_name.h)
 *
 * Any user can create files in /dev/shm, and nobody can remove those of another user. If the folder's name is taken,
 * the folder is recorder-UID.RANDOM (16 hexadecimal digits) and is recognised by its owner, type and mode. It is in
 * /dev/shm like the rings, so programs that share the rings also share the locks, whatever else of the file system is
 * private to a service or a container. It is never removed, so a long-running program can keep using the path that it
 * found.
 */
#ifndef SHARED_RING_USER_FOLDER_H
#define SHARED_RING_USER_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"

#define SHM_FOLDER        "/dev/shm"
#define USER_FOLDER_BYTES 64
#define RANDOM_DIGITS     16

/* The folder of that user; false if there is none. */
bool user_folder_find(uid_t uid, char out[USER_FOLDER_BYTES]);

/* The folder of this process's user, created if it is missing. Returns false and sets *why. */
bool user_folder_create(char out[USER_FOLDER_BYTES], struct reason *why);

/*
 * The folder of this process's user as it was found or created; the usual path if there is none. It also works in a
 * sandbox in which the process may not list /dev/shm, if the process called user_folder_create() before. Any thread may
 * call it.
 */
void user_folder_own(char out[USER_FOLDER_BYTES]);

/* RANDOM_DIGITS hexadecimal digits that nobody can guess, and a NUL. Returns false and sets errno. */
bool random_digits(char out[RANDOM_DIGITS + 1]);

/* Whether the text consists of such digits only. */
bool is_random_digits(const char *text);

#endif
