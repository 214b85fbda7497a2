/* motion_sandbox.c - the sandbox of recorder-motion. */
#include "motion/motion_sandbox.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/sanitizer.h"
#include "shared/sandbox/sandbox.h"

/*
 * The filter allows no call that gets memory, so malloc(3) must already have it: it keeps what was freed. Once that is
 * used up it returns NULL.
 */
static void reserve_memory(size_t bytes)
{
#ifdef M_MMAP_MAX
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
#endif
	void *volatile memory = malloc(bytes);
	free(memory);
}

static void limit_memory(void)
{
	struct rlimit limit;

	if (SANITIZED || getrlimit(RLIMIT_DATA, &limit) != 0)
		return;
	if (limit.rlim_cur > MOTION_MEMORY_BYTES)
		limit.rlim_cur = MOTION_MEMORY_BYTES;
	setrlimit(RLIMIT_DATA, &limit);
}

static void close_others(void)
{
#ifdef SYS_close_range
	syscall(SYS_close_range, STDERR_FILENO + 1u, ~0u, 0);
#endif
}

void motion_sandbox_enter(size_t spare_bytes)
{
	struct sandbox *sandbox = sandbox_open(&(struct sandbox_setup){.profile = SECCOMP_MOTION});
	struct sandbox_state state = {.known = true};

	reserve_memory(spare_bytes);
	limit_memory();
	close_others();
	tzset(); /* the log needs the time zone, which is in a file */
	if (!sandbox) {
		log_warn("motion", "sandbox incomplete: out of memory");
		return;
	}
	sandbox_enter(sandbox);
	sandbox_state(sandbox, &state);
	sandbox_log("motion", &state);
}
