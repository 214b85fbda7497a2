/* worker_groups.c - see worker_groups.h. */
#include "fcgi/pool/worker_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/pool/handover.h"
#include "shared/base/log.h"

/* Room for some dozens of requests: what does not fit waits in the front workers. */
#define WAY_BYTES (32 << 10)

static bool is_camera(const struct api_group *group)
{
	return *group->camera != '\0';
}

static void ends_close(struct api_group *group)
{
	if (is_camera(group)) {
		close(group->give_fd);
		close(group->take_fd);
	}
	*group = (struct api_group){.give_fd = -1, .take_fd = -1};
}

/* A place that no worker of an earlier camera uses any more, or a new one. */
static struct api_group *place_for(struct api_groups *groups, const struct api_slots *slots)
{
	for (size_t i = 1; i < groups->count; i++)
		if (!is_camera(&groups->group[i]) && api_slots_taken(slots, (uint32_t)i) == 0)
			return &groups->group[i];
	size_t first = groups->count ? groups->count : 1; /* the front comes first */
	struct api_group *grown = reallocarray(groups->group, first + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	for (size_t i = groups->count; i <= first; i++)
		grown[i] = (struct api_group){.give_fd = -1, .take_fd = -1};
	groups->group = grown;
	groups->count = first + 1;
	return &grown[first];
}

static bool group_add(struct api_groups *groups, const char *camera, const struct api_slots *slots)
{
	struct api_group *group = place_for(groups, slots);

	if (!group || !handover_way(WAY_BYTES, &group->give_fd, &group->take_fd))
		return false;
	snprintf(group->camera, sizeof(group->camera), "%s", camera);
	return true;
}

bool groups_follow(struct api_groups *groups, const struct config_set *cameras, const struct api_slots *slots)
{
	bool good = true;

	for (size_t i = 1; i < groups->count; i++)
		if (is_camera(&groups->group[i]) && !config_set_find(cameras, groups->group[i].camera))
			ends_close(&groups->group[i]);
	for (size_t i = 0; i < cameras->count; i++) {
		const char *camera = cameras->cameras[i].camera.name;
		if (groups_find(groups, camera) == GROUP_FRONT)
			good = group_add(groups, camera, slots) && good;
	}
	return good;
}

void groups_finish(struct api_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		ends_close(&groups->group[i]);
	free(groups->group);
	*groups = (struct api_groups){0};
}

uint32_t groups_find(const struct api_groups *groups, const char *camera)
{
	for (size_t i = 1; i < groups->count; i++)
		if (strcmp(groups->group[i].camera, camera) == 0)
			return (uint32_t)i;
	return GROUP_FRONT;
}

void groups_close_others(const struct api_groups *groups, uint32_t own)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (!is_camera(&groups->group[i]))
			continue;
		close(groups->group[i].take_fd);
		if (own != GROUP_FRONT)
			close(groups->group[i].give_fd);
	}
}

void groups_say(struct api_groups *groups, const struct api_slots *slots)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct api_group *group = &groups->group[i];
		bool hangs = is_camera(group) && api_slots_hang_us(slots, (uint32_t)i) > 0;

		if (hangs && !group->hangs_said)
			log_error("api", "the archive of \"%s\" does not answer reads; what needs no disk goes on",
				  group->camera);
		if (!hangs && group->hangs_said)
			log_info("api", "the archive of \"%s\" answers reads again", group->camera);
		group->hangs_said = hangs;
	}
}
