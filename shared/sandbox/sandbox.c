/* sandbox.c - sandboxes with Landlock and seccomp. */
#include "shared/sandbox/sandbox.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/sanitizer.h"

#define AT_EXEC 4u /* CLOSE_RANGE_CLOEXEC of linux/close_range.h (5.11) */

struct allowed {
	char *path; /* owned */
	unsigned rights;
};

/* Of the last process that entered, in memory shared with it. Errors are errno, 0 if the mechanism is in effect. */
struct outcome {
	atomic_int landlock_error, seccomp_error;
	atomic_bool entered;
};

struct sandbox {
	struct sandbox_setup setup;
	struct allowed *allowed;
	size_t count, capacity;
	bool failed; /* no memory for the list */
	int version; /* of the kernel's Landlock */
	struct seccomp_filter filter, script_filter;
	struct reason no_filter; /* why there is no filter */
	const char *loader;
	struct outcome *outcome;
};

static int find_loader(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)context = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 1; /* the first object is the program itself; stop */
}

const char *sandbox_loader(void)
{
	const char *loader = NULL;

	dl_iterate_phdr(find_loader, &loader);
	return loader;
}

static void build_filters(struct sandbox *sandbox)
{
	const struct sandbox_setup *setup = &sandbox->setup;
	unsigned profiles = (unsigned)setup->profile | (setup->devices != FFMPEG_DEVICES_NONE ? SECCOMP_DEVICES : 0);

	(void)(seccomp_filter_build(&sandbox->filter, profiles, &sandbox->no_filter) && setup->scripts &&
	       seccomp_filter_build(&sandbox->script_filter, profiles | SECCOMP_SCRIPT, &sandbox->no_filter));
}

struct sandbox *sandbox_open(const struct sandbox_setup *setup)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox)
		return NULL;
	sandbox->setup = *setup;
	sandbox->outcome =
		mmap(NULL, sizeof(*sandbox->outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sandbox->outcome == MAP_FAILED) {
		free(sandbox);
		return NULL;
	}
	if (SANITIZED)
		sandbox->setup.disabled_because = "this is a build with sanitizers";
	if (sandbox->setup.disabled_because)
		return sandbox;
	sandbox->version = landlock_version();
	sandbox->loader = sandbox_loader();
	build_filters(sandbox);
	return sandbox;
}

void sandbox_close(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	for (size_t i = 0; i < sandbox->count; i++)
		free(sandbox->allowed[i].path);
	free(sandbox->allowed);
	seccomp_filter_free(&sandbox->filter);
	seccomp_filter_free(&sandbox->script_filter);
	munmap(sandbox->outcome, sizeof(*sandbox->outcome));
	free(sandbox);
}

void sandbox_allow(struct sandbox *sandbox, const char *path, unsigned rights)
{
	if (sandbox->count == sandbox->capacity) {
		size_t capacity = sandbox->capacity ? 2 * sandbox->capacity : 16;
		struct allowed *grown = realloc(sandbox->allowed, capacity * sizeof(*grown));
		sandbox->failed = sandbox->failed || !grown;
		if (!grown)
			return;
		sandbox->allowed = grown;
		sandbox->capacity = capacity;
	}
	char *copy = strdup(path);
	sandbox->failed = sandbox->failed || !copy;
	if (copy)
		sandbox->allowed[sandbox->count++] = (struct allowed){copy, rights};
}

static bool add_files(const struct sandbox *sandbox, const struct landlock_ruleset *ruleset, bool script)
{
	const struct sandbox_setup *setup = &sandbox->setup;
	bool good = true;

	for (size_t i = 0; good && i < sandbox->count; i++)
		good = landlock_ruleset_add(ruleset, sandbox->allowed[i].path, sandbox->allowed[i].rights);
	if (good && setup->tcp_port)
		good = landlock_ruleset_add_port(ruleset, setup->tcp_port);
	if (!good || !setup->runs_ffmpeg)
		return good;
	return (!sandbox->loader || landlock_ruleset_add(ruleset, sandbox->loader, LANDLOCK_EXECUTE)) &&
	       ffmpeg_files_add(ruleset) && (!script || ffmpeg_script_add(ruleset)) &&
	       ffmpeg_devices_add(ruleset, setup->devices);
}

/* Returns 0 or an errno. */
static int enter_landlock(const struct sandbox *sandbox, bool script)
{
	struct landlock_ruleset ruleset;

	if (sandbox->failed)
		return ENOMEM;
	bool alone = sandbox->setup.profile == SECCOMP_FFMPEG || sandbox->setup.profile == SECCOMP_MOTION;
	bool good = landlock_ruleset_open(&ruleset, alone) && add_files(sandbox, &ruleset, script) &&
		    landlock_ruleset_enter(&ruleset);
	int error = good ? 0 : errno;
	landlock_ruleset_close(&ruleset);
	return error;
}

static void close_at_exec(void)
{
#ifdef SYS_close_range
	syscall(SYS_close_range, STDERR_FILENO + 1u, ~0u, AT_EXEC);
#endif
}

void sandbox_enter(const struct sandbox *sandbox)
{
	if (sandbox->setup.disabled_because)
		return;
	bool script = sandbox->setup.scripts && ffmpeg_is_script();
	const struct seccomp_filter *filter = script ? &sandbox->script_filter : &sandbox->filter;
	if (sandbox->setup.profile == SECCOMP_FFMPEG)
		close_at_exec();
	sandbox->outcome->landlock_error = enter_landlock(sandbox, script);
	sandbox->outcome->seccomp_error = !filter->code ? ENOSYS : seccomp_filter_enter(filter) ? 0 : errno;
	sandbox->outcome->entered = true;
}

bool sandbox_enter_child(void *sandbox)
{
	sandbox_enter(sandbox);
	return true;
}

static void add_sentence(struct reason *to, const char *sentence)
{
	struct reason before = *to;

	reason_set(to, "%.150s%s%.150s", before.text, *before.text ? "; " : "", sentence);
}

static void describe_missing(const struct sandbox *sandbox, struct reason *out)
{
	struct reason why;

	errno = sandbox->outcome->landlock_error;
	if (errno != 0) {
		if (sandbox->version > 0)
			reason_errno(&why, "Landlock failed");
		else
			reason_set(&why, "this kernel has no Landlock");
		add_sentence(out, why.text);
	}
	errno = sandbox->outcome->seccomp_error;
	if (errno != 0) {
		reason_errno(&why, "seccomp failed");
		add_sentence(out, *sandbox->no_filter.text ? sandbox->no_filter.text : why.text);
	}
}

void sandbox_state(const struct sandbox *sandbox, struct sandbox_state *out)
{
	*out = (struct sandbox_state){.known = sandbox->setup.disabled_because || sandbox->outcome->entered};
	if (sandbox->setup.disabled_because) {
		reason_set(&out->missing, "%s", sandbox->setup.disabled_because);
	} else if (out->known) {
		out->landlock = sandbox->outcome->landlock_error == 0 ? sandbox->version : 0;
		out->seccomp = sandbox->outcome->seccomp_error == 0;
		describe_missing(sandbox, &out->missing);
	}
}

void sandbox_log(const char *area, const struct sandbox_state *state)
{
	if (*state->missing.text)
		log_warn(area, "sandbox incomplete: %s", state->missing.text);
	else
		log_info(area, "sandboxed by Landlock %d and seccomp", state->landlock);
}
