/*
 * test_encoder_sandbox.c - an FFmpeg that the camera's data has compromised tries to reach everything that its user may
 * reach (recorderd/ffmpeg/encoder_sandbox.h). This program itself plays FFmpeg, under that name.
 */
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/recording_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#include <sys/prctl.h>
#endif

#include "recorderd/ffmpeg/encoder_sandbox.h"
#include "shared/base/sanitizer.h"
#include "shared/event/subprocess.h"

#include "shared/ring/control.h"
#include "tests/unit/support/break_out.h"
#include "tests/unit/support/taken_over.h"

static struct reason why;

/* --- what it cannot do --- */

static char search_before[4096];
static int recorder = -1;  /* a socket like the control socket */
static int left_open = -1; /* an inherited descriptor */
static struct sandbox_state state_of_sandbox;

static void write_file(const char *name, const char *text, mode_t mode)
{
	const char *path = path_within(target.folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t length = strlen(text);

	assert_true(fd >= 0 && write(fd, text, length) == (ssize_t)length && fchmod(fd, mode) == 0);
	close(fd);
}

static void set_search(const char *folders)
{
	char path[2 * PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s%s%s", folders, *folders ? ":" : "", search_before);

	assert_true(length > 0 && (size_t)length < sizeof(path));
	setenv("PATH", path, 1);
}

static void make_files_again(void)
{
	write_file("recordings/one.mp4", "hello", 0640);
	write_file("recordings/one.mp4.copy", "hello", 0640);
	unlink(path_within(target.folder, "recordings/forged.mp4"));
	shm_unlink(target.forged_ring);
	int ring = shm_open(target.own_ring, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(ring >= 0);
	close(ring);
}

/* Reads the pipe up to its end. */
static size_t read_all(int fd, char *out, size_t bytes)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	size_t have = 0;
	ssize_t got;

	while (have < bytes) {
		assert_int_equal(poll(&ready, 1, 60000), 1);
		got = read(fd, out + have, bytes - have);
		if (got == 0)
			break;
		have += got > 0 ? (size_t)got : 0;
	}
	return have;
}

/* The outcome of each attempt. */
static void outcome_in(struct sandbox *sandbox, char out[ATTEMPTS])
{
	struct subprocess_setup setup = subprocess_piped((const char *const[]){"ffmpeg", NULL});
	struct subprocess child;
	char complaint[512] = "";

	make_files_again();
	if (sandbox)
		setup.prepare = sandbox_enter_child;
	setup.context = sandbox;
	if (!subprocess_start(&child, &setup, &why))
		fail_msg("%s", why.text);
	if (read_all(child.out, out, ATTEMPTS) != ATTEMPTS) {
		read_all(child.err, complaint, sizeof(complaint) - 1);
		fail_msg("it did not come so far: %s", complaint);
	}
	subprocess_kill(&child);
}

static void sandbox_is_unavailable(void)
{
	if (strstr(state_of_sandbox.missing.text, "sanitizers"))
		skip();
	assert_int_equal(state_of_sandbox.landlock, landlock_version());
	if (state_of_sandbox.landlock == 0 && !state_of_sandbox.seccomp) {
		print_message("# %s\n", state_of_sandbox.missing.text);
		skip();
	}
}

static void assert_contained(bool by_script)
{
	struct sandbox *sandbox = encoder_sandbox_open(&rig.config.record, rig.config.record.encoder);
	char unkept[ATTEMPTS], kept[ATTEMPTS];
	size_t wrong = 0;

	outcome_in(sandbox, kept);
	sandbox_state(sandbox, &state_of_sandbox);
	sandbox_close(sandbox);
	sandbox_is_unavailable();
	outcome_in(NULL, unkept);
	for (size_t i = 0; i < ATTEMPTS; i++) {
		const struct attempt *attempt = &attempts[i];
		bool expected = attempt->landlock <= state_of_sandbox.landlock ||
				(attempt->seccomp && state_of_sandbox.seccomp);
		if (unkept[i] == 'n')
			print_message("# not possible on this machine anyway: %s\n", attempt->name);
		if (kept[i] == 'n' || !expected || (by_script && attempt->left_to_scripts))
			continue;
		print_message("# got through: %s\n", attempt->name);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void a_compromised_ffmpeg_cannot_break_out(void **state)
{
	(void)state;
	set_search(path_within(target.folder, "bin"));
	assert_contained(false);
}

/* It can use those devices, and nothing else. */
static void nor_can_one_with_devices(void **state)
{
	static const char *const encoders[] = {"h264_vaapi", "h264_v4l2m2m", "h264_nvenc", "h264_qsv"};

	(void)state;
	set_search(path_within(target.folder, "bin"));
	for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++) {
		snprintf(rig.config.record.encoder, sizeof(rig.config.record.encoder), "%s", encoders[i]);
		assert_contained(false);
	}
}

static void nor_can_one_that_a_script_starts(void **state)
{
	char folders[PATH_MAX];

	(void)state;
	snprintf(folders, sizeof(folders), "%s/scripts:%s/bin", target.folder, target.folder);
	set_search(folders);
	assert_contained(true);
}

/* --- recording with it --- */

static struct encoder_status status;

static const struct encoder_status *status_now(void)
{
	encoder_status(rig.encoder, &status);
	return &status;
}

static bool was_compromised(struct rig *of)
{
	(void)of;
	fake_clock.mono_ahead_us += US_PER_S; /* past the wait before the next try */
	return status_now()->restarts >= 2;
}

static bool sandbox_is_known(struct rig *of)
{
	(void)of;
	return status_now()->sandbox.known;
}

static void all_is_recorded(void)
{
	rig_wait(rig_all_put);
	rig_wait(sandbox_is_known);
	rig_stop();
	rig_read_folder();
	assert_all_recorded();
}

static void what_it_was_given_is_recorded_by_the_next_child(void **state)
{
	struct stat file;

	(void)state;
	make_files_again();
	set_search(path_within(target.folder, "bin"));
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 2);
	rig_wait(was_compromised);
	set_search("");
	all_is_recorded();
	if (state_of_sandbox.landlock == 0 && !state_of_sandbox.seccomp)
		skip();
	assert_int_equal(stat(path_within(target.folder, "recordings/one.mp4"), &file), 0);
	assert_int_equal(file.st_size, 5);
}

static void the_state_of_its_sandbox_is_known(void **state)
{
	(void)state;
	set_search("");
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	rig_wait(sandbox_is_known);
	if (status.sandbox.landlock > 0 && status.sandbox.seccomp)
		assert_string_equal(status.sandbox.missing.text, "");
	else
		assert_string_not_equal(status.sandbox.missing.text, "");
	assert_true(status.sandbox.landlock == 0 || status.sandbox.landlock == landlock_version());
	all_is_recorded();
}

static void a_disabled_sandbox_is_reported(void **state)
{
	(void)state;
	set_search("");
	rig.config.record.sandbox = false;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	all_is_recorded();
	assert_int_equal(status.sandbox.landlock, 0);
	assert_false(status.sandbox.seccomp);
	assert_string_not_equal(status.sandbox.missing.text, "");
}

static void is_recorded_by(const char *script)
{
	write_file("scripts/ffmpeg", script, 0755);
	set_search(path_within(target.folder, "scripts"));
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	all_is_recorded();
	assert_int_equal(status.restarts, 0);
}

static void a_script_may_lower_its_priority(void **state)
{
	(void)state;
	is_recorded_by("#!/bin/sh\nPATH=${PATH#*:}\nexec nice -n 1 ionice -c 3 taskset ffffffff "
		       "ffmpeg \"$@\"\n");
}

static void a_script_need_not_name_the_shell(void **state)
{
	(void)state;
	is_recorded_by("PATH=${PATH#*:}\nexec ffmpeg \"$@\"\n");
}

/* Makes this process believe that its kernel has neither, so it has to be the last case. */
static bool forget_sandboxes(void)
{
#ifdef HAVE_SECCOMP
	const struct scmp_arg_cmp filters = SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool good = filter &&
		    seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
		    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &filters) == 0 &&
		    seccomp_load(filter) == 0;

	seccomp_release(filter);
	return good && landlock_version() == 0;
#else
	return false;
#endif
}

static void without_landlock_and_seccomp_it_records_and_reports_that(void **state)
{
	(void)state;
	if (SANITIZED || !forget_sandboxes())
		skip();
	set_search("");
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	all_is_recorded();
	assert_true(status.sandbox.known);
	assert_int_equal(status.sandbox.landlock, 0);
	assert_false(status.sandbox.seccomp);
	assert_non_null(strstr(status.sandbox.missing.text, "Landlock"));
	assert_non_null(strstr(status.sandbox.missing.text, "seccomp"));
}

/* --- setup --- */

static void make_stand_ins(void)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(length > 0);
	self[length] = '\0';
	assert_int_equal(mkdir(path_within(target.folder, "bin"), 0755), 0);
	assert_int_equal(mkdir(path_within(target.folder, "scripts"), 0755), 0);
	assert_int_equal(symlink(self, path_within(target.folder, "bin/ffmpeg")), 0);
	write_file("scripts/ffmpeg", "#!/bin/sh\nPATH=${PATH#*:} exec ffmpeg \"$@\"\n", 0755);
}

