/*
 * landlock.c - see landlock.h. The numbers are those of linux/landlock.h, which a distribution may have from an
 * older kernel than the one that runs: each version of the interface adds rights, and one that the kernel does not know
 * is an error.
 */
#include "shared/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_landlock_create_ruleset

#define ASK_VERSION       1u
#define RULE_PATH_BENEATH 1

#define EXECUTE      (UINT64_C(1) << 0)
#define WRITE_FILE   (UINT64_C(1) << 1)
#define READ_FILE    (UINT64_C(1) << 2)
#define READ_DIR     (UINT64_C(1) << 3)
#define REMOVE_DIR   (UINT64_C(1) << 4)
#define REMOVE_FILE  (UINT64_C(1) << 5)
#define MAKE_DIR     (UINT64_C(1) << 7)
#define MAKE_REG     (UINT64_C(1) << 8)
#define TRUNCATE     (UINT64_C(1) << 14)
#define OF_FILES     (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE)
#define TCP          UINT64_C(3) /* bind, connect */
#define SCOPE_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset {
	uint64_t files, network, scopes;
};

struct rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

/* All rights over files that a version knows. */
static uint64_t rights_known(int version)
{
	static const int bits[] = {13, 14, 15, 15, 16};
	const int versions = sizeof(bits) / sizeof(bits[0]);

	return (UINT64_C(1) << bits[version < versions ? version - 1 : versions - 1]) - 1;
}

static uint64_t rights_of(unsigned rights)
{
	return (rights & MAY_READ ? READ_FILE | READ_DIR : 0) | (rights & MAY_READ_FILES ? READ_FILE : 0) |
	       (rights & MAY_WRITE ? WRITE_FILE | TRUNCATE : 0) |
	       (rights & MAY_MAKE ? MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR : 0) |
	       (rights & MAY_EXECUTE ? EXECUTE | READ_FILE : 0);
}

int lock_files_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return version > 0 ? (int)version : 0;
}

static bool rule_add(int ruleset, const struct lock_path *path, uint64_t known)
{
	struct rule rule = {.rights = rights_of(path->rights) & known, .fd = open(path->path, O_PATH | O_CLOEXEC)};
	struct stat status;

	if (rule.fd < 0)
		return true;
	if (fstat(rule.fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.rights &= OF_FILES;
	bool added = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.fd);
	return added;
}

bool lock_files(const struct lock_path *paths, size_t count, bool alone, struct reason *why)
{
	int version = lock_files_version();
	struct ruleset attributes = {
		.files = version > 0 ? rights_known(version) : 0,
		.network = version >= 4 ? TCP : 0,
		.scopes = version >= 6 ? SCOPE_SIGNAL | (alone ? SCOPE_SOCKET : 0) : 0,
	};
	/* A field that an older kernel does not know is no error while it is zero. */
	int ruleset = version > 0 ? (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0) : -1;
	bool good = ruleset >= 0;

	for (size_t i = 0; good && i < count; i++)
		good = rule_add(ruleset, &paths[i], attributes.files);
	good = good && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	if (!good)
		reason_errno(why, version > 0 ? "Landlock refuses" : "this kernel has no Landlock");
	if (ruleset >= 0)
		close(ruleset);
	return good;
}

#else

int lock_files_version(void)
{
	return 0;
}

bool lock_files(const struct lock_path *paths, size_t count, bool alone, struct reason *why)
{
	(void)paths;
	(void)count;
	(void)alone;
	return reason_set(why, "this program was built where Landlock was not known");
}

#endif
