/* test_leftovers.c - rings whose recorder is gone: which are found, how they are described, and which are freed. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorderd/lock/instance_lock.h"
#include "recorderd/ring/leftovers.h"
#include "tests/unit/support/ring_cases.h"

static char camera[CONFIG_NAME_BYTES], folder[64], ini[128];

static int make_names(void **state)
{
	(void)state;
	snprintf(camera, sizeof(camera), "left-%d", (int)getpid());
	snprintf(ring_case.name, sizeof(ring_case.name), "/recorder.%s", camera);
	snprintf(folder, sizeof(folder), "/tmp/recorder-leftovers-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(ini, sizeof(ini), "%s/camera.ini", folder);
	return 0;
}

static int remove_names(void **state)
{
	(void)state;
	unlink(ini);
	rmdir(folder);
	return remove_ring(state);
}

static int clean(void **state)
{
	unlink(ini);
	return remove_ring(state);
}

static void write_ini(const char *name)
{
	FILE *file = fopen(ini, "w");

	assert_non_null(file);
	fprintf(file, "[camera]\nname = %s\ndevice = test\n", name);
	fclose(file);
}

/* Leaves a ring like a recorder that was killed `idle_us` ago. */
static void leave_ring(int64_t idle_us, const char *config_file)
{
	struct ring_writer *writer = open_writer();
	struct recorder_state state = {.heartbeat_mono_us = mono_now().us - idle_us};

	snprintf(state.config_file, sizeof(state.config_file), "%s", config_file);
	for (uint32_t i = 0; i < 10; i++)
		ring_put(writer, 5000, i, i * US_PER_S);
	ring_writer_set_state(writer, &state);
	ring_writer_detach(writer);
}

static bool is_there(void)
{
	char path[100];

	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	return access(path, F_OK) == 0;
}

static bool is_listed(void)
{
	struct leftover *all;
	size_t count = leftovers_find(&all);
	bool listed = false;

	for (size_t i = 0; i < count; i++)
		listed |= strcmp(all[i].camera, camera) == 0;
	free(all);
	return listed;
}

static void a_ring_without_a_recorder_is_found_and_described(void **state)
{
	char text[LEFTOVER_TEXT_BYTES];
	struct leftover left;

	(void)state;
	assert_false(leftover_find(camera, &left));
	write_ini(camera);
	leave_ring(5 * US_PER_S, ini);
	assert_true(leftover_find(camera, &left));
	assert_true(is_listed());
	assert_int_equal(left.span_us, 9 * US_PER_S);
	assert_true(left.bytes >= MIB && left.bytes < 2 * MIB);
	assert_true(left.configured && left.idle_us >= 5 * US_PER_S);
	assert_string_equal(left.config_file, ini);
	leftover_describe(&left, text);
	assert_non_null(strstr(text, camera));
	assert_non_null(strstr(text, ini));
	assert_non_null(strstr(text, "9 s of frames"));
	assert_non_null(strstr(text, "--free-memory -n left-"));
}

static void a_ring_in_use_is_not_a_leftover(void **state)
{
	struct leftover left;
	struct reason unused;
	uint64_t bytes;

	(void)state;
	leave_ring(0, ""); /* it published its state a moment ago */
	assert_false(leftover_find(camera, &left));
	leave_ring(5 * US_PER_S, "");
	int lock = instance_lock_take(camera, &unused);
	assert_true(lock >= 0 && instance_lock_query(geteuid(), camera) == INSTANCE_LOCK_HELD);
	assert_false(leftover_find(camera, &left));
	assert_int_equal(leftover_free(camera, &bytes, &unused), LEFTOVER_IN_USE);
	instance_lock_release(lock, camera);
	assert_int_equal(instance_lock_query(geteuid(), camera), INSTANCE_LOCK_FREE);
	assert_true(leftover_find(camera, &left));
}

static void freeing_removes_the_ring_and_returns_its_size(void **state)
{
	struct reason unused;
	uint64_t bytes;

	(void)state;
	assert_int_equal(leftover_free(camera, &bytes, &unused), LEFTOVER_NONE);
	char unfinished[80];
	snprintf(unfinished, sizeof(unfinished), "%s.new",
		 ring_case.name); /* from a crash while frames were being copied */
	leave_ring(5 * US_PER_S, "");
	close(shm_open(unfinished, O_RDWR | O_CREAT, 0640));
	assert_int_equal(leftover_free(camera, &bytes, &unused), LEFTOVER_FREED);
	assert_true(bytes >= MIB && bytes < 2 * MIB);
	assert_false(is_there());
	assert_int_equal(shm_open(unfinished, O_RDONLY, 0), -1);
}

