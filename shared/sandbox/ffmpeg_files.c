/* ffmpeg_files.c - grants FFmpeg the files that it needs. */
#include "shared/sandbox/ffmpeg_files.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH    "/usr/bin:/bin"
#define VIDEO_NODES_MAX 256u
#define LINE_BYTES      256
#define LOADER_CACHE    "/etc/ld.so.cache"
#define FOLDERS_KNOWN   32

/* Joins `length` bytes of a text and `end`. Returns false if the result is too long for a path. */
static bool join(char out[PATH_MAX], const char *text, size_t length, const char *end)
{
	size_t end_length = strlen(end);

	if (length + end_length >= PATH_MAX)
		return false;
	memcpy(out, text, length);
	memcpy(out + length, end, end_length + 1);
	return true;
}

static void join_number(char out[PATH_MAX], const char *text, unsigned number)
{
	char digits[16], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	(void)join(out, text, strlen(text), at);
}

/* Takes the next absolute path of a list and appends `end`. Returns false at the end of the list. */
static bool next_path(const char **list, const char *separators, const char *end, char out[PATH_MAX])
{
	while (*list && **list) {
		const char *at = *list;
		size_t length = strcspn(at, separators);
		*list = at + length + (at[length] != '\0');
		if (*at == '/' && length > 1 && join(out, at, length, end))
			return true;
	}
	return false;
}

static const char *search_path(void)
{
	const char *path = getenv("PATH");

	return path ? path : DEFAULT_PATH;
}

static bool find_ffmpeg(char out[PATH_MAX])
{
	const char *list = search_path();

	while (next_path(&list, ":", "/ffmpeg", out))
		if (access(out, X_OK) == 0)
			return true;
	return false;
}

