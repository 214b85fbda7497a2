/* token_edit.c - changes the token file. */
#include "recorderd/command/token_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/config/token_file.h"

static const char file_head[] = "; Tokens for scripts, created with recorderd --new-token. The secrets themselves are "
				"not stored.\n" TOKENS_SECTION "\n";

struct edit {
	const char *path, *model;
	char temporary[PATH_MAX + 8];
	char lock[PATH_MAX + 8];
	int lock_fd; /* -1: not locked */
	int folder_fd;
	uid_t owner; /* of the new file */
	gid_t group;
	struct buffer text;  /* what the file contains */
	struct buffer after; /* what it is to contain */
	struct token_list list;
};

static bool is_named(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino &&
	       opened.st_dev == named.st_dev;
}

/*
 * Locks a file that nobody else can open, which the holder removes. A lock on the folder would not do: anybody can open
 * the folder and hold a lock on it for ever.
 */
static bool lock(struct edit *edit, struct reason *why)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", edit->path);
	edit->folder_fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (edit->folder_fd < 0)
		return reason_errno(why, "%s: cannot open its folder", edit->path);
	for (;;) {
		edit->lock_fd = open(edit->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		/*
		 * If the file system has no locks, two edits at a time may lose one of them: better than none at all.
		 */
		if (edit->lock_fd < 0 || (flock(edit->lock_fd, LOCK_EX) != 0 && !lock_is_unsupported(errno)))
			return reason_errno(why, "cannot lock %s", edit->lock);
		if (is_named(edit->lock_fd, edit->lock))
			return true;
		close(edit->lock_fd);
	}
}

/*
 * The new file has the owner and the group of the old one or of the model, but the group of a folder with the
 * set-group-ID bit, as every file that is created there (inode(7)). The package sets that bit, so that the workers can
 * read what root creates.
 */
static bool set_owner(struct edit *edit, const struct stat *old)
{
	struct stat folder;

	if (fstat(edit->folder_fd, &folder) != 0)
		return false;
	edit->owner = old->st_uid;
	edit->group = folder.st_mode & S_ISGID ? folder.st_gid : old->st_gid;
	return true;
}

/* Reads the file, or begins a new one. */
static bool old_read(struct edit *edit, struct reason *why)
{
	struct stat old;
	int fd = token_file_open(edit->path);

	if (fd < 0 && errno == ENOENT && edit->model) {
		if (stat(edit->model, &old) != 0 || !set_owner(edit, &old))
			return reason_errno(why, "%s", edit->model);
		buffer_append(&edit->text, file_head, strlen(file_head));
		edit->list.section = true;
		return true;
	}
	if (fd < 0)
		return reason_errno(why, "%s: cannot open the token file", edit->path);

	bool ok =
		fstat(fd, &old) == 0 && set_owner(edit, &old) && token_file_read_text(fd, edit->path, &edit->text, why);
	struct reason invalid;

	close(fd);
	if (ok && !token_list_parse((const char *)edit->text.data, edit->text.length, &edit->list, &invalid))
		ok = reason_set(why, "%s: %s", edit->path, invalid.text);
	return ok;
}

static bool edit_open(struct edit *edit, const char *path, const char *model, struct reason *why)
{
	*edit = (struct edit){.path = path, .model = model, .folder_fd = -1, .lock_fd = -1};
	snprintf(edit->temporary, sizeof(edit->temporary), "%s.new", path);
	snprintf(edit->lock, sizeof(edit->lock), "%s.lock", path);
	return lock(edit, why) && old_read(edit, why);
}

static void edit_close(struct edit *edit)
{
	buffer_free(&edit->text);
	buffer_free(&edit->after);
	if (edit->lock_fd >= 0) {
		unlink(edit->lock);
		close(edit->lock_fd);
	}
	if (edit->folder_fd >= 0)
		close(edit->folder_fd);
}

/* Only root can change the owner; the file of any other user is that user's own, as the .ini is. */
static bool new_write(const struct edit *edit, int fd)
{
	bool owned = fchown(fd, edit->owner, edit->group) == 0 || geteuid() != 0;

	return owned && fchmod(fd, TOKEN_FILE_MODE) == 0 &&
	       write(fd, edit->after.data, edit->after.length) == (ssize_t)edit->after.length && fsync(fd) == 0;
}

static bool edit_save(const struct edit *edit, struct reason *why)
{
	if (edit->after.failed)
		return reason_set(why, "%s: out of memory", edit->path);
	unlink(edit->temporary); /* left by a process that was killed: we hold the lock */

	int fd = open(edit->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, TOKEN_FILE_MODE);

	if (fd < 0)
		return reason_errno(why, "cannot create %s", edit->temporary);

	bool written = new_write(edit, fd);

	close(fd);
	if (!written || rename(edit->temporary, edit->path) != 0) {
		reason_errno(why, "cannot write %s", edit->path);
		unlink(edit->temporary);
		return false;
	}
	return fsync(edit->folder_fd) == 0 ||
	       reason_errno(why, "%s was written, but may be lost in a power cut", edit->path);
}

static bool add_token(struct edit *edit, const struct token *token, struct reason *why)
{
	if (token_list_find_by_name(&edit->list, token->name))
		return reason_set(
			why, "%s: the token %s exists already; choose another name, or run --remove-token %s first",
			edit->path, token->name, token->name);
	if (edit->list.count == TOKENS_MAX)
		return reason_set(why, "%s: it already has %d tokens, the maximum; remove one with --remove-token",
				  edit->path, TOKENS_MAX);

	char line[TOKEN_LINE_BYTES];

	token_line_format(token, line);
	buffer_append(&edit->after, edit->text.data, edit->text.length);
	if (edit->text.length > 0 && edit->text.data[edit->text.length - 1] != '\n')
		buffer_u8(&edit->after, '\n');
	if (!edit->list.section)
		buffer_printf(&edit->after, "%s\n", TOKENS_SECTION);
	buffer_printf(&edit->after, "%s\n", line);
	return true;
}

bool token_edit_add(const char *path, const char *model, const struct token *token, struct reason *why)
{
	struct edit edit;
	bool ok = edit_open(&edit, path, model, why) && add_token(&edit, token, why) && edit_save(&edit, why);

	edit_close(&edit);
	return ok;
}

/* Copies every line except that of the token `name`. */
static void copy_others(struct edit *edit, const char *name)
{
	const char *text = (const char *)edit->text.data;

	for (size_t at = 0, next; at < edit->text.length; at = next) {
		const char *end = memchr(text + at, '\n', edit->text.length - at);
		next = end ? (size_t)(end - text) + 1 : edit->text.length;
		if (!token_line_has_name(text + at, next - at - (end ? 1 : 0), name))
			buffer_append(&edit->after, text + at, next - at);
	}
}

static bool remove_token(struct edit *edit, const char *name, struct reason *why)
{
	if (!token_list_find_by_name(&edit->list, name))
		return reason_set(why, "%s: there is no token \"%.40s\"; list them with --list-tokens", edit->path,
				  name);
	copy_others(edit, name);
	return true;
}

bool token_edit_remove(const char *path, const char *name, struct reason *why)
{
	struct edit edit;
	bool ok = edit_open(&edit, path, NULL, why) && remove_token(&edit, name, why) && edit_save(&edit, why);

	edit_close(&edit);
	return ok;
}
