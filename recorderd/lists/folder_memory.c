/* folder_memory.c - remembers which folder the last run recorded into. */
#include "recorderd/lists/folder_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/config/state_file.h"

#define FOLDER_FILE ".folder"
#define DIGITS      (FOLDER_ID_BYTES - 1)

/* False if the file does not hold exactly one id. */
static bool id_read(int fd, char out[FOLDER_ID_BYTES])
{
	char text[DIGITS + 2];

	out[0] = '\0';
	if (pread(fd, text, sizeof(text), 0) != DIGITS + 1 || text[DIGITS] != '\n')
		return false;
	text[DIGITS] = '\0';
	if (strspn(text, "0123456789abcdef") != DIGITS)
		return false;
	memcpy(out, text, FOLDER_ID_BYTES);
	return true;
}

static bool id_write(int fd, const char id[FOLDER_ID_BYTES])
{
	char text[DIGITS + 2];

	snprintf(text, sizeof(text), "%s\n", id);
	return pwrite(fd, text, DIGITS + 1, 0) == DIGITS + 1 && ftruncate(fd, DIGITS + 1) == 0 && fsync(fd) == 0;
}

static int id_open(int folder)
{
	int fd = openat(folder, FOLDER_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

	return fd >= 0 ? fd : openat(folder, FOLDER_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Reads the id of the folder, which gets one if it has none. False if that cannot be written. */
static bool folder_id(int folder, char out[FOLDER_ID_BYTES])
{
	uint8_t random[DIGITS / 2];
	int fd = id_open(folder);
	bool good = fd >= 0 && id_read(fd, out);

	if (fd < 0)
		return false;
	if (!good && getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random)) {
		for (size_t i = 0; i < sizeof(random); i++)
			snprintf(out + 2 * i, 3, "%02x", random[i]);
		good = id_write(fd, out);
	}
	close(fd);
	return good;
}

void folder_memory_read(const struct config *config, struct folder_memory *out)
{
	*out = (struct folder_memory){0};
	if (!state_file_path(config, "folder", out->file)) {
		out->file[0] = '\0';
		return;
	}
	int fd = open(out->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	id_read(fd, out->last);
	close(fd);
}

bool folder_memory_differs(const struct folder_memory *memory, int folder)
{
	char id[FOLDER_ID_BYTES];

	return memory->last[0] && folder_id(folder, id) && strcmp(id, memory->last) != 0;
}

static bool replace_file(const char *file, const char id[FOLDER_ID_BYTES])
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s.part", file) >= (int)sizeof(part)) {
		errno = ENAMETOOLONG;
		return false;
	}
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return false;
	bool good = id_write(fd, id);
	close(fd);
	return good && rename(part, file) == 0;
}

void folder_memory_save(const struct folder_memory *memory, int folder)
{
	char id[FOLDER_ID_BYTES], saved[FOLDER_ID_BYTES] = "";

	if (!memory->file[0] || !folder_id(folder, id))
		return;
	int fd = open(memory->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		id_read(fd, saved);
		close(fd);
	}
	if (strcmp(id, saved) != 0 && !replace_file(memory->file, id))
		log_info("archive",
			 "cannot write %s: %s. The next run cannot tell whether it records into the same folder.",
			 memory->file, strerror(errno));
}
