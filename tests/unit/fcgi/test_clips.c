/* test_clips.c - kept clips while the disk hangs or fails; a folder that cannot be read does not look empty. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
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

#include "fcgi/api/route.h"
#include "fcgi/clip/clip_label.h"
#include "fcgi/server/master.h"
#include "fcgi/server/request.h"
#include "tests/unit/support/fastcgi_client.h"

/* The disk is this file's: the code under test calls its scandirat(), unlinkat() and fsync(). */

static struct config config;
static struct config_set cameras = {.cameras = &config, .count = 1};
static char folder[64], socket_path[108];
static pid_t master;
static _Atomic int *hanging; /* shared with the master's workers and their children */
static _Atomic int *broken;  /* shared, too: the errno of reading a folder, or 0 */

static void *real(const char *name)
{
	while (hanging && atomic_load(hanging))
		usleep(1000);
	return dlsym(RTLD_NEXT, name);
}

#define REAL(name) ((__typeof__(&name))real(#name))

int fsync(int fd)
{
	if (broken && atomic_load(broken) != 0) {
		errno = atomic_load(broken);
		return -1;
	}
	return REAL(fsync)(fd);
}

int unlinkat(int at, const char *name, int flags)
{
	return REAL(unlinkat)(at, name, flags);
}

int scandirat(int at, const char *name, struct dirent ***list, int (*filter)(const struct dirent *),
	      int (*compare)(const struct dirent **, const struct dirent **))
{
	if (broken && atomic_load(broken) != 0) {
		errno = atomic_load(broken);
		return -1;
	}
	/* The 64-bit name, which matches our struct dirent on 32-bit systems, too. */
	return ((__typeof__(&scandirat))real("scandirat64"))(at, name, list, filter, compare);
}

static void create_clip(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(name, file);
	fclose(file);
}

