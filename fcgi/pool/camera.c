/* camera.c - one camera as a worker sees it: its ring and its folders. */
#include "fcgi/pool/camera.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/config/mount_need.h"

void camera_init(struct api_camera *camera, const struct config *config)
{
	*camera = (struct api_camera){.config = config};
	config_ring_name(config, camera->ring_name);
}

void camera_free(struct api_camera *camera)
{
	ring_reader_close(camera->ring);
	timeline_cache_free(camera->timeline);
	motion_summaries_free(camera->motion);
	camera->ring = NULL;
	camera->timeline = NULL;
	camera->motion = NULL;
}

const struct ring_reader *camera_ring(struct api_camera *camera)
{
	struct reason why;

	if (camera_has_no_recorder(camera))
		return NULL;
	if (camera->ring && ring_reader_is_current(camera->ring, camera->ring_name))
		return camera->ring;
	ring_reader_close(camera->ring);
	camera->ring = ring_reader_open(camera->ring_name, &why);
	return camera->ring;
}

bool camera_state(struct api_camera *camera, struct recorder_state *out)
{
	const struct ring_reader *ring = camera_ring(camera);

	if (ring && ring_reader_state(ring, out))
		return ring_reader_is_alive(ring, out);
	*out = (struct recorder_state){0};
	return false;
}

/* A dangling link is not the same as a missing folder: its disk may be away. */
static bool is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* If the disk is not mounted, the files in the folder below the mount point are not ours. */
static int folder_open(const char *path, const char *mount_need)
{
	struct reason why;

	if (!mount_need_is_met(mount_need, path, &why))
		return -1;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 && errno == ENOENT)
		errno = is_link(path) ? ENOLINK : ENOENT;
	return folder;
}

/* True if the recorder is running and has recorded something. */
static bool has_recorded(const struct api_camera *camera)
{
	struct api_camera copy = {0};
	struct recorder_state state;

	camera_init(&copy, camera->config);
	bool has = camera_state(&copy, &state) && (state.segments > 0 || state.indexed_wall_us > 0);
	camera_free(&copy);
	return has;
}

static bool lacks_list(int folder, int error)
{
	if (folder < 0)
		return camera_folder_is_missing(error);
	return faccessat(folder, CATALOGUE_FILE, F_OK, 0) != 0 && errno == ENOENT;
}

/*
 * Right after a disk was mounted or unmounted, the recorder still has another folder than the one found here. A
 * folder without a list of recordings is not an empty archive then; the recorder follows in a moment.
 */
static int check_folder_is_current(const struct api_camera *camera, int folder)
{
	int error = errno;

	if (lacks_list(folder, error) && has_recorded(camera)) {
		if (folder >= 0)
			close(folder);
		folder = -1;
		error = EXDEV;
	}
	errno = error;
	return folder;
}

int camera_open_recordings(const struct api_camera *camera)
{
	const struct config_record *record = &camera->config->record;

	return check_folder_is_current(camera, folder_open(record->directory, record->require_mount));
}

int camera_open_clips(const struct api_camera *camera)
{
	return folder_open(camera->config->clips.directory, camera->config->clips.require_mount);
}

bool camera_folder_is_missing(int error)
{
	return error == ENOENT;
}

/* Makes the folder and its parent: with several cameras, the folder is clips/NAME. False with errno. */
static bool folder_make(const char *path)
{
	char above[PATH_MAX];
	char *slash;

	snprintf(above, sizeof(above), "%s", path);
	slash = strrchr(above, '/');
	if (slash && slash > above) {
		*slash = '\0';
		mkdir(above, 0750);
	}
	return mkdir(path, 0750) == 0 || errno == EEXIST;
}

int camera_make_clips(const struct api_camera *camera)
{
	if (camera_has_no_recorder(camera)) {
		errno = ENOENT;
		return -1;
	}
	int folder = camera_open_clips(camera);

	if (folder >= 0 || errno != ENOENT || !folder_make(camera->config->clips.directory))
		return folder;
	return camera_open_clips(camera);
}

/* Where the segments before the first open one end; 0 if there are none. */
static int64_t closed_end_us(const struct catalogue *list)
{
	struct catalogue_entry entry;
	uint64_t open, end;

	if (!catalogue_range(list, INT64_MAX - 1, INT64_MAX, &open, &end) || open == 0 ||
	    catalogue_read(list, open - 1, 1, &entry) != 1)
		return 0;
	return entry.max_end_wall_us;
}

static bool list_span(const struct catalogue *list, int64_t *from_us, int64_t *to_us)
{
	struct catalogue_entry entry;

	errno = list->entries == 0 ? 0 : EBADMSG;
	if (list->entries == 0 || catalogue_read(list, 0, 1, &entry) != 1)
		return false;
	*from_us = entry.min_start_wall_us;
	if (catalogue_read(list, list->entries - 1, 1, &entry) != 1)
		return false;
	*to_us = entry.max_end_wall_us;
	if (entry.max_end_wall_us != INT64_MAX)
		return true;
	/*
	 * The list does not know where an open segment ends. An earlier one may end later, if the clock was set
	 * back.
	 */
	int64_t closed_us = closed_end_us(list), now_us = wall_now().us;
	*to_us = closed_us > now_us ? closed_us : now_us;
	return true;
}

bool camera_archive_span(const struct api_camera *camera, int64_t *from_us, int64_t *to_us)
{
	struct catalogue list;
	bool found = false;
	int folder = camera_open_recordings(camera);

	if (folder >= 0 && catalogue_open(folder, &list) == CATALOGUE_OK) {
		found = list_span(&list, from_us, to_us);
		catalogue_close(&list);
	}
	int error = camera_folder_is_missing(errno) ? 0 : errno;
	if (folder >= 0)
		close(folder);
	errno = error;
	return found;
}
