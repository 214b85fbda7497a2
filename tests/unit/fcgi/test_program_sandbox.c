/*
 * test_program_sandbox.c - attempts to break out of the programs' sandboxes.
 *
 * A child makes each attempt twice, outside and inside of the sandbox. The first one must succeed for the test to mean
 * anything; if this machine refuses it anyway, the attempt is skipped and its name printed.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/sandbox/program_sandbox.h"
#include "shared/ring/control.h"
#include "shared/ring/user_folder.h"
#include "shared/sandbox/landlock.h"
#include "tests/unit/support/break_out.h"

static struct config_set cameras = {.cameras = &target.camera, .count = 1};
static struct sandbox_state sandbox_of_machine; /* of this machine and build */
static int recorder = -1;                       /* listens on a recorder's control socket */

enum { NEVER = 99 };

static const struct attempt {
	const char *name;
	int (*make)(void);
	int landlock;     /* the version that refuses it; NEVER: none does */
	bool seccomp;     /* whether seccomp refuses it */
	bool destructive; /* breaks other attempts, so it is not made outside of the sandbox */
} refused_to_api[] = {
	{"read /etc/passwd", try_read_passwd, 1, false, false},
	{"read the configuration and the tokens", try_read_configuration, 1, false, false},
	{"list /", try_list_root, 1, false, false},
	{"write to a recording", try_write_recording, 1, false, false},
	{"make a recording", try_make_recording, 1, false, false},
	{"remove a recording", try_remove_recording, 1, false, true},
	{"truncate a recording", try_truncate_recording, 3, true, true},
	{"make a ring", try_make_ring, 1, false, false},
	{"remove a ring", try_remove_ring, 1, false, true},
	{"hold the camera's name", try_lock_camera_name, 1, false, false},
	{"hold the ring", try_lock_ring, NEVER, true, false},
	{"hold the recordings", try_lock_recordings, NEVER, true, false},
	{"hold the folder of recordings", try_lock_recordings_folder, NEVER, true, false},
	{"remove the lock of the camera's name", try_remove_the_lock, 1, false, true},
	{"have the recorder wait for a recording", try_lease_recording, NEVER, true, false},
	{"list shared memory", try_list_shared_memory, 1, false, false},
	{"follow a link out of clips/", try_follow_link_out_of_clips, 1, true, false},
	{"link a file into clips/", try_link_into_clips, 1, true, true},
	{"make a FIFO in clips/", try_make_device_in_clips, 1, true, true},
	{"run another program", try_run_another_program, 1, false, false},
	{"run a program that was put into clips/", try_run_from_clips, 1, false, false},
	{"open a TCP socket", try_connect_tcp, NEVER, true, false},
	{"open a netlink socket", try_open_packets, NEVER, true, false},
	{"trace another process", try_trace_parent, 1, true, true},
	{"read another process's memory", try_read_parent, 1, true, false},
	{"read another process's environment", try_read_parent_by_file, 1, false, false},
	{"signal another process", try_signal_parent, 6, false, false},
	{"signal another process's thread", try_signal_parents_thread, 6, false, false},
	{"have another process signalled", try_set_parent_as_signal_owner, NEVER, true, false},
	{"limit another process", try_limit_parent, NEVER, true, false},
	{"slow another process down", try_slow_parent, NEVER, true, false},
	{"slow a group of processes down", try_slow_own_group, NEVER, true, false},
	{"slow another process's disk down", try_slow_parents_disk, NEVER, true, false},
	{"mount", try_mount_something, 1, true, true},
	{"leave for a namespace", try_new_namespace, NEVER, true, true},
	{"start a child in a namespace", try_child_in_namespace, NEVER, true, false},
	{"change the root", try_change_root, NEVER, true, true},
	{"use io_uring", try_io_uring, NEVER, true, false},
	{"use the keyring", try_keyring, NEVER, true, false},
};

static const struct attempt left_to_api[] = {
	{"read a recording", try_read_recording, NEVER, false, false},
	{"read a ring", try_read_ring, NEVER, false, false},
	{"keep a clip", try_keep_clip, NEVER, false, false},
	{"make the cache", try_make_cache, NEVER, false, false},
	{"reach the recorder", try_connect_recorder, NEVER, false, false},
	{"run FFmpeg", try_run_ffmpeg, NEVER, false, false},
	{"ask about connections", try_ask_about_connections, NEVER, false, false},
	{"limit itself and slow itself down", try_limit_and_slow_self, NEVER, false, false},
};

static const struct attempt refused_to_live[] = {
	{"hold the camera's name", try_lock_camera_name, 1, true, false},
	{"hold the ring", try_lock_ring, NEVER, true, false},
	{"list shared memory", try_list_shared_memory, 1, false, false},
	{"start a process", try_start_process, NEVER, true, false},
	{"have another process signalled", try_set_parent_as_signal_owner, NEVER, true, false},
	{"limit another process", try_limit_parent, NEVER, true, false},
	{"slow another process down", try_slow_parent, NEVER, true, false},
	{"read a recording", try_read_recording, 1, false, false},
	{"keep a clip", try_keep_clip, 1, true, false},
	{"run FFmpeg", try_run_ffmpeg, NEVER, true, false},
	{"reach the recorder", try_connect_recorder, NEVER, true, false},
	{"ask about connections", try_ask_about_connections, NEVER, true, false},
	{"read /etc/passwd", try_read_passwd, 1, false, false},
};

static void lock_api(void)
{
	program_sandbox_enter_api(&cameras, &sandbox_of_machine);
}

static void lock_live(void)
{
	program_sandbox_enter_live(&cameras, &sandbox_of_machine);
}

