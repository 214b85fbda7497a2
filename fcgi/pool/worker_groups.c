/* worker_groups.c - the groups of recorder-api's workers. */
#include "fcgi/pool/worker_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/pool/handover.h"
#include "shared/base/log.h"

/* Room for a few dozen requests; others wait in the front workers. */
#define CHANNEL_BYTES (32 << 10)

static bool is_camera(const struct worker_group *group)
{
	return *group->camera != '\0';
}

static void ends_close(struct worker_group *group)
{
	if (is_camera(group)) {
		close(group->send_fd);
		close(group->receive_fd);
	}
	*group = (struct worker_group){.send_fd = -1, .receive_fd = -1};
}

/* Returns an unused group that no worker of its former camera is in, or a new one. NULL with errno. */
static struct worker_group *find_free_group(struct worker_groups *groups, const struct worker_slots *slots)
{
	for (size_t i = 1; i < groups->count; i++)
		if (!is_camera(&groups->group[i]) && worker_slots_taken(slots, (uint32_t)i) == 0)
			return &groups->group[i];
	size_t first = groups->count ? groups->count : 1; /* group 0 is the front */
	struct worker_group *grown = reallocarray(groups->group, first + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	for (size_t i = groups->count; i <= first; i++)
		grown[i] = (struct worker_group){.send_fd = -1, .receive_fd = -1};
	groups->group = grown;
	groups->count = first + 1;
	return &grown[first];
}

static bool group_add(struct worker_groups *groups, const char *camera, const struct worker_slots *slots)
{
	struct worker_group *group = find_free_group(groups, slots);

	if (!group || !handover_channel(CHANNEL_BYTES, &group->send_fd, &group->receive_fd))
		return false;
	snprintf(group->camera, sizeof(group->camera), "%s", camera);
	return true;
}

bool worker_groups_follow(struct worker_groups *groups, const struct config_set *cameras,
			  const struct worker_slots *slots)
{
	bool all_added = true;

	for (size_t i = 1; i < groups->count; i++)
		if (is_camera(&groups->group[i]) && !config_set_find(cameras, groups->group[i].camera))
			ends_close(&groups->group[i]);
	for (size_t i = 0; i < cameras->count; i++) {
		const char *camera = cameras->cameras[i].camera.name;
		if (worker_groups_find(groups, camera) == GROUP_FRONT)
			all_added = group_add(groups, camera, slots) && all_added;
	}
	return all_added;
}

void worker_groups_free(struct worker_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		ends_close(&groups->group[i]);
	free(groups->group);
	*groups = (struct worker_groups){0};
}

uint32_t worker_groups_find(const struct worker_groups *groups, const char *camera)
{
	for (size_t i = 1; i < groups->count; i++)
		if (strcmp(groups->group[i].camera, camera) == 0)
			return (uint32_t)i;
	return GROUP_FRONT;
}

void worker_groups_close_unused(const struct worker_groups *groups, uint32_t own)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (!is_camera(&groups->group[i]))
			continue;
		close(groups->group[i].receive_fd);
		if (own != GROUP_FRONT)
			close(groups->group[i].send_fd);
	}
}

void worker_groups_log_hangs(struct worker_groups *groups, const struct worker_slots *slots)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct worker_group *group = &groups->group[i];
		bool hangs = is_camera(group) && worker_slots_hang_us(slots, (uint32_t)i) > 0;

		if (hangs && !group->hang_logged)
			log_error("api",
				  "the archive of camera %s does not respond to reads; requests that need no disk "
				  "are still served",
				  group->camera);
		if (!hangs && group->hang_logged)
			log_info("api", "the archive of camera %s responds to reads again", group->camera);
		group->hang_logged = hangs;
	}
}
