/* lock_up.c - see lock_up.h. */
#include "fcgi/lock_up.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/live_books.h"
#include "shared/log.h"
#include "shared/sandbox/landlock.h"
#include "shared/sandbox/seccomp.h"
#include "shared/user_folder.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED                                                                                                      \
	(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#else
#define SANITIZED 0
#endif

#define DEFAULT_PATH "/usr/bin:/bin"

/* A list of paths that grows; texts in it are its own. */
struct paths {
	struct lock_path *paths;
	size_t count, room;
	bool failed;
};

static void paths_add(struct paths *list, const char *path, unsigned rights)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 32;
		struct lock_path *grown = realloc(list->paths, room * sizeof(*grown));
		list->failed = list->failed || !grown;
		if (!grown)
			return;
		list->paths = grown;
		list->room = room;
	}
	char *copy = strdup(path);
	list->failed = list->failed || !copy;
	if (copy)
		list->paths[list->count++] = (struct lock_path){copy, rights};
}

static void paths_finish(struct paths *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->paths[i].path);
	free(list->paths);
}

/* Which of its folders there is this user's has to be known before: nothing can be listed there any more. */
static void add_rings(struct paths *list)
{
	char folder[USER_FOLDER_BYTES];
	struct reason why;

	if (!user_folder_make(folder, &why))
		log_warn("sandbox", "%s", why.text);
	paths_add(list, SHM_FOLDER, MAY_READ_FILES);
}

/* Local times are read anew when the machine's time zone changes. */
static void add_zones(struct paths *list)
{
	paths_add(list, "/usr/share/zoneinfo", MAY_READ);
	paths_add(list, "/etc/localtime", MAY_READ);
}

static int add_interpreter(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			paths_add(context, (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), MAY_EXECUTE);
	return 1; /* the program itself comes first; no more */
}

/* The first ffmpeg in PATH, as execvp(3) finds it, and a folder of libraries of its own where it was built with one. */
static void add_ffmpeg(struct paths *list)
{
	const char *search = getenv("PATH");
	char path[PATH_MAX], resolved[PATH_MAX];

	for (const char *at = search ? search : DEFAULT_PATH; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		snprintf(path, sizeof(path), "%.*s/ffmpeg", (int)strcspn(at, ":"), at);
		if (access(path, X_OK) != 0 || !realpath(path, resolved))
			continue;
		paths_add(list, resolved, MAY_EXECUTE);
		snprintf(path, sizeof(path), "%.*s/../lib", (int)(strrchr(resolved, '/') - resolved), resolved);
		paths_add(list, path, MAY_READ);
		return;
	}
}

static void add_program(struct paths *list)
{
	static const char *const libraries[] = {"/lib",       "/lib64",         "/usr/lib",
						"/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"};

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		paths_add(list, libraries[i], MAY_READ);
	dl_iterate_phdr(add_interpreter, list);
	add_ffmpeg(list);
	paths_add(list, "/dev/null", MAY_READ | MAY_WRITE);
	paths_add(list, "/dev/urandom", MAY_READ);
}

static void lock(struct paths *list, enum lock_program program, struct lock_state *out)
{
	struct reason why = {""};

	*out = (struct lock_state){0};
	if (SANITIZED) {
		reason_set(&out->missing, "this is a build with sanitizers");
	} else {
		if (list->failed)
			reason_set(&out->missing, "there is no memory for Landlock's list");
		else if (lock_files(list->paths, list->count, program == LOCK_FFMPEG, &out->missing))
			out->landlock = lock_files_version();
		out->seccomp = lock_calls(program, &why);
		if (!out->seccomp)
			reason_set(&out->missing, "%s%s%s", out->missing.text, *out->missing.text ? "; " : "",
				   why.text);
	}
	paths_finish(list);
}

void lock_up_live(const struct config_set *cameras, struct lock_state *out)
{
	struct paths list = {0};
	char path[PATH_MAX];

	add_rings(&list);
	for (size_t i = 0; i < cameras->count; i++) {
		live_books_path(&cameras->cameras[i], path);
		paths_add(&list, path, MAY_READ | MAY_WRITE);
	}
	add_zones(&list);
	lock(&list, LOCK_LIVE, out);
}

void lock_up_api(const struct config_set *cameras, struct lock_state *out)
{
	struct paths list = {0};

	add_rings(&list);
	for (size_t i = 0; i < cameras->count; i++) {
		paths_add(&list, cameras->cameras[i].record.directory, MAY_READ);
		paths_add(&list, cameras->cameras[i].clips.directory, MAY_READ | MAY_WRITE | MAY_MAKE);
	}
	add_zones(&list);
	add_program(&list);
	lock(&list, LOCK_API, out);
}

void lock_up_files(void (*each)(const char *path, void *context), void *context)
{
	const char *search = getenv("PATH");
	struct paths list = {0};
	char path[PATH_MAX];

	dl_iterate_phdr(add_interpreter, &list);
	paths_add(&list, "/etc/localtime", MAY_READ);
	for (const char *at = search ? search : DEFAULT_PATH; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		snprintf(path, sizeof(path), "%.*s/ffmpeg", (int)strcspn(at, ":"), at);
		paths_add(&list, path, MAY_EXECUTE);
	}
	for (size_t i = 0; i < list.count; i++)
		each(list.paths[i].path, context);
	paths_finish(&list);
}

void lock_up_ffmpeg(void)
{
	struct paths list = {0};
	struct lock_state unused;

	add_program(&list);
	lock(&list, LOCK_FFMPEG, &unused);
}

void lock_log(const char *area, const struct lock_state *state)
{
	if (*state->missing.text)
		log_warn(area, "not as locked up as it could be: %s", state->missing.text);
	else
		log_info(area, "locked up by Landlock %d and seccomp", state->landlock);
}