/* The outcome of an attempt in a child that calls `enter` first, unless that is NULL. */
static int outcome_of(const struct attempt *attempt, void (*enter)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (enter)
			enter();
		_exit(attempt->make());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status))
		fail_msg("%s: ended by signal %d", attempt->name, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void all_refused(const struct attempt *attempts, size_t count, void (*enter)(void))
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct attempt *attempt = &attempts[i];
		bool expected = attempt->landlock <= sandbox_of_machine.landlock ||
				(attempt->seccomp && sandbox_of_machine.seccomp);
		if (!attempt->destructive && outcome_of(attempt, NULL) != 0) {
			print_message("# not possible on this machine anyway: %s\n", attempt->name);
			continue;
		}
		if (expected && outcome_of(attempt, enter) == 0) {
			print_message("# got through: %s\n", attempt->name);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void skip_without_sandbox(void)
{
	if (sandbox_of_machine.landlock == 0 && !sandbox_of_machine.seccomp) {
		print_message("# %s\n", sandbox_of_machine.missing.text);
		skip();
	}
}

static void an_api_worker_cannot_break_out(void **state)
{
	(void)state;
	skip_without_sandbox();
	all_refused(refused_to_api, sizeof(refused_to_api) / sizeof(refused_to_api[0]), lock_api);
	struct stat status;
	assert_int_equal(stat(target.recording, &status), 0);
	assert_int_equal(status.st_size, 5);
}

static void an_api_worker_can_do_its_work(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(left_to_api) / sizeof(left_to_api[0]); i++)
		if (outcome_of(&left_to_api[i], lock_api) != 0)
			fail_msg("refused: %s", left_to_api[i].name);
}

static void the_live_program_cannot_break_out(void **state)
{
	(void)state;
	skip_without_sandbox();
	all_refused(refused_to_live, sizeof(refused_to_live) / sizeof(refused_to_live[0]), lock_live);
	const struct attempt look = {"read a ring", try_read_ring, NEVER, false, false};
	assert_int_equal(outcome_of(&look, lock_live), 0);
}

static void missing_parts_are_reported_and_the_rest_is_used(void **state)
{
	(void)state;
	if (sandbox_of_machine.landlock > 0 && sandbox_of_machine.seccomp)
		assert_string_equal(sandbox_of_machine.missing.text, "");
	else
		assert_string_not_equal(sandbox_of_machine.missing.text, "");
	assert_true(sandbox_of_machine.landlock == 0 || sandbox_of_machine.landlock == landlock_version());
}

static void write_file(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, "hello", 5) == 5 && fchmod(fd, mode) == 0);
	close(fd);
}

/* Finds out in a child which sandbox this machine and build provide. */
static void find_state(void)
{
	struct sandbox_state *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();

	if (child == 0) {
		program_sandbox_enter_api(&cameras, shared);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	sandbox_of_machine = *shared;
	munmap(shared, sizeof(*shared));
}

static int start(void **state)
{
	char command[PATH_MAX + 64];
	struct sockaddr_un address;

	(void)state;
	target.parent = getpid();
	strcpy(target.folder, "/tmp/test-lock-XXXXXX");
	assert_non_null(mkdtemp(target.folder));
	snprintf(target.camera.camera.name, sizeof(target.camera.camera.name), "test-lock-%d", (int)getpid());
	config_ring_name(&target.camera, target.own_ring);
	snprintf(target.forged_ring, sizeof(target.forged_ring), "%s-forged", target.own_ring);
	snprintf(target.camera.record.directory, sizeof(target.camera.record.directory), "%s/recordings",
		 target.folder);
	snprintf(target.camera.clips.directory, sizeof(target.camera.clips.directory), "%s/clips", target.folder);
	assert_int_equal(mkdir(target.camera.record.directory, 0750), 0);
	assert_int_equal(mkdir(target.camera.clips.directory, 0750), 0);
	snprintf(target.recording, sizeof(target.recording), "%s/recordings/one.mp4", target.folder);
	write_file(target.recording, 0640);
	snprintf(target.secret, sizeof(target.secret), "%s/tokens", target.folder);
	write_file(target.secret, 0640);
	snprintf(command, sizeof(command), "cp /bin/true %s/program", target.camera.clips.directory);
	assert_int_equal(system(command), 0);
	char user_folder[USER_FOLDER_BYTES];
	struct reason why;
	assert_true(user_folder_create(user_folder, &why));
	snprintf(target.own_lock, sizeof(target.own_lock), "%s/%s.lock", user_folder, target.camera.camera.name);
	assert_int_equal(mkdir(target.own_lock, 0700), 0);
	write_file(path_within(target.camera.record.directory, ".lock"), 0200);
	int ring = shm_open(target.own_ring, O_RDWR | O_CREAT, 0600);
	assert_true(ring >= 0);
	close(ring);
	socklen_t bytes = control_address(target.camera.camera.name, &address);
	recorder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(recorder, (const struct sockaddr *)&address, bytes), 0);
	assert_int_equal(listen(recorder, 64), 0);
	find_state();
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	struct sockaddr_un address;
	control_address(target.camera.camera.name, &address);
	unlink(address.sun_path);
	rmdir(target.own_lock);
	close(recorder);
	shm_unlink(target.own_ring);
	shm_unlink(target.forged_ring);
	snprintf(command, sizeof(command), "rm -rf '%s'", target.folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_parts_are_reported_and_the_rest_is_used),
		cmocka_unit_test(an_api_worker_can_do_its_work),
		cmocka_unit_test(an_api_worker_cannot_break_out),
		cmocka_unit_test(the_live_program_cannot_break_out),
	};

	return cmocka_run_group_tests_name("program_sandbox", tests, start, teardown);
}
