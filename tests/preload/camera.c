/* camera.c - the cameras that CAMERA_PRELOAD describes, and their open descriptors. */
#include "tests/preload/v4l2.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct camera cameras[CAMERAS_MAX];
static size_t camera_count;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

/* Guarded by table_lock. It is read without the lock, because a descriptor is used only by whoever has opened it. */
static _Atomic(struct handle *) handles[HANDLES_MAX];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *what, const char *which)
{
	fprintf(stderr, "camera.so: %s: %s: %s\n", what, which, strerror(errno));
	abort();
}

static void *map_file(const char *path, int flags, size_t at_least, size_t *bytes)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	struct stat about;
	void *memory;

	if (fd < 0 || fstat(fd, &about) != 0)
		give_up("cannot open", path);
	if ((size_t)about.st_size < at_least && ftruncate(fd, (off_t)at_least) != 0)
		give_up("cannot make", path);
	*bytes = (size_t)about.st_size < at_least ? at_least : (size_t)about.st_size;
	memory = mmap(NULL, *bytes, flags & O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		give_up("cannot map", path);
	close(fd);
	return memory;
}

static void mode_load(struct mode *mode, const char *path)
{
	size_t bytes;
	uint8_t *memory = map_file(path, O_RDONLY, 0, &bytes);

	mode->header = (const struct frames_header *)memory;
	mode->entries = (const struct frames_entry *)(memory + sizeof(struct frames_header));
	if (bytes < sizeof(struct frames_header) || mode->header->magic != FRAMES_MAGIC)
		give_up("not a file of frames", path);
	for (uint32_t i = 0; i < mode->header->count; i++)
		if (mode->entries[i].length > mode->largest_bytes)
			mode->largest_bytes = (uint32_t)mode->entries[i].length;
}

static void rate_load(struct camera *camera, const char *text)
{
	struct v4l2_fract *rate = &camera->rates[camera->rate_count++];

	rate->numerator = 1;
	if (sscanf(text, "%u/%u", &rate->denominator, &rate->numerator) < 1 || !rate->denominator || !rate->numerator)
		give_up("not a rate", text);
}

/* Parses key=value; lists are separated by commas. */
static void word_load(struct camera *camera, char *word)
{
	char *value = strchr(word, '='), *rest = NULL;
	size_t bytes;

	if (!value)
		give_up("not key=value", word);
	*value++ = '\0';
	if (strcmp(word, "path") == 0)
		snprintf(camera->path, sizeof(camera->path), "%s", value);
	else if (strcmp(word, "name") == 0)
		snprintf(camera->name, sizeof(camera->name), "%s", value);
	else if (strcmp(word, "bus") == 0)
		snprintf(camera->bus, sizeof(camera->bus), "%s", value);
	else if (strcmp(word, "link") == 0 && camera->link_count < LINKS_MAX)
		snprintf(camera->links[camera->link_count++], sizeof(camera->links[0]), "%s", value);
	else if (strcmp(word, "log") == 0)
		camera->log = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	else if (strcmp(word, "control") == 0)
		camera->control = map_file(value, O_RDWR | O_CREAT, CONTROL_BYTES, &bytes);
	else if (strcmp(word, "frames") == 0)
		for (char *one = strtok_r(value, ",", &rest); one && camera->mode_count < MODES_MAX;
		     one = strtok_r(NULL, ",", &rest))
			mode_load(&camera->modes[camera->mode_count++], one);
	else if (strcmp(word, "fps") == 0)
		for (char *one = strtok_r(value, ",", &rest); one && camera->rate_count < RATES_MAX;
		     one = strtok_r(NULL, ",", &rest))
			rate_load(camera, one);
	else
		give_up("unknown key", word);
}

static void line_load(char *line)
{
	struct camera *camera = &cameras[camera_count];
	char *rest = NULL;

	*camera = (struct camera){.log = -1, .name = "Preloaded camera"};
	for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		word_load(camera, word);
	if (!camera->path[0])
		return;
	if (!camera->control || !camera->mode_count || !camera->rate_count)
		give_up("needs frames=, fps= and control=", camera->path);
	sscanf(camera->path, "/dev/video%d", &camera->number);
	if (!camera->bus[0])
		snprintf(camera->bus, sizeof(camera->bus), "preload:%d", camera->number);
	camera_count++;
}

