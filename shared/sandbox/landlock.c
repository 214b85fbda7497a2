/* landlock.c - restricts this process and its children to the files that are named. */
#include "shared/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_landlock_create_ruleset

/*
 * These are the values of linux/landlock.h, which may be older than the running kernel. Each version of the ABI adds
 * rights, and the kernel refuses a right that it does not know.
 */
#define ASK_VERSION       1u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT     2

#define EXECUTE      (UINT64_C(1) << 0)
#define WRITE_FILE   (UINT64_C(1) << 1)
#define READ_FILE    (UINT64_C(1) << 2)
#define READ_DIR     (UINT64_C(1) << 3)
#define REMOVE_DIR   (UINT64_C(1) << 4)
#define REMOVE_FILE  (UINT64_C(1) << 5)
#define MAKE_DIR     (UINT64_C(1) << 7)
#define MAKE_REG     (UINT64_C(1) << 8)
#define TRUNCATE     (UINT64_C(1) << 14)
#define IOCTL_DEV    (UINT64_C(1) << 15)
#define OF_FILES     (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)
#define TCP          UINT64_C(3) /* bind, connect */
#define TCP_CONNECT  (UINT64_C(1) << 1)
#define SCOPE_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct attributes {
	uint64_t files, network, scopes;
};

struct rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t rights, port;
};

/* All rights on files that a version knows. */
static uint64_t rights_known(int version)
{
	static const int bits[] = {13, 14, 15, 15, 16};
	const int versions = sizeof(bits) / sizeof(bits[0]);

	return (UINT64_C(1) << bits[version < versions ? version - 1 : versions - 1]) - 1;
}

static uint64_t rights_of(unsigned rights)
{
	return (rights & LANDLOCK_READ ? READ_FILE | READ_DIR : 0) | (rights & LANDLOCK_READ_FILE ? READ_FILE : 0) |
	       (rights & LANDLOCK_WRITE ? WRITE_FILE | TRUNCATE : 0) |
	       (rights & LANDLOCK_MAKE ? MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR : 0) |
	       (rights & LANDLOCK_EXECUTE ? EXECUTE | READ_FILE : 0) | (rights & LANDLOCK_IOCTL_DEV ? IOCTL_DEV : 0) |
	       (rights & LANDLOCK_READ_DIR ? READ_DIR : 0);
}

int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return version > 0 ? (int)version : 0;
}

bool landlock_ruleset_open(struct landlock_ruleset *out, bool alone)
{
	int version = landlock_version();
	/* An older kernel accepts fields that it does not know as long as they are zero. */
	struct attributes attributes = {
		.files = version > 0 ? rights_known(version) : 0,
		.network = version >= 4 ? TCP : 0,
		.scopes = version >= 6 ? SCOPE_SIGNAL | (alone ? SCOPE_SOCKET : 0) : 0,
	};

	out->files = attributes.files;
	out->fd = -1;
	if (version > 0)
		out->fd = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	return out->fd >= 0;
}

bool landlock_ruleset_add_fd(const struct landlock_ruleset *ruleset, int fd, unsigned rights)
{
	struct rule rule = {.rights = rights_of(rights) & ruleset->files, .fd = fd};
	struct stat status;

	if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.rights &= OF_FILES;
	return rule.rights == 0 || syscall(SYS_landlock_add_rule, ruleset->fd, RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool landlock_ruleset_add_port(const struct landlock_ruleset *ruleset, unsigned port)
{
	struct port_rule rule = {.rights = TCP_CONNECT, .port = port};

	return landlock_version() < 4 || syscall(SYS_landlock_add_rule, ruleset->fd, RULE_NET_PORT, &rule, 0) == 0;
}

bool landlock_ruleset_enter(const struct landlock_ruleset *ruleset)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, ruleset->fd, 0) == 0;
}

#else

int landlock_version(void)
{
	return 0;
}

bool landlock_ruleset_open(struct landlock_ruleset *out, bool alone)
{
	(void)alone;
	*out = (struct landlock_ruleset){.fd = -1};
	errno = ENOSYS;
	return false;
}

bool landlock_ruleset_add_fd(const struct landlock_ruleset *ruleset, int fd, unsigned rights)
{
	(void)ruleset;
	(void)fd;
	(void)rights;
	errno = ENOSYS;
	return false;
}

bool landlock_ruleset_add_port(const struct landlock_ruleset *ruleset, unsigned port)
{
	(void)ruleset;
	(void)port;
	errno = ENOSYS;
	return false;
}

bool landlock_ruleset_enter(const struct landlock_ruleset *ruleset)
{
	(void)ruleset;
	errno = ENOSYS;
	return false;
}

#endif

bool landlock_ruleset_add(const struct landlock_ruleset *ruleset, const char *path, unsigned rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return true;
	bool added = landlock_ruleset_add_fd(ruleset, fd, rights);
	int error = errno;
	close(fd);
	errno = error;
	return added;
}

void landlock_ruleset_close(struct landlock_ruleset *ruleset)
{
	if (ruleset->fd >= 0)
		close(ruleset->fd);
	ruleset->fd = -1;
}