static int ask(const char *method, const char *uri)
{
	const struct timeval limit = {.tv_sec = 60};
	int fd = client_ask(socket_path, method, uri);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void assert_response(int fd, const char *status, const char *text)
{
	struct buffer answer = {0};

	if (!client_read_all(fd, &answer) || !strstr((char *)answer.data, status) || !strstr((char *)answer.data, text))
		fail_msg("not %s with %s: %s", status, text, answer.length ? (char *)answer.data : "nothing");
	buffer_free(&answer);
	close(fd);
}

static int start(void **state)
{
	struct reason why;

	(void)state;
	hanging = mmap(NULL, 2 * sizeof(*hanging), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	broken = hanging + 1;
	strcpy(folder, "/tmp/recorder-clips-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(config.camera.name, sizeof(config.camera.name), "test-clips-%d", (int)getpid());
	snprintf(config.record.directory, sizeof(config.record.directory), "%s", folder);
	snprintf(config.clips.directory, sizeof(config.clips.directory), "%s", folder);
	config.http.max_downloads = config.http.max_transcodes = 1;
	config.http.allow_control = ALLOW_YES;
	create_clip("door.mp4");
	create_clip("garden.mp4");
	snprintf(socket_path, sizeof(socket_path), "%s.sock", folder);
	int listen_fd = fastcgi_listen(socket_path, &why);
	assert_true(listen_fd >= 0);
	master = fork();
	if (master == 0)
		_exit(master_run(&(struct master_setup){.listen_fd = listen_fd,
							.config = &cameras,
							.workers = 1,
							.retire_after = UINT64_MAX,
							.dispatch = route_dispatch}));
	close(listen_fd);
	/* Waits for the worker: while it starts it would make the folder again if a test moved it away. */
	assert_response(ask("GET", "/clips/garden.mp4"), "Status: 200", "garden.mp4");
	return 0;
}

static int teardown(void **state)
{
	char command[96];
	int status;

	(void)state;
	kill(master, SIGTERM);
	assert_int_equal(waitpid(master, &status, 0), master);
	unlink(socket_path);
	munmap(hanging, 2 * sizeof(*hanging));
	hanging = broken = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void a_hanging_disk_delays_only_requests_that_need_it(void **state)
{
	(void)state;
	atomic_store(hanging, 1);
	int deleted = ask("DELETE", "/clips/door.mp4"), list = ask("GET", "/clips");
	assert_response(ask("GET", "/clips/garden.mp4"), "Status: 200", "garden.mp4");
	atomic_store(hanging, 0);
	assert_response(deleted, "Status: 200", "{\"deleted\":true}");
	assert_response(list, "Status: 200", "\"file\":\"garden.mp4\"");
}

/* Children that wait for a disk cannot even be killed, so there must be a limit. */
static void a_worker_has_a_limited_number_of_children(void **state)
{
	struct pollfd asked[SUBPROCESS_MAX + 1];
	int refused = 0;

	(void)state;
	atomic_store(hanging, 1);
	for (int i = 0; i <= SUBPROCESS_MAX; i++)
		asked[i] = (struct pollfd){.fd = ask("GET", "/clips"), .events = POLLIN};
	assert_true(poll(asked, SUBPROCESS_MAX + 1, 60000) > 0);
	for (int i = 0; i <= SUBPROCESS_MAX; i++)
		refused += asked[i].revents != 0;
	assert_int_equal(refused, 1);
	assert_response(ask("GET", "/clips/garden.mp4"), "Status: 200", "garden.mp4");
	for (int i = 0; i <= SUBPROCESS_MAX; i++)
		close(asked[i].fd);
	atomic_store(hanging, 0);
	assert_response(ask("GET", "/clips/garden.mp4"), "Status: 200", "garden.mp4");
}

static void a_deleted_clip_is_gone(void **state)
{
	(void)state;
	assert_response(ask("DELETE", "/clips/door.mp4"), "Status: 200", "{\"deleted\":true}");
	assert_response(ask("GET", "/clips"), "Status: 200", "[{\"file\":\"garden.mp4\"");
	assert_response(ask("DELETE", "/clips/door.mp4"), "Status: 404", "no such clip");
	assert_response(ask("GET", "/clips/door.mp4"), "Status: 404", "no such clip");
}

static int start_with_store(void **state)
{
	strcpy(config.store.url, "https://s3.example.org/footage");
	return start(state);
}

static int teardown_with_store(void **state)
{
	config.store.url[0] = '\0';
	return teardown(state);
}

static void deleting_says_how_long_the_copy_in_the_store_stays(void **state)
{
	(void)state;
	assert_response(ask("DELETE", "/clips/door.mp4"), "Status: 200",
			"{\"deleted\":true,\"store\":\"If it was copied to the store, the copy stays there until");
	assert_response(ask("DELETE", "/clips/door.mp4"), "Status: 404", "no such clip");
}

static void a_folder_is_not_a_clip(void **state)
{
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/folder.mp4", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_response(ask("DELETE", "/clips/folder.mp4"), "Status: 404", "no such clip");
	assert_response(ask("GET", "/clips"), "Status: 200", "\"file\":\"door.mp4\"");
	assert_int_equal(rmdir(path), 0);
}

static void a_folder_that_cannot_be_read_does_not_look_empty(void **state)
{
	(void)state;
	atomic_store(broken, EIO);
	assert_response(ask("GET", "/clips"), "Status: 503", "The kept clips cannot be read: Input/output error.");
	atomic_store(broken, 0);
	assert_response(ask("GET", "/clips"), "Status: 200", "garden.mp4");
}

static void every_failure_is_explained(void **state)
{
	(void)state;
	atomic_store(broken, EIO);
	assert_response(ask("DELETE", "/clips/door.mp4"), "Status: 500", "Cannot delete the clip: Input/output error.");
	atomic_store(broken, 0);
}

static void a_label_is_listed_and_names_the_download(void **state)
{
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/garden.mp4", folder);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(clip_label_append(fd, "T\xc3\xbcr \"vorne\""));
	close(fd);
	assert_response(ask("GET", "/clips"), "Status: 200",
			"{\"file\":\"garden.mp4\",\"label\":\"T\xc3\xbcr \\\"vorne\\\"\",");
	assert_response(ask("GET", "/clips"), "Status: 200", "{\"file\":\"door.mp4\",\"label\":null,");
	assert_response(ask("GET", "/clips/garden.mp4"), "Status: 200",
			"filename=\"garden.mp4\"; filename*=UTF-8''T%C3%BCr%20%22vorne%22.mp4\r\n");
	assert_response(ask("GET", "/clips/door.mp4"), "Status: 200", "filename=\"door.mp4\"\r\n");

	/* The box of another program, or a damaged one. */
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(clip_label_append(fd, "T\xfcr\r\nX: y"));
	close(fd);
	assert_response(ask("GET", "/clips"), "Status: 200", "\"label\":\"T\xef\xbf\xbdr\\r\\nX: y\",");
	assert_response(ask("GET", "/clips/garden.mp4"), "Status: 200", "filename=\"garden.mp4\"\r\n");
}

/* A folder whose path cannot be resolved may be full of clips. */
static void a_folder_that_cannot_be_opened_does_not_look_empty(void **state)
{
	char away[80];

	(void)state;
	snprintf(away, sizeof(away), "%s.away", folder);
	assert_int_equal(rename(folder, away), 0);
	assert_int_equal(symlink(folder, folder), 0);
	assert_response(ask("GET", "/clips"), "Status: 503", "cannot be read");
	assert_response(ask("GET", "/clips/door.mp4"), "Status: 503", "cannot be read");
	assert_response(ask("DELETE", "/clips/door.mp4"), "Status: 503", "cannot be read");
	assert_response(ask("GET", "/recordings/recording_20270115_100000.mp4"), "Status: 503", "cannot be read");
	assert_response(ask("GET", "/recordings/recording_20270115_100000.mp4/init.mp4"), "Status: 503",
			"cannot be read");
	assert_response(ask("GET", "/snapshot?at=20270115_100000"), "Status: 503", "cannot be read");
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(rename(away, folder), 0);
}

/* The disk that a link points to may be away, or a file may have replaced the folder. */
static void a_dangling_link_does_not_look_empty(void **state)
{
	static const char *const asked[] = {"/clips", "/clips/door.mp4", "/recordings", "/timeline"};
	char away[80];

	(void)state;
	snprintf(away, sizeof(away), "%s.away", folder);
	assert_int_equal(rename(folder, away), 0);
	assert_int_equal(symlink("/nowhere/clips", folder), 0);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		assert_response(ask("GET", asked[i]), "Status: 503", "cannot be read: Link has been severed");
	assert_int_equal(unlink(folder), 0);
	int fd = open(folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		assert_response(ask("GET", asked[i]), "Status: 503", "cannot be read: Not a directory");
	close(fd);
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(rename(away, folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_deleted_clip_is_gone, start, teardown),
		cmocka_unit_test_setup_teardown(deleting_says_how_long_the_copy_in_the_store_stays, start_with_store,
						teardown_with_store),
		cmocka_unit_test_setup_teardown(a_folder_is_not_a_clip, start, teardown),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_read_does_not_look_empty, start, teardown),
		cmocka_unit_test_setup_teardown(every_failure_is_explained, start, teardown),
		cmocka_unit_test_setup_teardown(a_label_is_listed_and_names_the_download, start, teardown),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_opened_does_not_look_empty, start, teardown),
		cmocka_unit_test_setup_teardown(a_dangling_link_does_not_look_empty, start, teardown),
		cmocka_unit_test_setup_teardown(a_worker_has_a_limited_number_of_children, start, teardown),
		cmocka_unit_test_setup_teardown(a_hanging_disk_delays_only_requests_that_need_it, start, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
