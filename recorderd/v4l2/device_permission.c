/* device_permission.c - why a video node cannot be used, and what to do about it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/v4l2/device_query.h"

#define GROUPS_MAX 256

static void user_name(uid_t uid, char *out, size_t bytes)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(out, bytes, "%s", user->pw_name);
	else
		snprintf(out, bytes, "%u", (unsigned)uid);
}

static bool is_member(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return getegid() == group;
}

static void explain_group(gid_t gid, struct reason *why)
{
	const struct group *group = getgrgid(gid);
	char user[40], name[24];

	user_name(geteuid(), user, sizeof(user));
	snprintf(name, sizeof(name), "%u", (unsigned)gid);
	if (is_member(gid))
		reason_set(why, "no permission to open the device, although the user %s is in its group", user);
	else
		reason_set(
			why,
			"no permission to open the device: add the user %s to the group %.32s (sudo usermod -aG %.32s "
			"%s), then log in again or restart the service",
			user, group ? group->gr_name : name, group ? group->gr_name : name, user);
}

void device_explain_forbidden(const char *path, int error, struct reason *why)
{
	struct stat status;
	char owner[40];

	if (error == EPERM) {
		reason_set(why,
			   "the system does not let this process open the device: a container needs it in --device "
			   "or devices:, a service in DeviceAllow=");
	} else if (stat(path, &status) != 0) {
		reason_set(why, "no permission to open the device");
	} else if ((status.st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP)) {
		explain_group(status.st_gid, why);
	} else {
		user_name(status.st_uid, owner, sizeof(owner));
		reason_set(why,
			   "no permission to open the device: only the user %s may (mode %04o); sudo chmod g+rw %s "
			   "allows its group to",
			   owner, (unsigned)(status.st_mode & 07777), path);
	}
}

void device_explain_sensor(const struct device *device, struct reason *why)
{
	reason_set(why,
		   "%.40s (%.40s, driver %.20s) is a bare image sensor, which only libcamera can operate: feed its "
		   "pictures to a v4l2loopback device and record that one (docs/operating.md, \"Camera modules\")",
		   device->model, device->path, device->driver);
}

void device_model(const char *path, char *out, size_t bytes)
{
	char node[PATH_MAX], file[PATH_MAX];
	const char *name;

	device_resolve(path, node);
	name = strrchr(node, '/');
	snprintf(file, sizeof(file), "/sys/class/video4linux/%.64s/name", name ? name + 1 : node);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, out, bytes - 1);

	if (fd >= 0)
		close(fd);
	out[length > 0 ? length : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (!out[0])
		snprintf(out, bytes, "the camera");
}