static void an_object_that_is_not_a_ring_can_be_freed_too(void **state)
{
	struct leftover left;
	struct reason unused;
	uint64_t bytes;
	char text[LEFTOVER_TEXT_BYTES];

	(void)state;
	int fd = shm_open(ring_case.name, O_RDWR | O_CREAT, 0640);
	assert_int_equal(posix_fallocate(fd, 0, 3 * (off_t)MIB), 0);
	close(fd);
	assert_true(leftover_find(camera, &left));
	assert_true(left.configured && left.idle_us < 0 && left.unreadable[0]);
	leftover_describe(&left, text);
	assert_non_null(strstr(text, "3 MiB"));
	leftovers_free_old(0);
	assert_true(is_there());
	assert_int_equal(leftover_free(camera, &bytes, &unused), LEFTOVER_FREED);
	assert_false(is_there());
}

static void invalid_names_lead_nowhere(void **state)
{
	static const char *const names[] = {"", "-x", "../passwd", "a.live", "a b", "A", "a/b"};
	struct leftover left;
	struct reason unused;
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_false(leftover_find(names[i], &left));
		assert_int_equal(leftover_free(names[i], &bytes, &unused), LEFTOVER_NONE);
	}
}

/* Only rings of cameras that are no longer configured. The limit here is some seconds instead of a day. */
static void only_rings_that_are_certainly_unwanted_are_freed_automatically(void **state)
{
	static const struct {
		const char *configures; /* NULL: the .ini is gone; "": it is broken */
		bool names_file;
		int64_t idle_us;
		bool stays;
	} cases[] = {
		{NULL, true, 20 * US_PER_S, false}, {"another", true, 20 * US_PER_S, false},
		{NULL, true, 5 * US_PER_S, true},   {NULL, false, 20 * US_PER_S, true},
		{"", true, 20 * US_PER_S, true},    {"same", true, 20 * US_PER_S, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		clean(NULL);
		leave_ring(cases[i].idle_us, cases[i].names_file ? ini : "");
		if (cases[i].configures)
			write_ini(strcmp(cases[i].configures, "same") == 0 ? camera : cases[i].configures);
		leftovers_free_old(10 * US_PER_S);
		assert_int_equal(is_there(), cases[i].stays);
	}
}

static void rings_of_other_users_stay(void **state)
{
	struct reason unused = {""};
	char path[100];

	(void)state;
	if (geteuid() != 0)
		skip();
	leave_ring(20 * US_PER_S, ini);
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	assert_int_equal(chown(path, 65534, 65534), 0);
	leftovers_free_old(10 * US_PER_S);
	assert_true(is_there());
	pid_t pid = fork();
	if (pid == 0) {
		uint64_t bytes;
		_exit(setuid(12345) == 0 && leftover_free(camera, &bytes, &unused) == LEFTOVER_REFUSED ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(is_there());
}

/* If the usual name is somebody else's, the ring has another name, and is found and freed just the same. */
static void a_ring_with_another_name_is_found_and_freed(void **state)
{
	char path[100], text[LEFTOVER_TEXT_BYTES], other[SHM_NAME_BYTES];
	struct leftover left;
	struct reason unused;
	uint64_t bytes;

	(void)state;
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	assert_int_equal(mkfifo(path, 0666), 0);
	leave_ring(20 * US_PER_S, ini);
	assert_true(leftover_find(camera, &left) && is_listed());
	assert_int_equal(left.span_us, 9 * US_PER_S);
	leftover_describe(&left, text);
	assert_non_null(strstr(text, "--free-memory -n left-"));
	assert_true(shm_name_find_published(ring_case.name, other));
	assert_true(shm_name_is_owned_by(other, geteuid()));
	leftovers_free_old(10 * US_PER_S); /* its .ini is gone */
	assert_false(shm_name_is_owned_by(other, geteuid()) || is_listed());
	leave_ring(20 * US_PER_S, "");
	assert_int_equal(leftover_free(camera, &bytes, &unused), LEFTOVER_FREED);
	assert_true(bytes >= MIB && bytes < 2 * MIB);
	assert_false(is_listed() || shm_name_find_published(ring_case.name, other));
	assert_int_equal(leftover_free(camera, &bytes, &unused), LEFTOVER_REFUSED);
	assert_int_equal(unlink(path), 0);
}

/* Another user's ring may say anything: no file that it names is opened, and no control characters are printed. */
static void a_file_named_in_another_user_s_ring_is_not_opened(void **state)
{
	char path[100];
	struct leftover left;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkfifo(ini, 0666), 0); /* opening it would block for ever */
	leave_ring(20 * US_PER_S, ini);
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	assert_int_equal(chown(path, 65534, 65534), 0);
	alarm(30);
	assert_true(leftover_find(camera, &left));
	alarm(0);
	assert_true(left.configured && left.span_us == 0);
	assert_string_equal(left.config_file, ini);
	assert_int_equal(unlink(path), 0);
	leave_ring(20 * US_PER_S, "/tmp/\033[31mred");
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_true(leftover_find(camera, &left));
	assert_string_equal(left.config_file, "/tmp/?[31mred");
}

/* Other users can create as many objects as fit into /dev/shm: the sweep of a running recorder opens none of them. */
static void a_sweep_does_not_open_another_user_s_ring(void **state)
{
	char path[100], event[sizeof(struct inotify_event) + NAME_MAX + 1];
	struct leftover left;

	(void)state;
	if (geteuid() != 0)
		skip();
	leave_ring(20 * US_PER_S, ini);
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	assert_int_equal(chown(path, 65534, 65534), 0);
	int opened = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(inotify_add_watch(opened, path, IN_OPEN) >= 0);
	leftovers_free_old(10 * US_PER_S);
	assert_int_equal(read(opened, event, sizeof(event)), -1);
	assert_true(leftover_find(camera, &left));
	assert_true(read(opened, event, sizeof(event)) > 0);
	close(opened);
}

/* A reader of another user's ring, such as root, maps nothing that the owner could truncate meanwhile. */
static void another_user_s_ring_may_be_truncated_while_it_is_read(void **state)
{
	struct recorder_state got;
	struct ring_frame frame;
	char path[100];

	(void)state;
	if (geteuid() != 0)
		skip();
	leave_ring(20 * US_PER_S, ini);
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	assert_int_equal(chown(path, 65534, 65534), 0);
	struct ring_reader *reader = ring_reader_open_any_user(ring_case.name, &ring_case.why);
	assert_non_null(reader);
	assert_int_equal(ring_reader_owner(reader), 65534);
	assert_int_equal(truncate(path, 0), 0);
	assert_true(ring_reader_state(reader, &got));
	assert_string_equal(got.config_file, ini);
	assert_true(ring_reader_get(reader, ring_reader_head(reader), &frame));
	assert_int_equal(frame.meta.mono_us, 9 * US_PER_S);
	ring_reader_close(reader);
	assert_null(ring_reader_open_any_user(ring_case.name, &ring_case.why));
}

/* If another user's ring has the usual name and this user's another one, each is described by its own contents. */
static void another_user_s_ring_is_not_taken_for_this_user_s(void **state)
{
	struct leftover *all;
	char path[100];
	uint64_t bytes;

	(void)state;
	if (geteuid() != 0)
		skip();
	leave_ring(20 * US_PER_S, "/theirs");
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	assert_int_equal(chown(path, 65534, 65534), 0);
	leave_ring(20 * US_PER_S, "/mine");
	size_t count = leftovers_find(&all), described = 0;
	for (size_t i = 0; i < count; i++)
		described += strcmp(all[i].camera, camera) == 0 &&
			     strcmp(all[i].config_file, all[i].uid == geteuid() ? "/mine" : "/theirs") == 0;
	free(all);
	assert_int_equal(described, 2);
	assert_int_equal(leftover_free(camera, &bytes, &ring_case.why), LEFTOVER_FREED);
}

/* If another user's lock cannot be examined, the time of the ring tells whether its recorder is running. */
static void a_ring_that_is_being_written_is_not_a_leftover(void **state)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	char path[100];
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	int lock = instance_lock_take(camera, &ring_case.why);
	leave_ring(20 * US_PER_S, ini);
	snprintf(path, sizeof(path), "/dev/shm%s", ring_case.name);
	for (int old = 0; old < 2; old++) {
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		pid_t pid = fork();
		if (pid == 0) {
			struct leftover left;
			_exit(setgid(12345) == 0 && setuid(12345) == 0 && leftover_find(camera, &left) == (old == 1)
				      ? 0
				      : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		times[1] = (struct timespec){.tv_sec = time(NULL) - 60};
	}
	instance_lock_release(lock, camera);
}

#define LEFTOVER_CASE(name) cmocka_unit_test_setup_teardown(name, clean, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEFTOVER_CASE(a_ring_without_a_recorder_is_found_and_described),
		LEFTOVER_CASE(a_ring_in_use_is_not_a_leftover),
		LEFTOVER_CASE(freeing_removes_the_ring_and_returns_its_size),
		LEFTOVER_CASE(an_object_that_is_not_a_ring_can_be_freed_too),
		LEFTOVER_CASE(invalid_names_lead_nowhere),
		LEFTOVER_CASE(only_rings_that_are_certainly_unwanted_are_freed_automatically),
		LEFTOVER_CASE(rings_of_other_users_stay),
		LEFTOVER_CASE(a_ring_with_another_name_is_found_and_freed),
		LEFTOVER_CASE(a_ring_that_is_being_written_is_not_a_leftover),
		LEFTOVER_CASE(a_file_named_in_another_user_s_ring_is_not_opened),
		LEFTOVER_CASE(a_sweep_does_not_open_another_user_s_ring),
		LEFTOVER_CASE(another_user_s_ring_is_not_taken_for_this_user_s),
		LEFTOVER_CASE(another_user_s_ring_may_be_truncated_while_it_is_read),
	};
	return cmocka_run_group_tests_name("leftovers", tests, make_names, remove_names);
}
