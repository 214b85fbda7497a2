/*
 * worker_groups.h - the workers of recorder-api are in groups, so that a disk that does not answer holds up nobody but
 * who waits for it.
 *
 * The front (group 0) reads every request and answers whatever needs no disk; its workers have no right to any folder.
 * What needs the folders of a camera they pass on to the group of that camera (request_pass.h), whose workers have the
 * rights to those and to no other. A process that waits for a disk that does not answer cannot even be killed; so a
 * group has few of them, and the groups of other cameras are not held up.
 *
 * The way to a group (handover.h) stays for as long as its camera is configured: a request that was passed on
 * before the configuration changed is taken by a worker that knows the new one.
 */
#ifndef FCGI_POOL_WORKER_GROUPS_H
#define FCGI_POOL_WORKER_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/pool/worker_slots.h"
#include "shared/config/config.h"

#define GROUP_FRONT 0u

struct worker_group {
	char camera[CONFIG_NAME_BYTES]; /* empty: the front, or none any more */
	int send_fd, receive_fd;        /* -1 where there is no camera */
	bool hang_logged;               /* in the log */
};

/* The number of a group is its place. A zeroed one is empty. */
struct worker_groups {
	struct worker_group *group;
	size_t count;
};

/* Makes the groups fit the cameras. False with errno; those that are there stay good. */
bool worker_groups_follow(struct worker_groups *groups, const struct config_set *cameras,
			  const struct worker_slots *slots);
void worker_groups_finish(struct worker_groups *groups);

/* The number of the camera's group; GROUP_FRONT where it has none. */
uint32_t worker_groups_find(const struct worker_groups *groups, const char *camera);

/* In a worker of group `own`: closes the ends of ways that it does not need. */
void worker_groups_close_unused(const struct worker_groups *groups, uint32_t own);

/* Says in the log of each group when it begins to hang, and when it no longer does. */
void worker_groups_log_hangs(struct worker_groups *groups, const struct worker_slots *slots);

#endif
