/* live_server.c - recorder-live's loop in a thread, with a ring that the test writes to. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/live/live.h"
#include "tests/unit/support/live_server.h"

struct live_server live_server;

static struct config_set live_cameras = {.cameras = &live_server.camera, .count = 1};
static struct live_setup setup;
static pthread_t server;

void live_server_publish(void)
{
	const struct recorder_state alive = {.heartbeat_mono_us = mono_now().us,
					     .recording_state = RECORDING_ON,
					     .camera_state = CAMERA_STREAMING,
					     .motion_state = MOTION_RUNNING,
					     .max_viewers = live_server.max_viewers,
					     .max_event_clients = live_server.max_event_clients};

	ring_writer_set_state(live_server.recorder, &alive);
}

static void *serve(void *context)
{
	struct reason unused;

	(void)context;
	live_run(&setup, &unused);
	return NULL;
}

void live_server_start_recorder(void)
{
	live_server.recorder = open_writer();
	live_server_publish();
}

int live_server_serve(void)
{
	setup.listen_fd = fastcgi_listen(live_socket_path, &ring_case.why);
	setup.stop_fd = eventfd(0, EFD_CLOEXEC);
	return setup.listen_fd < 0 || pthread_create(&server, NULL, serve, NULL) != 0;
}

int live_server_start_with(void **state, int64_t gone_limit_us)
{
	remove_ring(state);
	live_server.camera.http.max_viewers = 2;
	live_server.camera.http.max_event_clients = 20;
	live_server.max_viewers = 3;
	live_server_start_recorder();
	setup = (struct live_setup){
		.cameras = &live_cameras,
		.gone_limit_us = gone_limit_us,
		.silence_us = live_server.silence_us ? live_server.silence_us : 60 * US_PER_S,
	};
	return live_server_serve();
}

int live_server_start(void **state)
{
	return live_server_start_with(state, 300 * US_PER_S);
}

void live_server_stop(void)
{
	if (setup.stop_fd < 0)
		return;
	eventfd_write(setup.stop_fd, 1);
	pthread_join(server, NULL);
	close(setup.stop_fd);
	close(setup.listen_fd);
	setup.stop_fd = -1;
}

int live_server_tear_down(void **state)
{
	(void)state;
	live_server_stop();
	ring_writer_close(live_server.recorder);
	live_server.recorder = NULL;
	return 0;
}

void record_frame_sized(uint32_t n, size_t length, uint16_t width)
{
	static uint8_t bytes[MIB];

	make_frame(bytes, length, n);
	struct ring_meta meta = {
		.wall_us = n * US_PER_S + 5, .mono_us = mono_now().us, .epoch = 1, .width = width, .height = 48};
	ring_writer_put(live_server.recorder, &meta, &(struct iovec){bytes, length}, 1);
	live_server_publish();
}

void record_frame(uint32_t n)
{
	record_frame_sized(n, FRAME_BYTES, WIDTH);
}

int live_server_make_folder(void **state)
{
	(void)state;
	snprintf(live_server.folder, sizeof(live_server.folder), "/tmp/test-live-XXXXXX");
	if (!mkdtemp(live_server.folder))
		return -1;
	snprintf(live_socket_path, sizeof(live_socket_path), "%s/socket", live_server.folder);
	snprintf(live_server.camera.camera.name, sizeof(live_server.camera.camera.name), "test-live-%d", (int)getpid());
	config_ring_name(&live_server.camera, ring_case.name);
	log_set_level(LOG_ERROR);
	return 0;
}

int live_server_remove_folder(void **state)
{
	remove_ring(state);
	unlink(live_socket_path);
	return rmdir(live_server.folder);
}
