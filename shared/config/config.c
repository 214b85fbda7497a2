/* config.c - loads one recorder.ini, or a directory of them. */
#include "shared/config/config_internal.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What iniparser reports about a file. Its callback is global, so only one file is parsed at a time. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;
static char errors[160];

__attribute__((format(printf, 1, 2))) static int append_error(const char *format, ...)
{
	size_t used = strlen(errors);
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(errors + used, sizeof(errors) - used, format, arguments);
	va_end(arguments);
	for (char *end = errors + used; (end = strpbrk(end, "\r\n")); end++)
		*end = ' ';
	return length;
}

static dictionary *parse(const char *file, struct reason *why)
{
	pthread_mutex_lock(&parsing);
	errors[0] = '\0';
	iniparser_set_error_callback(append_error);
	dictionary *parsed = iniparser_load(file);
	iniparser_set_error_callback(NULL);
	if (!parsed)
		reason_set(why,
			   "%s is not a valid .ini file; expected lines of [section] alone, key = value (at most 1000 "
			   "bytes) or ; comment (%s)",
			   file, errors);
	pthread_mutex_unlock(&parsing);
	return parsed;
}

static bool load(const char *file, bool nested, struct config *out, struct reason *why)
{
	memset(out, 0, sizeof(*out));
	out->nested = nested;
	if (!realpath(file, out->file))
		return reason_errno(why, "%s: cannot open the configuration", file);
	if (!config_text_check(out->file, why))
		return false;
	dictionary *parsed = parse(out->file, why);
	if (!parsed)
		return false;
	bool good = config_keys_read(parsed, nested, out, why);
	iniparser_freedict(parsed);
	return good;
}

bool config_load(const char *file, struct config *out, struct reason *why)
{
	return load(file, false, out, why);
}

bool config_reload(const struct config *running, struct config *out, struct reason *why)
{
	return load(running->file, running->nested, out, why);
}

bool config_load_candidate(const struct config *running, const char *file, struct config *out, struct reason *why)
{
	return load(file, running->nested, out, why);
}

static int is_ini(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool have_common_folder(const struct config *a, const struct config *b)
{
	return strcmp(a->record.directory, b->record.directory) == 0 ||
	       strcmp(a->record.directory, b->clips.directory) == 0 ||
	       strcmp(a->clips.directory, b->record.directory) == 0 ||
	       strcmp(a->clips.directory, b->clips.directory) == 0 ||
	       (*a->store.url && *b->store.url && strcmp(a->store.directory, b->store.directory) == 0);
}

static bool check_differs(const struct config_set *set, const struct config *config, struct reason *why)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct config *other = &set->cameras[i];

		if (strcmp(other->camera.name, config->camera.name) == 0)
			return reason_set(why,
					  "%s: [camera] name = %s is already used in %s; expected a name of its own",
					  config->file, config->camera.name, other->file);
		if (have_common_folder(other, config))
			return reason_set(why,
					  "%s: [record], [clips] or [store] directory is already used in %s; expected "
					  "folders of its own",
					  config->file, other->file);
	}
	return true;
}

/* Makes the configuration, which is the last one of set->cameras, the viewer. */
static bool take_viewer(struct config_set *set, struct config *config, struct reason *why)
{
	if (set->viewer)
		return reason_set(why, "%s: [store] read_url without [camera] is already in %s; expected one such file",
				  config->file, set->viewer->file);
	set->viewer = malloc(sizeof(*set->viewer));
	if (!set->viewer)
		return reason_errno(why, "%s", config->file);
	*set->viewer = *config;
	memset(config, 0, sizeof(*config));
	return true;
}

/* One recorder-fetch serves a machine, so all files that name a store must name the same one. */
static bool check_reader(const struct config_set *set, struct reason *why)
{
	const struct config *reader = config_set_reader(set);

	for (size_t i = 0; reader && i < set->count; i++) {
		const struct config_store *store = &set->cameras[i].store;

		if (store->read_url[0] && (strcmp(store->read_url, reader->store.read_url) != 0 ||
					   strcmp(store->cache, reader->store.cache) != 0))
			return reason_set(why,
					  "%s: [store] read_url or cache differs from that of %s; expected the same, "
					  "or none",
					  set->cameras[i].file, reader->file);
		if (!config_cache_check(reader, &set->cameras[i], why))
			return false;
	}
	return true;
}

static bool load_entry(const char *directory, const char *name, struct config_set *set, struct reason *why)
{
	char file[PATH_MAX];
	struct config *config = &set->cameras[set->count];

	if (snprintf(file, sizeof(file), "%s/%s", directory, name) >= (int)sizeof(file))
		return reason_set(why, "%s: the path of this file is too long", name);
	if (!load(file, true, config, why))
		return false;
	if (config->viewer)
		return take_viewer(set, config, why);
	if (!check_differs(set, config, why))
		return false;
	set->count++;
	return true;
}

static bool load_directory(const char *directory, struct config_set *out, struct reason *why)
{
	struct dirent **entries = NULL;
	bool good = true;

	int count = scandir(directory, &entries, is_ini, by_name);
	if (count < 0)
		return reason_errno(why, "%s: cannot read the folder of configurations", directory);
	out->cameras = count > 0 ? calloc((size_t)count, sizeof(struct config)) : NULL;
	if (count == 0)
		good = reason_set(why, "%s: there is no .ini file in this folder; expected one per camera", directory);
	else if (!out->cameras)
		good = reason_errno(why, "%s", directory);
	for (int i = 0; i < count; i++) {
		good = good && load_entry(directory, entries[i]->d_name, out, why);
		free(entries[i]);
	}
	free(entries);
	return good && check_reader(out, why);
}

static bool load_single(const char *file, struct config_set *out, struct reason *why)
{
	out->cameras = calloc(1, sizeof(struct config));
	if (!out->cameras)
		return reason_errno(why, "%s", file);
	if (!load(file, false, out->cameras, why))
		return false;
	if (out->cameras->viewer)
		return take_viewer(out, out->cameras, why);
	out->count = 1;
	return true;
}

bool config_set_load(const char *path, struct config_set *out, struct reason *why)
{
	struct stat status;

	*out = (struct config_set){0};
	bool is_directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	if (!(is_directory ? load_directory(path, out, why) : load_single(path, out, why))) {
		config_set_free(out);
		return false;
	}
	if (out->count == 0) {
		free(out->cameras);
		out->cameras = NULL;
	}
	return true;
}

void config_set_free(struct config_set *set)
{
	free(set->cameras);
	free(set->viewer);
	*set = (struct config_set){0};
}

const struct config *config_set_find(const struct config_set *set, const char *name)
{
	if (!name || name[0] == '\0')
		return set->count > 0 ? set->cameras : NULL;
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->cameras[i].camera.name, name) == 0)
			return &set->cameras[i];
	return NULL;
}

const struct config *config_set_first(const struct config_set *set)
{
	return set->count > 0 ? set->cameras : set->viewer;
}

const struct config *config_set_reader(const struct config_set *set)
{
	if (set->viewer)
		return set->viewer;
	for (size_t i = 0; i < set->count; i++)
		if (set->cameras[i].store.read_url[0])
			return &set->cameras[i];
	return NULL;
}

void config_fetch_socket(const struct config *reader, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.*s/fetch.socket", CONFIG_CACHE_MAX, reader->store.cache);
}

void config_ring_name(const struct config *config, char out[64])
{
	snprintf(out, 64, "/recorder.%s", config->camera.name);
}