static int start(void **state)
{
	struct sockaddr_un address;
	char text[32], command[PATH_MAX];

	(void)state;
	snprintf(search_before, sizeof(search_before), "%s", getenv("PATH"));
	strcpy(target.folder, "/tmp/test-encoder-XXXXXX");
	assert_non_null(mkdtemp(target.folder));
	setenv("BREAK_OUT", target.folder, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("BREAK_OUT_OF", text, 1);
	snprintf(text, sizeof(text), "%lx", (unsigned long)(uintptr_t)&in_parent);
	setenv("BREAK_OUT_AT", text, 1);
	target_from_environment();
	assert_int_equal(mkdir(path_within(target.folder, "recordings"), 0750), 0);
	assert_int_equal(mkdir(path_within(target.folder, "clips"), 0750), 0);
	write_file("tokens", "hello", 0640);
	make_stand_ins();
	snprintf(command, sizeof(command), "cp /bin/true %s/clips/program", target.folder);
	assert_int_equal(system(command), 0);
	socklen_t bytes = control_address(target.camera.camera.name, &address);
	recorder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(recorder, (const struct sockaddr *)&address, bytes), 0);
	assert_int_equal(listen(recorder, 64), 0);
	left_open = open("/dev/null", O_RDONLY);
	assert_true(left_open >= 0);
	return 0;
}

static int teardown(void **state)
{
	struct sockaddr_un address;
	char command[96];

	(void)state;
	close(recorder);
	control_address(target.camera.camera.name, &address);
	unlink(address.sun_path);
	close(left_open);
	shm_unlink(target.own_ring);
	shm_unlink(target.forged_ring);
	snprintf(command, sizeof(command), "rm -rf '%s'", target.folder);
	return system(command);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_compromised_ffmpeg_cannot_break_out),
		CASE(nor_can_one_with_devices),
		CASE(nor_can_one_that_a_script_starts),
		CASE(what_it_was_given_is_recorded_by_the_next_child),
		CASE(a_script_may_lower_its_priority),
		CASE(a_script_need_not_name_the_shell),
		CASE(the_state_of_its_sandbox_is_known),
		CASE(a_disabled_sandbox_is_reported),
		CASE(without_landlock_and_seccomp_it_records_and_reports_that),
	};

	if (strcmp(program_invocation_short_name, "ffmpeg") == 0)
		return try_everything();
	return cmocka_run_group_tests_name("encoder_sandbox", tests, start, teardown);
}
