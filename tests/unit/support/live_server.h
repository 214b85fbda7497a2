/* live_server.h - recorder-live's loop on a thread, beside a recorder that writes what a test wants, for tests. */
#ifndef TESTS_UNIT_SUPPORT_LIVE_SERVER_H
#define TESTS_UNIT_SUPPORT_LIVE_SERVER_H

#include <pthread.h>
#include <sys/eventfd.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/live/live.h"
#include "tests/unit/support/live_client.h"

#define FRAME_BYTES 150000 /* three records */
#define WIDTH       64

static char folder[64];
static struct config camera;
static struct config_set cameras = {.cameras = &camera, .count = 1};
static struct live_setup setup;
static pthread_t server;
static struct ring_writer *recorder;
static uint64_t places; /* as the recorder has read them; those of `camera` are as recorder-live did */

static inline void publish(void)
{
	const struct recorder_state alive = {.heartbeat_mono_us = mono_now().us, .max_viewers = places};
	ring_writer_state(recorder, &alive);
}

static inline void *serve(void *context)
{
	struct reason unused;
	(void)context;
	live_run(&setup, &unused);
	return NULL;
}

static inline void start_recorder(void)
{
	recorder = open_writer();
	publish();
}

static inline int start_with(void **state, int64_t gone_limit_us)
{
	remove_ring(state);
	camera.http.max_viewers = 2;
	places = 3;
	start_recorder();
	setup = (struct live_setup){
		.cameras = &cameras,
		.listen_fd = fastcgi_listen(socket_path, &why),
		.stop_fd = eventfd(0, EFD_CLOEXEC),
		.gone_limit_us = gone_limit_us,
	};
	return setup.listen_fd < 0 || pthread_create(&server, NULL, serve, NULL) != 0;
}

static inline int start(void **state)
{
	return start_with(state, 300 * US_PER_S);
}

static inline void stop_server(void)
{
	if (setup.stop_fd < 0)
		return;
	eventfd_write(setup.stop_fd, 1);
	pthread_join(server, NULL);
	close(setup.stop_fd);
	close(setup.listen_fd);
	setup.stop_fd = -1;
}

static inline int teardown(void **state)
{
	(void)state;
	stop_server();
	ring_writer_close(recorder);
	recorder = NULL;
	return 0;
}

/* Frame number n is made from the seed n, so that a viewer can tell which one it got. */
static inline void record_sized(uint32_t n, size_t length, uint16_t width)
{
	static uint8_t bytes[MIB];
	make_frame(bytes, length, n);
	struct ring_meta meta = {.wall_us = n * US_PER_S + 5, .mono_us = n, .stretch = 1, .width = width, .height = 48};
	ring_writer_put(recorder, &meta, &(struct iovec){bytes, length}, 1);
	publish();
}

static inline void record(uint32_t n)
{
	record_sized(n, FRAME_BYTES, WIDTH);
}

static inline int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-live-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	snprintf(camera.camera.name, sizeof(camera.camera.name), "test-live-%d", (int)getpid());
	config_ring_name(&camera, ring_name);
	log_set_level(LOG_ERROR);
	return 0;
}

static inline int remove_folder(void **state)
{
	remove_ring(state);
	unlink(socket_path);
	return rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, teardown)

#endif
