/* config_replace.c - writes a choice into recorder.ini. */
#include "recorderd/setup/config_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/notify/hook_rule.h"

#define TEXT_MAX 65536 /* as a configuration may have (config_text.c) */

struct replacement {
	const struct config *running;
	char folder[PATH_MAX], name[NAME_MAX + 1]; /* of the .ini */
	char part[NAME_MAX + 16], previous[NAME_MAX + 16];
	char part_path[PATH_MAX + 16];
	int folder_fd;
	struct stat before;
};

static bool open_folder(struct replacement *replacement, struct reason *why)
{
	const char *file = replacement->running->file, *slash = strrchr(file, '/');
	size_t length = (size_t)(slash - file);

	if (strlen(slash + 1) > NAME_MAX)
		return reason_set(why, "%s: the name of this file is too long", file);
	snprintf(replacement->folder, sizeof(replacement->folder), "%.*s", length > 0 ? (int)length : 1, file);
	snprintf(replacement->name, sizeof(replacement->name), "%s", slash + 1);
	snprintf(replacement->part, sizeof(replacement->part), ".%s" PART_SUFFIX, replacement->name);
	snprintf(replacement->previous, sizeof(replacement->previous), "%s.previous", replacement->name);
	snprintf(replacement->part_path, sizeof(replacement->part_path), "%.*s/%s", (int)length, file,
		 replacement->part);
	replacement->folder_fd = open(replacement->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return replacement->folder_fd >= 0 || reason_errno(why, "%s: cannot open the folder", replacement->folder);
}

static bool read_text(struct replacement *replacement, char *text, size_t *length, struct reason *why)
{
	int fd = file_open_plain(replacement->folder_fd, replacement->name);
	ssize_t got = -1;

	if (fd >= 0 && fstat(fd, &replacement->before) == 0)
		got = read_at(fd, text, TEXT_MAX, 0);
	if (got < 0)
		reason_errno(why, "%s: cannot read the configuration", replacement->running->file);
	if (fd >= 0)
		close(fd);
	*length = got > 0 ? (size_t)got : 0;
	return got >= 0;
}

/* With the mode and, if this process may give it, the group of the old file. */
static bool write_part(const struct replacement *replacement, const struct buffer *text, struct reason *why)
{
	int fd = openat(replacement->folder_fd, replacement->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	bool good = fd >= 0 && write_at(fd, text->data, text->length, 0);

	if (good) {
		(void)!fchown(fd, (uid_t)-1, replacement->before.st_gid);
		good = fchmod(fd, replacement->before.st_mode & 07777) == 0 && fsync(fd) == 0;
	}
	if (!good)
		reason_errno(why, "%s: cannot be written", replacement->running->file);
	if (fd >= 0)
		close(fd);
	return good;
}

/* The same code as at a start. It names the hidden file in its messages, so they get the name of the real one. */
static bool check_part(const struct replacement *replacement, struct reason *why)
{
	struct config *fresh = malloc(sizeof(*fresh));
	bool good = fresh ? config_load_candidate(replacement->running, replacement->part_path, fresh, why) &&
				    hook_rules_check(fresh, why)
			  : reason_set(why, "out of memory");
	const char *at = good ? NULL : strstr(why->text, replacement->part);

	if (at) {
		struct reason said = *why;
		int before = (int)(at - why->text);
		reason_set(why, "%.*s%s%s", before, said.text, replacement->name,
			   said.text + before + strlen(replacement->part));
	}
	free(fresh);
	return good;
}

/* A file system without hard links has no previous file then. */
static bool take_place(const struct replacement *replacement, struct reason *why)
{
	int folder = replacement->folder_fd;

	unlinkat(folder, replacement->previous, 0);
	(void)!linkat(folder, replacement->name, folder, replacement->previous, 0);
	if (renameat(folder, replacement->part, folder, replacement->name) == 0 && folder_sync(folder))
		return true;
	return reason_errno(why, "%s: cannot be replaced", replacement->running->file);
}

static enum config_replace_outcome replace(struct replacement *replacement, const struct config_edit *edits,
					   size_t count, char *text, struct buffer *edited, struct reason *why)
{
	enum config_replace_outcome outcome = CONFIG_UNWRITABLE;
	size_t length;

	if (!read_text(replacement, text, &length, why))
		return CONFIG_UNWRITABLE;
	if (length == TEXT_MAX || !config_edit_text(text, length, edits, count, edited, why))
		return length == TEXT_MAX ? (reason_set(why, "the file is too large"), CONFIG_REFUSED) : CONFIG_REFUSED;
	unlinkat(replacement->folder_fd, replacement->part, 0); /* of one that was killed */
	if (write_part(replacement, edited, why))
		outcome = !check_part(replacement, why)  ? CONFIG_REFUSED
			  : take_place(replacement, why) ? CONFIG_REPLACED
							 : CONFIG_UNWRITABLE;
	if (outcome != CONFIG_REPLACED)
		unlinkat(replacement->folder_fd, replacement->part, 0);
	return outcome;
}

enum config_replace_outcome config_replace(const struct config *running, const struct config_edit *edits, size_t count,
					   struct reason *why)
{
	struct replacement *replacement = calloc(1, sizeof(*replacement));
	char *text = malloc(TEXT_MAX);
	struct buffer edited = {0};
	enum config_replace_outcome outcome = CONFIG_UNWRITABLE;

	if (!replacement || !text) {
		reason_set(why, "out of memory");
	} else {
		replacement->running = running;
		replacement->folder_fd = -1;
		if (open_folder(replacement, why))
			outcome = replace(replacement, edits, count, text, &edited, why);
		if (replacement->folder_fd >= 0)
			close(replacement->folder_fd);
	}
	buffer_free(&edited);
	free(text);
	free(replacement);
	return outcome;
}
