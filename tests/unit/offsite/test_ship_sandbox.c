/* test_ship_sandbox.c - what recorder-ship can do in its sandbox, and what a compromised one cannot. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "offsite/ship_sandbox.h"
#include "shared/base/sanitizer.h"
#include "shared/sandbox/landlock.h"
#include "tests/unit/support/media_cases.h"

#define PORTS_SINCE 4 /* Landlock's version */

static struct config config;
static unsigned store_port, other_port;
static int listeners[2];
static char secret[PATH_BYTES], key[PATH_BYTES], recording[PATH_BYTES], made[PATH_BYTES];

static int outcome(long result)
{
	return result < 0 ? errno : 0;
}

static int connect_to(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? errno : outcome(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static int try_store(void)
{
	return connect_to(store_port);
}

static int try_other_port(void)
{
	return connect_to(other_port);
}

static int try_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : outcome(listen(fd, 1));
}

static int try_raw_socket(void)
{
	return outcome(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int try_read_key(void)
{
	return outcome(open(key, O_RDONLY | O_CLOEXEC));
}

static int try_read_recording(void)
{
	return outcome(open(recording, O_RDONLY | O_CLOEXEC));
}

static int try_write_recording(void)
{
	return outcome(open(recording, O_WRONLY | O_CLOEXEC));
}

static int try_remove_recording(void)
{
	return outcome(unlink(recording));
}

static int try_note(void)
{
	return outcome(open(made, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_read_secret(void)
{
	return outcome(open(secret, O_RDONLY | O_CLOEXEC));
}

static int try_read_names(void)
{
	return outcome(open("/etc/nsswitch.conf", O_RDONLY | O_CLOEXEC));
}

static int try_run_program(void)
{
	char *const arguments[] = {(char *)"true", NULL};

	execv("/bin/true", arguments);
	return errno;
}

static int try_start_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return outcome(child);
}

static int try_dump_core(void)
{
	struct rlimit limit;

	return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? EPERM : 0;
}

/* Calls it in a child, in the sandbox or not. Returns 0 if it succeeded, else an errno. */
static int tried(int (*attempt)(void), bool sandboxed)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (sandboxed)
			ship_sandbox_enter(&config, store_port);
		_exit(attempt());
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void it_can_do_its_work(void **state)
{
	(void)state;
	assert_int_equal(tried(try_store, true), 0);
	assert_int_equal(tried(try_read_key, true), 0);
	assert_int_equal(tried(try_read_recording, true), 0);
	assert_int_equal(tried(try_note, true), 0);
	assert_int_equal(tried(try_read_names, true), 0);
}

static void it_is_kept_out_of_core_dumps(void **state)
{
	(void)state;
	assert_int_equal(tried(try_dump_core, false), 0);
	assert_int_equal(tried(try_dump_core, true), EPERM);
}

static void it_cannot_break_out(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int (*attempt)(void);
		int landlock; /* the version that refuses it; 0: seccomp does */
	} attempts[] = {
		{"connect to another port", try_other_port, PORTS_SINCE},
		{"write a recording", try_write_recording, 1},
		{"read another folder", try_read_secret, 1},
		{"listen", try_listen, 0},
		{"open a raw socket", try_raw_socket, 0},
		{"run a program", try_run_program, 0},
		{"start a process", try_start_process, 0},
		{"remove a recording", try_remove_recording, 1},
	};
	int version = landlock_version();

	if (SANITIZED || version == 0)
		skip();
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (attempts[i].attempt != try_remove_recording && tried(attempts[i].attempt, false) != 0)
			print_message("# not possible on this machine anyway: %s\n", attempts[i].name);
		else if (attempts[i].landlock <= version && tried(attempts[i].attempt, true) == 0)
			fail_msg("got through: %s", attempts[i].name);
	}
	assert_int_equal(access(recording, F_OK), 0);
}

static unsigned listen_somewhere(int *fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*fd >= 0 && bind(*fd, (struct sockaddr *)&address, length) == 0 && listen(*fd, 16) == 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static void make_file(const char *folder, const char *name, char path[PATH_BYTES])
{
	mkdir(folder, 0700);
	assert_true(snprintf(path, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int begin(void **state)
{
	char other[PATH_BYTES], keys[PATH_BYTES];

	if (make_folder(state) != 0)
		return -1;
	store_port = listen_somewhere(&listeners[0]);
	other_port = listen_somewhere(&listeners[1]);
	path_of("recordings", config.record.directory);
	path_of("clips", config.clips.directory);
	path_of("store", config.store.directory);
	make_file(config.record.directory, "recording_20270115_080000.mp4", recording);
	make_file(config.store.directory, "shipped.bin", made);
	make_file(path_of("keys", keys), "store.key", key);
	make_file(path_of("other", other), "secret", secret);
	strcpy(config.store.key_file, key);
	return 0;
}

static int end(void **state)
{
	close(listeners[0]);
	close(listeners[1]);
	return remove_folder(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_can_do_its_work),
		cmocka_unit_test(it_is_kept_out_of_core_dumps),
		cmocka_unit_test(it_cannot_break_out),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