static void load(void)
{
	const char *path = getenv("CAMERA_PRELOAD");
	char line[2048];
	FILE *file;

	if (!path)
		return;
	file = fopen(path, "re");
	if (!file)
		give_up("cannot open", path);
	while (camera_count < CAMERAS_MAX && fgets(line, sizeof(line), file))
		line_load(line);
	fclose(file);
}

struct camera *camera_find(const char *path)
{
	if (!path || strncmp(path, "/dev/v", 6) != 0)
		return NULL;
	pthread_once(&loaded, load);
	for (size_t i = 0; i < camera_count; i++) {
		if (strcmp(path, cameras[i].path) == 0)
			return &cameras[i];
		for (size_t link = 0; link < cameras[i].link_count; link++)
			if (strcmp(path, cameras[i].links[link]) == 0 && !camera_fault(&cameras[i], CONTROL_LINKS_LATE))
				return &cameras[i];
	}
	return NULL;
}

uint32_t camera_fault(const struct camera *camera, enum control_fault fault)
{
	return camera->control->fault[fault];
}

bool camera_fault_use(struct camera *camera, enum control_fault fault)
{
	uint32_t left = camera->control->fault[fault];

	while (left > 0)
		if (atomic_compare_exchange_weak(&camera->control->fault[fault], &left, left - 1))
			return true;
	return false;
}

bool camera_unplugged(const struct camera *camera)
{
	return camera_fault(camera, CONTROL_UNPLUGGED) != 0;
}

bool camera_is_above(const struct handle *handle, enum control_fault kpixels)
{
	const struct frames_header *header = handle->camera->modes[handle->mode].header;
	struct v4l2_fract rate = handle->camera->rates[handle->rate];
	uint64_t limit = camera_fault(handle->camera, kpixels) * UINT64_C(1000);

	return limit && (uint64_t)header->width * header->height * rate.denominator / rate.numerator > limit;
}

static int refuse(int number)
{
	errno = number;
	return -1;
}

static bool table_add(struct handle *handle)
{
	bool added = false;

	pthread_mutex_lock(&table_lock);
	for (size_t i = 0; i < HANDLES_MAX && !added; i++) {
		if (!handles[i]) {
			handles[i] = handle;
			added = true;
		}
	}
	pthread_mutex_unlock(&table_lock);
	return added;
}

int handle_open(struct camera *camera, int flags)
{
	struct handle *handle;
	int ends[2];

	if (camera_unplugged(camera))
		return refuse(ENOENT);
	if (camera_fault(camera, CONTROL_OPEN_ERRNO))
		return refuse((int)camera_fault(camera, CONTROL_OPEN_ERRNO));
	if (pipe2(ends, (flags & O_CLOEXEC) | O_NONBLOCK) != 0)
		return -1;
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	handle = calloc(1, sizeof(*handle));
	if (!handle)
		return refuse(ENOMEM);
	*handle = (struct handle){.camera = camera, .fd = ends[0], .pipe = ends[1], .memory = -1, .process = getpid()};
	handle->nonblocking = (flags & O_NONBLOCK) != 0;
	pthread_mutex_init(&handle->lock, NULL);
	if (!table_add(handle))
		give_up("too many descriptors", camera->path);
	camera->control->counter[COUNTER_OPENS]++;
	return ends[0];
}

struct handle *handle_find(int fd)
{
	if (fd < 0)
		return NULL;
	for (size_t i = 0; i < HANDLES_MAX; i++) {
		struct handle *handle = handles[i];

		if (handle && handle->fd == fd)
			return handle;
	}
	return NULL;
}

void handle_close(struct handle *handle)
{
	/* A child between fork and exec has a copy of the table, but not of the thread. */
	if (handle->process != getpid())
		return;
	for (size_t i = 0; i < HANDLES_MAX; i++)
		if (handles[i] == handle)
			handles[i] = NULL;
	stream_stop(handle);
	v4l2_buffers_release(handle);
	handle->camera->control->counter[COUNTER_CLOSES]++;
	if (handle->pipe >= 0)
		close(handle->pipe);
	pthread_mutex_destroy(&handle->lock);
	free(handle);
}
