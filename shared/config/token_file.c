/* token_file.c - reads the token file. */
#include "shared/config/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "shared/base/file_io.h"

#define FILE_BYTES_MAX 65536u

int token_file_open(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block */
}

bool token_file_read_text(int fd, const char *path, struct buffer *out, struct reason *why)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return reason_errno(why, "%s: cannot read the tokens", path);
	if (!S_ISREG(status.st_mode))
		return reason_set(why, "%s: this is not a regular file", path);
	if (status.st_mode & 07777 & ~TOKEN_FILE_MODE)
		return reason_set(
			why, "%s: its mode is %04o; expected %04o (chmod %04o), so that nobody else can make tokens",
			path, status.st_mode & 07777, TOKEN_FILE_MODE, TOKEN_FILE_MODE);
	if (status.st_size > FILE_BYTES_MAX)
		return reason_set(why, "%s: this file is too large; at most %u bytes are allowed", path,
				  FILE_BYTES_MAX);
	if (!buffer_reserve(out, FILE_BYTES_MAX))
		return reason_errno(why, "%s: cannot read the tokens", path);
	ssize_t got = read_at(fd, out->data, FILE_BYTES_MAX, 0);
	if (got < 0)
		return reason_errno(why, "%s: cannot read the tokens", path);
	out->length = (size_t)got;
	return true;
}

bool token_file_read(int fd, const char *path, struct token_list *out, struct reason *why)
{
	struct buffer text = {0};
	struct reason error;
	bool good = token_file_read_text(fd, path, &text, why);

	*out = (struct token_list){0};
	if (good && !token_list_parse((const char *)text.data, text.length, out, &error))
		good = reason_set(why, "%s: %s", path, error.text);
	buffer_free(&text);
	return good;
}
