/*
 * user_folder.h - the folder of one user's recorders, /dev/shm/recorder-UID (mode 0750): what no other user may hold,
 * forge or block.
 *
 *     NAME.lock/       a folder (0700) on which the recorder of the camera NAME holds a lock
 * (recorderd/lock/instance_lock.h) NAME.control     its control socket (shared/ring/control.h) OBJECT           the
 * name that an object of shared memory has instead of /dev/shm/OBJECT (shared/ring/shm_name.h)
 *
 * Everybody can make something in /dev/shm, and nobody can remove what another user made there. If the name is taken,
 * the folder is recorder-UID.RANDOM (16 hexadecimal digits): it is known by its owner, type and mode. It lies beside
 * the rings, so that who shares those shares the locks too, whatever else of the file system is private to a service or
 * a container. It is never removed: a program that runs for long goes on with the path that it has found.
 */
#ifndef SHARED_RING_USER_FOLDER_H
#define SHARED_RING_USER_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"

#define SHM_FOLDER        "/dev/shm"
#define USER_FOLDER_BYTES 64
#define RANDOM_DIGITS     16

/* The folder of that user; false where there is none. */
bool user_folder_find(uid_t uid, char out[USER_FOLDER_BYTES]);

/* The folder of this process's user, made where it is missing. False with a sentence. */
bool user_folder_create(char out[USER_FOLDER_BYTES], struct reason *why);

/*
 * That folder as it was found or made; the usual path where it was not. Also for a process in a sandbox that may not
 * list /dev/shm, if it has called user_folder_create() before. May be called from any thread.
 */
void user_folder_own(char out[USER_FOLDER_BYTES]);

/* RANDOM_DIGITS hexadecimal digits that nobody can guess, and a NUL. False with errno. */
bool random_digits(char out[RANDOM_DIGITS + 1]);

/* Whether the text is such digits and nothing else. */
bool is_random_digits(const char *text);

#endif
