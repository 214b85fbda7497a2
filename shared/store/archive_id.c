/* archive_id.c - reads and writes archive.id. */
#include "shared/store/archive_id.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "shared/base/file_io.h"

#define DIGITS         (ARCHIVE_ID_BYTES - 1)
#define MACHINE_DIGITS (ARCHIVE_MACHINE_BYTES - 1)
#define PART_FILE      ".archive.id" PART_SUFFIX
#define SALT           "recorder archive "

static_assert(ARCHIVE_ID_TEXT_BYTES == DIGITS + 1 + MACHINE_DIGITS + 1, "the file's one line");

static bool is_hex(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits;
}

static void to_hex(const uint8_t *bytes, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool archive_id_valid(const char *text)
{
	return is_hex(text, DIGITS) && text[DIGITS] == '\0';
}

bool archive_id_parse(const void *text, size_t length, struct archive_id *out)
{
	char line[ARCHIVE_ID_TEXT_BYTES];

	if (length != sizeof(line))
		return false;
	memcpy(line, text, sizeof(line));
	if (line[DIGITS] != ' ' || line[sizeof(line) - 1] != '\n')
		return false;
	line[DIGITS] = line[sizeof(line) - 1] = '\0';
	if (!is_hex(line, DIGITS) || !is_hex(line + DIGITS + 1, MACHINE_DIGITS))
		return false;
	memcpy(out->id, line, sizeof(out->id));
	memcpy(out->machine, line + DIGITS + 1, sizeof(out->machine));
	return true;
}

bool archive_id_read(int folder, struct archive_id *out)
{
	char text[ARCHIVE_ID_TEXT_BYTES + 1];
	int fd = openat(folder, ARCHIVE_ID_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return false;
	ssize_t got = read_at(fd, text, sizeof(text), 0);
	int error = errno;
	close(fd);
	errno = got < 0 ? error : EBADMSG;
	return got >= 0 && archive_id_parse(text, (size_t)got, out);
}

/* Adds the beginning of a file. Returns false if it has none. */
static bool add_file(SHA2_CTX *hash, const char *file)
{
	char text[256];
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	ssize_t got = read_at(fd, text, sizeof(text), 0);
	close(fd);
	if (got > 0)
		SHA256Update(hash, (const uint8_t *)text, (size_t)got);
	return got > 0;
}

/* The hash of this machine's id and serial number; all zeros if it has no id. */
static void this_machine(const struct archive_id_sources *sources, char out[ARCHIVE_MACHINE_BYTES])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX hash;

	memset(out, ARCHIVE_ID_UNKNOWN_DIGIT, MACHINE_DIGITS);
	out[MACHINE_DIGITS] = '\0';
	SHA256Init(&hash);
	SHA256Update(&hash, (const uint8_t *)SALT, strlen(SALT));
	if (!add_file(&hash, sources->machine_id))
		return;
	(void)add_file(&hash, sources->serial_number);
	SHA256Final(digest, &hash);
	to_hex(digest, sizeof(digest), out);
}

static bool is_unknown(const char *machine)
{
	return machine[strspn(machine, (const char[]){ARCHIVE_ID_UNKNOWN_DIGIT, '\0'})] == '\0';
}

static bool replace(int folder, const struct archive_id *id)
{
	char text[ARCHIVE_ID_TEXT_BYTES + 1];
	int fd = openat(folder, PART_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return false;
	snprintf(text, sizeof(text), "%s %s\n", id->id, id->machine);
	bool good = write_at(fd, text, ARCHIVE_ID_TEXT_BYTES, 0) && fsync(fd) == 0;
	int error = errno;
	close(fd);
	errno = error;
	return good && renameat(folder, PART_FILE, folder, ARCHIVE_ID_FILE) == 0 && folder_sync(folder);
}

bool archive_id_ensure(int folder, const struct archive_id_sources *sources, struct archive_id *out)
{
	char machine[ARCHIVE_MACHINE_BYTES];
	uint8_t random[DIGITS / 2];

	this_machine(sources, machine);
	if (archive_id_read(folder, out)) {
		if (strcmp(out->machine, machine) == 0 || is_unknown(out->machine) || is_unknown(machine))
			return true;
	} else if (errno != ENOENT && errno != EBADMSG) {
		return false;
	}
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return false;
	to_hex(random, sizeof(random), out->id);
	memcpy(out->machine, machine, sizeof(machine));
	return replace(folder, out);
}
