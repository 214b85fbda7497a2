/* credentials.c - reads the key of the store. */
#include "offsite/store/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"

#define FILE_BYTES_MAX 4096

struct credentials {
	const char *file;
	bool by_systemd;
	struct store_key key;
	bool known;
	struct stat read; /* of the file when it was read; if `known` */
	char text[FILE_BYTES_MAX + 1];
};

struct credentials *credentials_open(const char *file, bool by_systemd)
{
	struct credentials *credentials =
		mmap(NULL, sizeof(*credentials), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (credentials == MAP_FAILED)
		return NULL;
	/* If these fail (RLIMIT_MEMLOCK), the key may be swapped, but it still works. */
	(void)mlock(credentials, sizeof(*credentials));
	(void)madvise(credentials, sizeof(*credentials), MADV_DONTDUMP);
	credentials->file = file;
	credentials->by_systemd = by_systemd;
	return credentials;
}

void credentials_close(struct credentials *credentials)
{
	if (!credentials)
		return;
	explicit_bzero(credentials, sizeof(*credentials));
	munmap(credentials, sizeof(*credentials));
}

/* Takes a line from the front of *rest: 1 to bytes - 1 printable characters. */
static bool take_line(const char **rest, const char *end, char *out, size_t bytes)
{
	size_t length = 0;

	while (*rest + length < end && (*rest)[length] > ' ' && (*rest)[length] < 0x7f)
		length++;
	if (length == 0 || length >= bytes)
		return false;
	memcpy(out, *rest, length);
	out[length] = '\0';
	*rest += length;
	if (*rest < end && **rest == '\r')
		++*rest;
	if (*rest < end && **rest != '\n')
		return false;
	*rest += *rest < end;
	return true;
}

bool store_key_parse(const char *text, size_t length, struct store_key *out, struct reason *why)
{
	const char *rest = text, *end = text + length;

	*out = (struct store_key){0};
	if (!take_line(&rest, end, out->id, sizeof(out->id)) ||
	    !take_line(&rest, end, out->secret, sizeof(out->secret)))
		return reason_set(why, "expected the id of the key on the first line and its secret on the second");
	if (rest < end && !take_line(&rest, end, out->token, sizeof(out->token)))
		return reason_set(why, "expected the session token, or nothing, on the third line");
	return rest == end || reason_set(why, "expected two or three lines");
}

static bool is_private(const struct stat *status, const char *file, struct reason *why)
{
	if (!S_ISREG(status->st_mode))
		return reason_set(why, "%s is not a regular file", file);
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return reason_set(why, "%s belongs to another user; chown it to the one who runs recorder-ship", file);
	if (status->st_mode & (S_IRWXG | S_IRWXO))
		return reason_set(why, "%s can be used by others; chmod 400 it", file);
	return true;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool read_key(struct credentials *credentials, int fd, const struct stat *status, struct reason *why)
{
	struct reason wrong;

	credentials->known = false;
	ssize_t got = read_at(fd, credentials->text, sizeof(credentials->text), 0);
	if (got < 0)
		return reason_errno(why, "cannot read %s", credentials->file);
	if (got > FILE_BYTES_MAX)
		return reason_set(why, "%s is too large for a key", credentials->file);
	credentials->known = store_key_parse(credentials->text, (size_t)got, &credentials->key, &wrong);
	credentials->read = *status;
	explicit_bzero(credentials->text, sizeof(credentials->text));
	return credentials->known || reason_set(why, "%s is not a key: %s", credentials->file, wrong.text);
}

const struct store_key *credentials_get(struct credentials *credentials, struct reason *why)
{
	struct stat status;
	bool good = false;
	int fd = open(credentials->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &status) != 0)
		reason_errno(why, "cannot open the key %s", credentials->file);
	else if (credentials->by_systemd || is_private(&status, credentials->file, why))
		good = (credentials->known && is_same(&status, &credentials->read)) ||
		       read_key(credentials, fd, &status, why);
	if (fd >= 0)
		close(fd);
	return good ? &credentials->key : NULL;
}
