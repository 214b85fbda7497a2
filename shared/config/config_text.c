/* config_text.c - checks what an .ini file looks like before it is parsed. */
#include "shared/config/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 65536
#define NAME_BYTES     1024 /* iniparser's longest line */

/* Reads the file into `text` and terminates it. Returns its length, or -1 and sets *why. */
static ssize_t read_file(const char *file, char text[FILE_BYTES_MAX + 1], struct reason *why)
{
	struct stat status;
	ssize_t length = -1;

	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block the start */
	if (fd < 0) {
		reason_errno(why, "%s: cannot open the configuration", file);
		return -1;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		reason_set(why, "%s: this is not a regular file; the configuration is an .ini file", file);
		goto closed;
	}
	ssize_t got = read(fd, text, FILE_BYTES_MAX + 1);
	if (got < 0) {
		reason_errno(why, "%s: cannot read the configuration", file);
		goto closed;
	}
	if (got > FILE_BYTES_MAX) {
		reason_set(why, "%s: this file is too large; at most %d bytes are allowed", file, FILE_BYTES_MAX);
		goto closed;
	}
	text[got] = '\0';
	length = got;

closed:
	close(fd);
	return length;
}

/* Takes the next line, without surrounding blanks. Returns NULL at the end of the text. */
static char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");

	if (!line)
		return NULL;
	line += strspn(line, " \t\r");
	size_t length = strlen(line);
	while (length > 0 && isspace((unsigned char)line[length - 1]))
		line[--length] = '\0';
	return line;
}

static void lower_part(char *out, const char *from, size_t length)
{
	for (; length > 0 && isspace((unsigned char)*from); length--)
		from++;
	while (length > 0 && isspace((unsigned char)from[length - 1]))
		length--;
	for (size_t i = 0; i < length; i++)
		out[i] = (char)tolower((unsigned char)from[i]);
	out[length] = '\0';
}

/* The keys of one file that were read so far. */
struct keys {
	dictionary *seen;
	char section[NAME_BYTES];
};

/* Returns false and sets *why if the line sets a key that an earlier line has set. */
static bool note_line(struct keys *keys, const char *line, const char *file, int number, struct reason *why)
{
	char key[NAME_BYTES], full[2 * NAME_BYTES];
	size_t length = strcspn(line, "=");

	if (line[0] == '[') {
		size_t end = strcspn(line, "]");
		if (end < NAME_BYTES)
			lower_part(keys->section, line + 1, end - 1);
		return true;
	}
	if (line[0] == ';' || line[0] == '#' || line[length] != '=' || length >= NAME_BYTES)
		return true;
	lower_part(key, line, length);
	snprintf(full, sizeof(full), "%s:%s", keys->section, key);
	if (dictionary_get(keys->seen, full, NULL))
		return reason_set(why, "%s, line %d: [%s] %s is set twice; expected once", file, number, keys->section,
				  key);
	dictionary_set(keys->seen, full, "");
	return true;
}

static bool check_keys_differ(const char *file, char *text, struct reason *why)
{
	struct keys keys = {.seen = dictionary_new(0)};
	bool good = true, continued = false;
	int number = 1;

	if (!keys.seen)
		return reason_set(why, "%s: out of memory", file);
	for (char *line; good && (line = next_line(&text)); number++) {
		size_t length = strlen(line);
		if (!continued)
			good = note_line(&keys, line, file, number, why);
		/* A backslash alone in its line joins nothing. */
		continued = length > (continued ? 0 : 1) && line[length - 1] == '\\';
	}
	dictionary_del(keys.seen);
	return good;
}

bool config_text_check(const char *file, struct reason *why)
{
	char text[FILE_BYTES_MAX + 1];
	ssize_t length = read_file(file, text, why);

	if (length < 0)
		return false;
	if (memchr(text, '\0', (size_t)length))
		return reason_set(why, "%s: the file contains NUL bytes; the configuration is plain text", file);
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		return reason_set(why, "%s: the file begins with a byte order mark; save it as UTF-8 without one",
				  file);
	return check_keys_differ(file, text, why);
}
