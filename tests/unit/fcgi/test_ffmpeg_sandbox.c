/*
 * test_ffmpeg_sandbox.c - FFmpeg as the workers start it, but with hostile inputs and arguments.
 *
 * It reads and writes no files, makes no connections, and stays within its limits. Each case first shows that the same
 * is possible without the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/io/job.h"
#include "fcgi/sandbox/program_sandbox.h"

#define ARGUMENTS_MAX 24

static char folder[64], secret[96], written[96];
static bool locked_files, locked_sockets; /* what the sandbox of this machine and build restricts */

static const struct child_program_limits plenty = {1 << 20, 60};

/* Runs FFmpeg with arguments that are separated by blanks. Returns how many bytes it wrote. */
static off_t output_of(const char *arguments, const char *input, const struct child_program_limits *limits)
{
	char text[1024], *rest = text;
	char *argv[ARGUMENTS_MAX] = {"ffmpeg", "-v", "quiet", "-y"};
	struct subprocess ffmpeg;
	struct stat status;
	size_t count = 4;
	int out_fd = memfd_create("output", MFD_CLOEXEC);

	snprintf(text, sizeof(text), "%s", arguments);
	while (count < ARGUMENTS_MAX - 1 && (argv[count] = strsep(&rest, " ")))
		count++;
	assert_true(child_program_start(&ffmpeg, argv, out_fd, limits));
	child_program_write(&ffmpeg, input, strlen(input));
	child_program_wait(&ffmpeg);
	assert_int_equal(fstat(out_fd, &status), 0);
	close(out_fd);
	return status.st_size;
}

/* The same from a shell, without a sandbox. */
static off_t output_unlocked(const char *arguments, const char *input)
{
	char command[2048], file[128];
	struct stat status;

	snprintf(file, sizeof(file), "%s/out", folder);
	snprintf(command, sizeof(command), "printf '%%s' \"%s\" | ffmpeg -v quiet -y %s >%s", input, arguments, file);
	int unused = system(command);
	(void)unused;
	assert_int_equal(stat(file, &status), 0);
	return status.st_size;
}

static void refused(const char *arguments, const char *input)
{
	if (!locked_files)
		skip();
	assert_true(output_unlocked(arguments, input) > 0);
	assert_int_equal(output_of(arguments, input, &plenty), 0);
}

static void it_does_its_work(void **state)
{
	(void)state;
	assert_true(output_of("-f rawvideo -pixel_format gray -video_size 2x2 -protocol_whitelist pipe -i pipe:0 "
			      "-c:v libx264 -pix_fmt yuv420p -f mpegts pipe:1",
			      "abcdefgh", &plenty) > 0);
}

static void it_reads_no_file(void **state)
{
	char arguments[256];

	(void)state;
	snprintf(arguments, sizeof(arguments),
		 "-f rawvideo -pixel_format gray -video_size 1x1 -i %s -f rawvideo pipe:1", secret);
	refused(arguments, "");
	refused("-f rawvideo -pixel_format gray -video_size 1x1 -i /etc/passwd -f rawvideo pipe:1", "");
}

static void a_playlist_opens_no_file(void **state)
{
	static const char playlist[] =
		"-protocol_whitelist pipe,file,data -safe 0 -f concat -i pipe:0 -c copy -f image2pipe pipe:1";
	char input[160];

	(void)state;
	snprintf(input, sizeof(input), "ffconcat version 1.0\nfile 'file:%s/secret.jpg'\n", folder);
	refused(playlist, input);
	/* Called as the workers do, FFmpeg opens only its pipe, even without a sandbox. */
	assert_int_equal(
		output_unlocked("-protocol_whitelist pipe -safe 0 -f concat -i pipe:0 -c copy -f image2pipe pipe:1",
				input),
		0);
}

static void it_writes_no_file(void **state)
{
	char arguments[256];

	(void)state;
	if (!locked_files)
		skip();
	snprintf(arguments, sizeof(arguments),
		 "-f rawvideo -pixel_format gray -video_size 1x1 -i pipe:0 -f rawvideo %s", written);
	output_of(arguments, "abc", &plenty);
	assert_int_not_equal(access(written, F_OK), 0);
	output_unlocked(arguments, "abc");
	assert_int_equal(access(written, F_OK), 0);
}

static bool called(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void it_makes_no_connection(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t bytes = sizeof(address);
	char arguments[256], input[96];

	(void)state;
	if (!locked_sockets)
		skip();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, bytes), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
	snprintf(arguments, sizeof(arguments), "-timeout 300000 -f mjpeg -i http://127.0.0.1:%d/x -f mjpeg pipe:1",
		 ntohs(address.sin_port));
	output_of(arguments, "", &plenty);
	assert_false(called(listener));
	snprintf(input, sizeof(input), "ffconcat version 1.0\nfile 'tcp://127.0.0.1:%d?timeout=300000'\n",
		 ntohs(address.sin_port));
	output_of("-protocol_whitelist pipe,http,tcp -safe 0 -f concat -i pipe:0 -c copy -f mjpeg pipe:1", input,
		  &plenty);
	assert_false(called(listener));
	output_unlocked(arguments, "");
	assert_true(called(listener));
	close(listener);
}

static void its_output_is_limited(void **state)
{
	const struct child_program_limits little = {1000, 60};

	(void)state;
	assert_true(output_of("-f lavfi -i testsrc=size=64x64 -t 10 -f rawvideo pipe:1", "", &little) <= 1000);
}

static void its_processor_time_is_limited(void **state)
{
	const struct child_program_limits short_of_time = {UINT64_C(1) << 30, 1};

	(void)state;
	output_of("-f lavfi -i testsrc=size=640x480 -c:v libx264 -f null -", "", &short_of_time);
}

static int start(void **state)
{
	char command[256];

	(void)state;
	strcpy(folder, "/tmp/test-ffmpeg-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(secret, sizeof(secret), "%s/secret", folder);
	snprintf(written, sizeof(written), "%s/written", folder);
	snprintf(command, sizeof(command),
		 "printf hello >%s && ffmpeg -v error -f lavfi -i testsrc=size=64x64 -frames:v 1 %s/secret.jpg", secret,
		 folder);
	assert_int_equal(system(command), 0);
	struct sandbox_state *lock =
		mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();
	if (child == 0) {
		program_sandbox_enter_api(&(struct config_set){0}, lock);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	locked_files = lock->landlock > 0;
	locked_sockets = lock->seccomp || lock->landlock >= 4;
	munmap(lock, sizeof(*lock));
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_its_work),
		cmocka_unit_test(it_reads_no_file),
		cmocka_unit_test(a_playlist_opens_no_file),
		cmocka_unit_test(it_writes_no_file),
		cmocka_unit_test(it_makes_no_connection),
		cmocka_unit_test(its_output_is_limited),
		cmocka_unit_test(its_processor_time_is_limited),
	};

	return cmocka_run_group_tests_name("ffmpeg_sandbox", tests, start, teardown);
}
