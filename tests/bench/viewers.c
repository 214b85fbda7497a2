/*
 * viewers - many viewers of a multipart/x-mixed-replace stream in one process: how many pictures each gets, and how old
 * they are.
 *
 *     viewers [-n COUNT] [-t SECONDS] [-s SLOW] [-r BYTES_A_SECOND] [-p PATH] PORT
 *
 * SLOW of them read only BYTES_A_SECOND, through a receive buffer of 32 KB. The age of a picture is the time from
 * X-Timestamp (the wall time at which the camera took it) to the reading of its last byte. Prints one JSON object;
 * viewers that are slow are told apart.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 512
#define READ_BYTES (64 * 1024)
#define TICK_MS    5

struct viewer {
	int fd;
	bool slow, started, refused, closed;
	size_t body_left; /* of the picture that is being read */
	char line[LINE_BYTES];
	size_t line_length;
	size_t length;  /* Content-Length of the part whose headers are being read */
	double taken_s; /* its X-Timestamp */
	uint64_t pictures, bytes;
	double allowance; /* bytes that a slow one may still read */
};

struct ages {
	float *ms;
	size_t count, room;
};

static struct {
	int count, slow, seconds, port, rate;
	const char *path;
} options = {.count = 1, .seconds = 10, .rate = 200000, .path = "/stream"};

static struct ages fast_ages, slow_ages;

static double now_s(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void note_age(struct ages *ages, double age_ms)
{
	if (ages->count == ages->room) {
		ages->room = ages->room ? ages->room * 2 : 65536;
		ages->ms = realloc(ages->ms, ages->room * sizeof *ages->ms);
		if (!ages->ms)
			abort();
	}
	ages->ms[ages->count++] = (float)age_ms;
}

static bool connect_viewer(struct viewer *viewer)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
	char request[LINE_BYTES];
	int small = 16384; /* the kernel doubles it */

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (viewer->fd < 0)
		return false;
	if (viewer->slow)
		setsockopt(viewer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (connect(viewer->fd, (struct sockaddr *)&address, sizeof address) < 0)
		return false;
	snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", options.path);
	if (write(viewer->fd, request, strlen(request)) < 0)
		return false;
	return fcntl(viewer->fd, F_SETFL, O_NONBLOCK) == 0;
}

static void take_line(struct viewer *viewer)
{
	const char *line = viewer->line;

	if (!viewer->started) {
		viewer->started = true;
		viewer->refused = strncmp(line, "HTTP/1.", 7) != 0 || strncmp(line + 8, " 200", 4) != 0;
	} else if (strncasecmp(line, "Content-Length:", 15) == 0) {
		viewer->length = (size_t)strtoul(line + 15, NULL, 10);
	} else if (strncasecmp(line, "X-Timestamp:", 12) == 0) {
		viewer->taken_s = strtod(line + 12, NULL);
	} else if (viewer->line_length == 0 && viewer->length && !viewer->refused) {
		viewer->body_left = viewer->length;
		viewer->length = 0;
	}
	viewer->line_length = 0;
}

static void take_bytes(struct viewer *viewer, const char *at, size_t left)
{
	while (left) {
		if (viewer->body_left) {
			size_t skip = left < viewer->body_left ? left : viewer->body_left;

			at += skip;
			left -= skip;
			viewer->body_left -= skip;
			if (viewer->body_left)
				continue;
			viewer->pictures++;
			note_age(viewer->slow ? &slow_ages : &fast_ages,
				 (now_s(CLOCK_REALTIME) - viewer->taken_s) * 1e3);
			continue;
		}
		if (*at == '\n') {
			viewer->line[viewer->line_length] = '\0';
			take_line(viewer);
		} else if (*at != '\r' && viewer->line_length < LINE_BYTES - 1) {
			viewer->line[viewer->line_length++] = *at;
		}
		at++;
		left--;
	}
}

static void read_viewer(struct viewer *viewer)
{
	static char block[READ_BYTES];
	size_t want = READ_BYTES;
	ssize_t got;

	if (viewer->slow && viewer->allowance < (double)want)
		want = viewer->allowance >= 1 ? (size_t)viewer->allowance : 0;
	if (!want)
		return;
	got = read(viewer->fd, block, want);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		viewer->closed = true;
		return;
	}
	viewer->bytes += (uint64_t)got;
	viewer->allowance -= (double)got;
	take_bytes(viewer, block, (size_t)got);
}

