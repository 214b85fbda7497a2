/*
 * ring_object.h - the shared memory object that an earlier recorder left (ring.h).
 *
 * Tells whether it may be taken over and whether its header is consistent, and gives its memory back. Linked by
 * recorderd only.
 *
 * Anybody can create an object of any name in RING_FOLDER. Only a regular file of this user is taken; what another user
 * made is neither trusted nor removed. Nor is an object trusted that others may write to.
 */
#ifndef RECORDERD_RING_RING_OBJECT_H
#define RECORDERD_RING_RING_OBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"
#include "shared/ring/ring_layout.h"

#define RING_FOLDER     "/dev/shm"
#define RING_NEW_SUFFIX ".new" /* while frames are copied into a new object; no camera's name has a full stop */

enum ring_object_outcome {
	RING_OBJECT_FOUND,
	RING_OBJECT_ABSENT,
	RING_OBJECT_FOREIGN, /* of another user, not a regular file, or impossible to open */
};

/* Zeroed but for fd = -1: no object. */
struct ring_object {
	int fd;
	struct ring_header *header; /* the mapping; NULL if this program does not know the layout */
	struct ring_layout layout;  /* of the mapping */
};

/*
 * Opens the object of that name (/recorder.NAME), which must belong to `owner`, and maps it if its layout is known. If
 * it was found, the caller closes *out; otherwise *why says what is wrong. The caller must hold the camera's lock
 * (recorderd/lock/instance_lock.h), since nothing in the object says whether it has a writer.
 */
enum ring_object_outcome ring_object_open(const char *name, uid_t owner, struct ring_object *out, struct reason *why);

/* True if a new writer can continue what a dead one left; otherwise *why says why not. */
bool ring_object_can_take_over(const struct ring_object *object, struct reason *why);

/* True while `name` refers to this object. */
bool ring_object_has_name(int fd, const char *name);

/* Gives back the pages of the data at positions [from, to). Nothing there may be read any more. */
void ring_object_punch(const struct ring_object *object, uint64_t from, uint64_t to);

/*
 * Removes the name if it still refers to this object, and gives the memory of the frames back at once, even while
 * readers have the object mapped. They see it closed, and no frame in it is whole but the newest, which live view keeps
 * showing for some seconds. That frame, the header and the index stay until the last reader has gone.
 */
void ring_object_remove(struct ring_object *object, const char *name);

/* The same, but no frame is whole: none may be shown any more. */
void ring_object_empty(struct ring_object *object, const char *name);

/* The same, but its frames stay until the last reader has gone. */
void ring_object_retire(struct ring_object *object, const char *name);

/* Unmaps and closes it. Safe if there is no object. */
void ring_object_close(struct ring_object *object);

/* Maps the open object for writing. False with errno. */
bool ring_object_map(struct ring_object *object, const struct ring_layout *layout);

/* Wakes all readers that wait for the next frame (ring.h). */
void ring_object_wake(struct ring_header *header);

#endif
