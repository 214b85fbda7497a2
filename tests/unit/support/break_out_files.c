/* break_out_files.c - attempts at files that a sandboxed program must not reach, and at some that it needs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/break_out.h"

int try_read_passwd(void)
{
	return attempt_open("/etc/passwd", O_RDONLY);
}

int try_read_configuration(void)
{
	return attempt_open(target.secret, O_RDONLY);
}

int try_list_root(void)
{
	return attempt_open("/", O_RDONLY | O_DIRECTORY);
}

int try_write_recording(void)
{
	return attempt_open(target.recording, O_WRONLY);
}

int try_make_recording(void)
{
	return attempt_open(path_within(target.camera.record.directory, "forged.mp4"), O_WRONLY | O_CREAT);
}

int try_remove_recording(void)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%s.copy", target.recording);
	return attempt_errno(unlink(copy));
}

int try_truncate_recording(void)
{
	return attempt_errno(truncate(target.recording, 0));
}

int try_read_recording(void)
{
	return attempt_open(target.recording, O_RDONLY);
}

int try_lease_recording(void)
{
	int fd = open(target.recording, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : attempt_errno(fcntl(fd, F_SETLEASE, F_RDLCK));
}

int try_follow_link_out_of_clips(void)
{
	const char *link = path_within(target.camera.clips.directory, "link.mp4");

	return symlink("/etc/passwd", link) != 0 && errno != EEXIST ? errno : attempt_open(link, O_RDONLY);
}

int try_link_into_clips(void)
{
	return attempt_errno(link(target.secret, path_within(target.camera.clips.directory, "linked.mp4")));
}

int try_make_device_in_clips(void)
{
	return attempt_errno(mkfifo(path_within(target.camera.clips.directory, "pipe"), 0600));
}

int try_keep_clip(void)
{
	char temporary[PATH_MAX + 64];

	snprintf(temporary, sizeof(temporary), "%s", path_within(target.camera.clips.directory, ".new.part"));
	int fd = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || ftruncate(fd, 0) != 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0)
		return errno;
	return attempt_errno(rename(temporary, path_within(target.camera.clips.directory, "new.mp4")));
}

int try_make_cache(void)
{
	const char *path = path_within(target.camera.clips.directory, "cache");

	return mkdir(path, 0750) != 0 && errno != EEXIST ? errno : attempt_open(path, O_RDONLY | O_DIRECTORY);
}
