/*
 * ring_object.h - the object of shared memory that a recorder has left (ring.h): whether it may be taken, whether what
 * it says agrees with itself, and how its memory is given back. Linked by recorderd only.
 *
 * Everybody can make an object of any name in RING_FOLDER. One is taken only where it is a plain file of this user;
 * what another user made is neither believed nor removed. What others may write to is not believed.
 */
#ifndef RECORDERD_RING_RING_OBJECT_H
#define RECORDERD_RING_RING_OBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"
#include "shared/ring/ring_layout.h"

#define RING_FOLDER     "/dev/shm"
#define RING_NEW_SUFFIX ".new" /* of an object while frames are carried into it: no camera's name has a full stop */

enum ring_object_outcome {
	RING_OBJECT_FOUND,
	RING_OBJECT_ABSENT,
	RING_OBJECT_FOREIGN, /* it is of another user, or no plain file, or cannot be opened */
};

/* A found object. Zeroed but for fd = -1: none. */
struct ring_object {
	int fd;
	struct ring_header *header; /* the mapping; NULL where it has no layout that this program knows */
	struct ring_layout layout;  /* of the mapping */
};

/*
 * Opens the object of that name (/recorder.NAME), which shall belong to `owner`, and maps it where its layout is known.
 * *out is to be closed where it was found. For all other outcomes `why` is the sentence. The caller holds the camera's
 * lock (recorderd/lock/instance_lock.h): nothing about the object says whether there is a writer.
 */
enum ring_object_outcome ring_object_open(const char *name, uid_t owner, struct ring_object *out, struct reason *why);

/* True where what a dead writer left can be gone on with; else `why` says what speaks against it. */
bool ring_object_can_take_over(const struct ring_object *object, struct reason *why);

/* True while the name stands for this object. */
bool ring_object_has_name(int fd, const char *name);

/* Positions [from, to) of the data: their pages are given back, and nothing of them may be read any more. */
void ring_object_punch(const struct ring_object *object, uint64_t from, uint64_t to);

/*
 * Removes its name, if that still stands for it, and gives the memory of the frames back to the system at once, also
 * where readers still map the object: they see it closed, and no frame of it as whole but the newest, which live view
 * goes on showing for some seconds. That one, the header and the index stay until the last reader has gone.
 */
void ring_object_remove(struct ring_object *object, const char *name);

/* Unmaps and closes. Safe on one that is none. */
void ring_object_close(struct ring_object *object);

/* Maps the open object, for writing. False with errno. */
bool ring_object_map(struct ring_object *object, const struct ring_layout *layout);

/* Wakes everybody who waits for the next frame (ring.h). */
void ring_object_wake(struct ring_header *header);

#endif