/* Slow ones are read by the clock, the others when there is something. */
static void watch(struct viewer *viewers, int epoll, double until_s)
{
	struct epoll_event events[256];
	double last_s = now_s(CLOCK_MONOTONIC);

	while (last_s < until_s) {
		int count = epoll_wait(epoll, events, 256, TICK_MS);
		double now = now_s(CLOCK_MONOTONIC);

		for (int i = 0; i < count; i++) {
			struct viewer *viewer = events[i].data.ptr;

			read_viewer(viewer);
			if (viewer->closed)
				epoll_ctl(epoll, EPOLL_CTL_DEL, viewer->fd, NULL);
		}
		for (int i = 0; i < options.slow; i++) {
			viewers[i].allowance += (now - last_s) * options.rate;
			if (!viewers[i].closed)
				read_viewer(&viewers[i]);
		}
		last_s = now;
	}
}

static int by_value(const void *a, const void *b)
{
	float left = *(const float *)a, right = *(const float *)b;

	return (left > right) - (left < right);
}

static void print_ages(const char *name, struct ages *ages)
{
	size_t n = ages->count;

	if (n)
		qsort(ages->ms, n, sizeof *ages->ms, by_value);
	printf(", \"%s_age_ms\": {\"median\": %.3f, \"p99\": %.3f, \"max\": %.3f}", name,
	       n ? (double)ages->ms[n / 2] : 0, n ? (double)ages->ms[n * 99 / 100] : 0,
	       n ? (double)ages->ms[n - 1] : 0);
}

static void print_result(const struct viewer *viewers, double seconds)
{
	float *rates = calloc((size_t)options.count + 1, sizeof *rates);
	uint64_t bytes = 0;
	int served = 0, refused = 0;

	if (!rates)
		abort();
	for (int i = 0; i < options.count; i++) {
		bytes += viewers[i].bytes;
		refused += viewers[i].refused;
		if (!viewers[i].refused && !viewers[i].slow)
			rates[served++] = (float)((double)viewers[i].pictures / seconds);
	}
	qsort(rates, (size_t)served, sizeof *rates, by_value);
	printf("{\"viewers\": %d, \"refused\": %d, \"seconds\": %.2f, \"bytes\": %llu, \"fps\": {\"min\": %.2f, "
	       "\"median\": %.2f}",
	       options.count, refused, seconds, (unsigned long long)bytes, served ? (double)rates[0] : 0,
	       served ? (double)rates[served / 2] : 0);
	print_ages("fast", &fast_ages);
	if (options.slow)
		print_ages("slow", &slow_ages);
	puts("}");
	free(rates);
}

static bool read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:t:s:r:p:")) != -1) {
		if (option == 'n')
			options.count = atoi(optarg);
		else if (option == 't')
			options.seconds = atoi(optarg);
		else if (option == 's')
			options.slow = atoi(optarg);
		else if (option == 'r')
			options.rate = atoi(optarg);
		else if (option == 'p')
			options.path = optarg;
		else
			return false;
	}
	options.port = optind < argc ? atoi(argv[optind]) : 0;
	return options.port > 0 && options.count > 0 && options.slow <= options.count;
}

int main(int argc, char **argv)
{
	struct viewer *viewers;
	double start_s;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (!read_options(argc, argv)) {
		fprintf(stderr,
			"usage: viewers [-n COUNT] [-t SECONDS] [-s SLOW] [-r BYTES_A_SECOND] [-p PATH] PORT\n");
		return 2;
	}
	viewers = calloc((size_t)options.count, sizeof *viewers);
	if (!viewers)
		abort();
	for (int i = 0; i < options.count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &viewers[i]};

		viewers[i].slow = i < options.slow;
		if (!connect_viewer(&viewers[i])) {
			perror("viewers");
			return 1;
		}
		if (!viewers[i].slow)
			epoll_ctl(epoll, EPOLL_CTL_ADD, viewers[i].fd, &event);
	}
	watch(viewers, epoll, now_s(CLOCK_MONOTONIC) + 1); /* all are served: now it counts */
	fast_ages.count = slow_ages.count = 0;
	for (int i = 0; i < options.count; i++)
		viewers[i].pictures = viewers[i].bytes = 0;
	start_s = now_s(CLOCK_MONOTONIC);
	watch(viewers, epoll, start_s + options.seconds);
	print_result(viewers, now_s(CLOCK_MONOTONIC) - start_s);
	return 0;
}
