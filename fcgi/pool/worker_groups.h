/*
 * worker_groups.h - the groups of recorder-api's workers: a disk that does not respond blocks only the requests
 * that need it.
 *
 * The front workers (group 0) read every request and respond to those that need no disk; their sandbox lets them
 * into no folder. Requests that need the folders of a camera are passed on to the group of that camera
 * (request_pass.h), whose workers may use those folders and no others. A process that waits for a disk that does
 * not respond cannot even be killed, so a group has few processes, and the groups of other cameras go on.
 *
 * One group serves all remote cameras (remote_cameras.h): it uses the cache of recorder-fetch, which is one folder.
 *
 * The channel to a group (handover.h) exists as long as its camera is configured. A request that was passed on
 * before the configuration changed is taken by a worker that knows the new configuration.
 */
#ifndef FCGI_POOL_WORKER_GROUPS_H
#define FCGI_POOL_WORKER_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/pool/worker_slots.h"
#include "shared/config/config.h"

#define GROUP_FRONT 0u

/* The name of the group for all remote cameras, of which there may be a thousand; no camera can have it. */
#define GROUP_REMOTE_NAME "*"

struct worker_group {
	char camera[CONFIG_NAME_BYTES]; /* empty: the front workers, or a group that is no longer used */
	int send_fd, receive_fd;        /* -1 without a camera */
	bool hang_logged;
};

/* The number of a group is its index. Zeroed: empty. */
struct worker_groups {
	struct worker_group *group;
	size_t count;
};

/* Adapts the groups to the cameras. False with errno; the existing groups remain usable. */
bool worker_groups_follow(struct worker_groups *groups, const struct config_set *cameras,
			  const struct worker_slots *slots);
void worker_groups_free(struct worker_groups *groups);

/* The number of the camera's group; GROUP_FRONT if it has none. */
uint32_t worker_groups_find(const struct worker_groups *groups, const struct config *camera);

/* Whether it is the group of all remote cameras. */
bool worker_group_is_remote(const struct worker_groups *groups, uint32_t group);

/* In a worker of group `own`: closes the ends of channels that it does not need. */
void worker_groups_close_unused(const struct worker_groups *groups, uint32_t own);

/* Logs when a group begins to hang, and when it stops hanging. */
void worker_groups_log_hangs(struct worker_groups *groups, const struct worker_slots *slots);

#endif
