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

static uint32_t find_named(const struct worker_groups *groups, const char *name)
{
	for (size_t i = 1; i < groups->count; i++)
		if (strcmp(groups->group[i].camera, name) == 0)
			return (uint32_t)i;
	return GROUP_FRONT;
}

/* NULL: it needs no group. */
static const char *group_name_of(const struct config *camera)
{
	if (camera->viewer)
		return NULL;
	return camera->remote ? GROUP_REMOTE_NAME : camera->camera.name;
}

static bool is_needed(const struct config_set *cameras, const char *name)
{
	if (strcmp(name, GROUP_REMOTE_NAME) == 0)
		return config_set_reader(cameras) != NULL;
	const struct config *camera = config_set_find(cameras, name);
	return camera && !camera->remote && !camera->viewer;
}

static bool add_if_missing(struct worker_groups *groups, const char *name, const struct worker_slots *slots)
{
	return find_named(groups, name) != GROUP_FRONT || group_add(groups, name, slots);
}

bool worker_groups_follow(struct worker_groups *groups, const struct config_set *cameras,
			  const struct worker_slots *slots)
{
	bool all_added = true;

	for (size_t i = 1; i < groups->count; i++)
		if (is_camera(&groups->group[i]) && !is_needed(cameras, groups->group[i].camera))
			ends_close(&groups->group[i]);
	for (size_t i = 0; i < cameras->count; i++) {
		const char *name = group_name_of(&cameras->cameras[i]);
		if (name)
			all_added = add_if_missing(groups, name, slots) && all_added;
	}
	if (config_set_reader(cameras)) /* it finds out which cameras there are */
		all_added = add_if_missing(groups, GROUP_REMOTE_NAME, slots) && all_added;
	return all_added;
}

void worker_groups_free(struct worker_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		ends_close(&groups->group[i]);
	free(groups->group);
	*groups = (struct worker_groups){0};
}

uint32_t worker_groups_find(const struct worker_groups *groups, const struct config *camera)
{
	const char *name = group_name_of(camera);

	return name ? find_named(groups, name) : GROUP_FRONT;
}

bool worker_group_is_remote(const struct worker_groups *groups, uint32_t group)
{
	return group != GROUP_FRONT && strcmp(groups->group[group].camera, GROUP_REMOTE_NAME) == 0;
}

/* As the log calls what the group reads. */
static void describe(const struct worker_group *group, char out[80])
{
	if (strcmp(group->camera, GROUP_REMOTE_NAME) == 0)
		snprintf(out, 80, "cache of recorder-fetch");
	else
		snprintf(out, 80, "archive of camera %s", group->camera);
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
		char what[80];
		bool hangs = is_camera(group) && worker_slots_hang_us(slots, (uint32_t)i) > 0;

		describe(group, what);
		if (hangs && !group->hang_logged)
			log_error("api",
				  "the %s does not respond to reads; requests that need no disk are still served",
				  what);
		if (!hangs && group->hang_logged)
			log_info("api", "the %s responds to reads again", what);
		group->hang_logged = hangs;
	}
}
