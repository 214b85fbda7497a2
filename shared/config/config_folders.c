/* config_folders.c - checks the folders of one configuration against each other. */
#include <string.h>

#include "shared/config/config_internal.h"

/* A disk that is mounted beside or below the folder says nothing about the folder. */
static bool check_mount(const struct config *config, const char *section, const char *mount, const char *directory,
			struct reason *why)
{
	size_t length = strlen(mount);

	if (mount[0] != '/' || (strncmp(directory, mount, length) == 0 && strchr("/", directory[length])))
		return true;
	return reason_set(why,
			  "%s: [%s] require_mount = %s is not above that section's directory %s; expected yes, or the "
			  "folder where the disk of that directory is mounted",
			  config->file, section, mount, directory);
}

static bool check_mounts(const struct config *config, struct reason *why)
{
	return check_mount(config, "record", config->record.require_mount, config->record.directory, why) &&
	       check_mount(config, "clips", config->clips.require_mount, config->clips.directory, why);
}

/* Each of the three has files that the owner of another one would take for its own, or delete. */
static bool check_folders(const struct config *config, struct reason *why)
{
	const char *record = config->record.directory, *clips = config->clips.directory;
	const char *store = config->store.directory;

	if (strcmp(record, clips) == 0)
		return reason_set(why, "%s: [record] and [clips] have the same directory %s; expected two folders",
				  config->file, clips);
	if (strcmp(store, record) == 0 || strcmp(store, clips) == 0)
		return reason_set(why, "%s: [store] directory = %s is the folder of the %s, too; expected another one",
				  config->file, store, strcmp(store, clips) == 0 ? "clips" : "recordings");
	return true;
}

bool config_cache_check(const struct config *reader, const struct config *config, struct reason *why)
{
	const char *cache = reader->store.cache;
	const char *others[] = {config->record.directory, config->clips.directory, config->store.directory};
	size_t length = strlen(cache);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(cache, others[i], length) == 0 && strchr("/", others[i][length]))
			return reason_set(why,
					  "%s: [store] cache = %s is, or has in it, another folder of the recorder, "
					  "%s; expected one of its own",
					  reader->file, cache, others[i]);
	return true;
}

/* The cache has a socket, whose path is limited. */
static bool check_cache(const struct config *config, struct reason *why)
{
	const char *cache = config->store.cache;

	if (!config->store.read_url[0])
		return true;
	if (!config_cache_check(config, config, why))
		return false;
	if (strlen(cache) <= CONFIG_CACHE_MAX)
		return true;
	return reason_set(why, "%s: [store] cache = %s is too long for the path of a socket; expected at most %d bytes",
			  config->file, cache, CONFIG_CACHE_MAX);
}

bool config_folders_check(const struct config *config, struct reason *why)
{
	return check_mounts(config, why) && check_folders(config, why) && check_cache(config, why);
}