/* The first bytes of ffmpeg as a text, which is empty if the file cannot be read. */
static void read_head(char out[LINE_BYTES])
{
	char path[PATH_MAX];
	int fd = find_ffmpeg(path) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	ssize_t got = fd >= 0 ? read(fd, out, LINE_BYTES - 1) : 0;

	out[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

bool ffmpeg_is_script(void)
{
	char head[LINE_BYTES];

	read_head(head);
	return *head && strncmp(head, ELFMAG, SELFMAG) != 0;
}

/* Package managers that give each program, loader and library a folder of its own. */
static const char *const stores[] = {"/nix/store/", "/gnu/store/", "/home/linuxbrew/.linuxbrew/"};

static bool add_store(const struct landlock_ruleset *ruleset, const char *path)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		if (strncmp(path, stores[i], strlen(stores[i])) == 0)
			return landlock_ruleset_add(ruleset, stores[i], LANDLOCK_READ | LANDLOCK_EXECUTE);
	return true;
}

/* Grants a program, whose path may be a symbolic link, and the folder `beside` the one where it really is. */
static bool add_program(const struct landlock_ruleset *ruleset, const char *path, const char *beside)
{
	char link[PATH_MAX], resolved[PATH_MAX], folder[PATH_MAX];
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return true;
	bool good = landlock_ruleset_add_fd(ruleset, fd, LANDLOCK_EXECUTE);
	join_number(link, "/proc/self/fd/", (unsigned)fd);
	ssize_t length = readlink(link, resolved, sizeof(resolved) - 1);
	close(fd);
	while (length > 0 && resolved[length - 1] != '/')
		length--;
	if (good && length > 0 && join(folder, resolved, (size_t)length, beside))
		good = landlock_ruleset_add(ruleset, folder, LANDLOCK_READ) && add_store(ruleset, folder);
	return good;
}

static bool add_list(const struct landlock_ruleset *ruleset, const char *list, const char *separators, unsigned rights)
{
	char path[PATH_MAX];
	bool good = true;

	while (good && next_path(&list, separators, "", path))
		good = landlock_ruleset_add(ruleset, path, rights);
	return good;
}

/* The folder of a library, within the loader's cache. */
struct folder {
	const char *at;
	size_t length;
};

static bool is_same(const struct folder *a, const struct folder *b)
{
	return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

/*
 * The folder of a library, with the slash at its end. Numbers in the cache can look like a path, such as "//", which is
 * the root: so the name must be that of a library, and the folder must not be the root under another name.
 */
static bool find_folder(const char *text, size_t length, struct folder *out)
{
	size_t name = length;

	while (name > 0 && text[name - 1] != '/')
		name--;
	*out = (struct folder){text, name};
	if (length == 0 || *text != '/' || !memmem(text + name, length - name, ".so", 3))
		return false;
	for (size_t i = 0; i < name; i++)
		if (text[i] != '/' && text[i] != '.')
			return true;
	return false;
}

/*
 * Grants the folder of each library in the loader's cache. Whatever else the format has, paths are texts between two
 * NULs that begin with a slash. They are sorted by library name, so the same folders come again and again.
 */
static bool add_folders_in(const struct landlock_ruleset *ruleset, const char *cache, size_t bytes)
{
	struct folder known[FOLDERS_KNOWN] = {0};
	size_t count = 0, seen, length;
	char path[PATH_MAX];

	for (size_t at = 0; at < bytes; at += length + 1) {
		length = strnlen(cache + at, bytes - at);
		struct folder folder;
		if (!find_folder(cache + at, length, &folder) || !join(path, folder.at, folder.length, ""))
			continue;
		for (seen = 0; seen < count && !is_same(&known[seen], &folder); seen++)
			;
		if (seen < count)
			continue;
		if (!landlock_ruleset_add(ruleset, path, LANDLOCK_READ))
			return false;
		if (count < FOLDERS_KNOWN)
			known[count++] = folder;
	}
	return true;
}

/* Grants the libraries of ld.so.conf, such as /opt/vc/lib, which ldconfig(8) has listed in the cache. */
static bool add_cached(const struct landlock_ruleset *ruleset)
{
	int fd = open(LOADER_CACHE, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool good = true;

	if (fd < 0)
		return true;
	size_t bytes = fstat(fd, &status) == 0 && status.st_size > 0 ? (size_t)status.st_size : 0;
	void *cache = bytes > 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (cache != MAP_FAILED) {
		good = add_folders_in(ruleset, cache, bytes);
		munmap(cache, bytes);
	}
	return good;
}

bool ffmpeg_files_add(const struct landlock_ruleset *ruleset)
{
	static const char libraries[] =
		"/lib:/lib64:/usr/lib:/usr/lib64:/usr/local/lib:/usr/local/lib64:" LOADER_CACHE ":/dev/urandom";
	static const char stamp[] =
		"/usr/share/fonts:/etc/localtime:/usr/share/zoneinfo"; /* what record.stamp draws with */
	char path[PATH_MAX];

	return add_list(ruleset, libraries, ":", LANDLOCK_READ) && add_list(ruleset, stamp, ":", LANDLOCK_READ) &&
	       add_cached(ruleset) && add_list(ruleset, "/dev/null", ":", LANDLOCK_READ | LANDLOCK_WRITE) &&
	       add_list(ruleset, getenv("LD_LIBRARY_PATH"), ":;", LANDLOCK_READ) &&
	       add_list(ruleset, getenv("LD_PRELOAD"), ": ", LANDLOCK_READ) &&
	       (!find_ffmpeg(path) || add_program(ruleset, path, "../lib"));
}

/* Grants each ffmpeg in PATH: a script starts another one, which may be a link to somewhere else. */
static bool add_all_ffmpegs(const struct landlock_ruleset *ruleset)
{
	const char *list = search_path();
	char path[PATH_MAX];
	bool good = true;

	while (good && next_path(&list, ":", "/ffmpeg", path))
		good = add_program(ruleset, path, "../lib");
	return good;
}

bool ffmpeg_script_add(const struct landlock_ruleset *ruleset)
{
	static const char shell[] = "/bin/sh"; /* what execvp(3) uses for a script without an interpreter */
	char head[LINE_BYTES], path[PATH_MAX];

	read_head(head);
	const char *interpreter = shell;
	if (strncmp(head, "#!", 2) == 0)
		interpreter = head + 2 + strspn(head + 2, " \t");
	size_t length = strcspn(interpreter, " \t\r\n");
	if (*interpreter == '/' && join(path, interpreter, length, "") && !add_program(ruleset, path, "../lib"))
		return false;
	return add_list(ruleset, search_path(), ":", LANDLOCK_READ | LANDLOCK_EXECUTE) && add_all_ffmpegs(ruleset);
}

/* A codec converts frames from memory to memory. A camera does not, and must not be accessible. */
static bool is_codec(const char *path)
{
	struct v4l2_capability capability = {0};
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool asked = ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0;
	close(fd);
	return asked && capability.device_caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
}

static bool add_codecs(const struct landlock_ruleset *ruleset)
{
	char path[PATH_MAX];
	bool good = landlock_ruleset_add(ruleset, "/dev", LANDLOCK_READ_DIR); /* FFmpeg searches it */

	for (unsigned i = 0; good && i < VIDEO_NODES_MAX; i++) {
		join_number(path, "/dev/video", i);
		if (access(path, F_OK) == 0 && is_codec(path))
			good = landlock_ruleset_add(ruleset, path, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_IOCTL_DEV);
	}
	return good;
}

static bool add_nvidia(const struct landlock_ruleset *ruleset)
{
	static const char nodes[] = "/dev/nvidiactl:/dev/nvidia-uvm:/dev/nvidia-uvm-tools:/dev/nvidia-modeset:"
				    "/dev/nvidia-caps";
	char path[PATH_MAX];
	bool good = add_list(ruleset, nodes, ":", LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_IOCTL_DEV) &&
		    add_list(ruleset,
			     "/proc/self:/proc/driver/nvidia:/proc/devices:/proc/modules:/proc/cpuinfo:/proc/meminfo:"
			     "/sys/module/nvidia:/etc/nvidia:/usr/share/nvidia",
			     ":", LANDLOCK_READ);

	for (unsigned i = 0; good && i < 32; i++) {
		join_number(path, "/dev/nvidia", i);
		good = landlock_ruleset_add(ruleset, path, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_IOCTL_DEV);
	}
	return good;
}

bool ffmpeg_devices_add(const struct landlock_ruleset *ruleset, enum ffmpeg_devices devices)
{
	/* Where user-space drivers identify the hardware and read their settings. */
	static const char about[] = "/sys/dev/char:/sys/devices:/sys/class/drm:/usr/share/libdrm:/usr/share/drirc.d:"
				    "/etc/drirc:/etc/libva.conf";

	if (devices == FFMPEG_DEVICES_NONE)
		return true;
	if (!add_list(ruleset, about, ":", LANDLOCK_READ))
		return false;
	switch (devices) {
	case FFMPEG_DEVICES_DRM:
		return landlock_ruleset_add(ruleset, "/dev/dri", LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_IOCTL_DEV);
	case FFMPEG_DEVICES_CODEC:
		return add_codecs(ruleset);
	case FFMPEG_DEVICES_NVIDIA:
		return add_nvidia(ruleset);
	default:
		return true;
	}
}
