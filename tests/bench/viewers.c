/*
 * viewers.c - many viewers of a live stream (MJPEG, or /live.mp4) in one process: measures how many pictures each gets,
 * how old they are at their last byte, and how soon each gets an answer.
 *
 *     viewers [-n COUNT] [-w WARM_UP_SECONDS] [-t SECONDS] [-s SLOW] [-r BYTES_PER_SECOND] [-p PATH] PORT
 *
 * All connect at once. SLOW of them read only BYTES_PER_SECOND, through a receive buffer of 32 KB, and are counted
 * separately. Prints `counting` after the warm-up, and one JSON object at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/ages.h"
#include "tests/bench/stream.h"

#define TICK_MS       5
#define EVENTS_MAX    256
#define EVERYTHING    ((size_t)1 << 20)
#define SMALL_BUFFER  16384 /* the kernel doubles it */
#define REQUEST_BYTES 512

struct viewer {
	struct stream stream; /* first, so that the callback's stream is the viewer */
	bool slow, asked, answered;
	double allowance; /* bytes that a slow viewer may still read */
};

static struct {
	int count, slow, warm_s, seconds, port, rate;
	const char *path;
} options = {.count = 1, .warm_s = 1, .seconds = 10, .rate = 200000, .path = "/stream"};

static struct viewer *viewers;
static struct ages fast_ages, slow_ages, answer_ages;
static bool counting; /* after the warm-up */

static double clock_s(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bool connect_viewer(struct viewer *viewer, int epoll)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = viewer};
	int small = SMALL_BUFFER;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	viewer->stream.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (viewer->stream.fd < 0)
		return false;
	if (viewer->slow)
		setsockopt(viewer->stream.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (connect(viewer->stream.fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS)
		return false;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, viewer->stream.fd, &event) == 0;
}

static void ask(struct viewer *viewer, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = viewer};
	char request[REQUEST_BYTES];

	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", options.path);
	if (write(viewer->stream.fd, request, strlen(request)) < 0)
		viewer->stream.state = STREAM_CLOSED;
	viewer->asked = true;
	epoll_ctl(epoll, viewer->slow ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, viewer->stream.fd, &event);
}

static void picture_came(struct stream *stream, void *context)
{
	const struct viewer *viewer = context;

	if (counting && stream->taken_us > 0)
		ages_add(viewer->slow ? &slow_ages : &fast_ages,
			 clock_s(CLOCK_REALTIME) * 1e3 - (double)stream->taken_us / 1e3);
}

static bool open_yet(const struct viewer *viewer)
{
	return viewer->stream.state == STREAM_ASKED || viewer->stream.state == STREAM_SERVED;
}

/* Reads until there is nothing more, or until a slow viewer's allowance is used up. */
static void read_viewer(struct viewer *viewer, double asked_s)
{
	size_t limit = viewer->slow ? (viewer->allowance > 0 ? (size_t)viewer->allowance : 0) : EVERYTHING;

	while (limit > 0 && open_yet(viewer)) {
		size_t got = stream_read(&viewer->stream, limit, picture_came, viewer);

		if (!viewer->answered && viewer->stream.status != 0) {
			viewer->answered = true;
			ages_add(&answer_ages, (clock_s(CLOCK_MONOTONIC) - asked_s) * 1e3);
		}
		if (got == 0)
			break;
		limit -= got;
		viewer->allowance -= (double)got;
	}
}

static void serve_slow(double passed_s, double asked_s)
{
	for (int i = 0; i < options.slow; i++) {
		viewers[i].allowance += passed_s * options.rate;
		if (viewers[i].allowance > options.rate)
			viewers[i].allowance = options.rate;
		if (viewers[i].asked && open_yet(&viewers[i]))
			read_viewer(&viewers[i], asked_s);
	}
}

/* Slow viewers are read by the clock, the others whenever there is something. */
static void watch(int epoll, double asked_s, double until_s)
{
	struct epoll_event events[EVENTS_MAX];
	double last_s = clock_s(CLOCK_MONOTONIC);

	while (last_s < until_s) {
		int count = epoll_wait(epoll, events, EVENTS_MAX, TICK_MS);
		double now_s = clock_s(CLOCK_MONOTONIC);

		for (int i = 0; i < count; i++) {
			struct viewer *viewer = events[i].data.ptr;

			if (!viewer->asked)
				ask(viewer, epoll);
			else
				read_viewer(viewer, asked_s);
			if (!open_yet(viewer) && !viewer->slow)
				epoll_ctl(epoll, EPOLL_CTL_DEL, viewer->stream.fd, NULL);
		}
		serve_slow(now_s - last_s, asked_s);
		last_s = now_s;
	}
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Pictures per second of the served viewers of one kind. */
static void print_rates(const char *name, bool slow, double seconds)
{
	double *rates = calloc((size_t)options.count, sizeof(*rates));
	int n = 0;

	if (!rates)
		abort();
	for (int i = 0; i < options.count; i++)
		if (viewers[i].slow == slow && viewers[i].stream.state == STREAM_SERVED)
			rates[n++] = (double)viewers[i].stream.pictures / seconds;
	qsort(rates, (size_t)n, sizeof(*rates), by_value);
	printf(", \"%s\": {\"min\": %.2f, \"median\": %.2f}", name, n ? rates[0] : 0.0, n ? rates[n / 2] : 0.0);
	free(rates);
}

static void print_result(double seconds)
{
	int by_state[STREAM_CLOSED + 1] = {0};
	uint64_t bytes = 0;

	for (int i = 0; i < options.count; i++) {
		bytes += viewers[i].stream.bytes;
		by_state[viewers[i].stream.state]++;
	}
	printf("{\"viewers\": %d, \"served\": %d, \"refused\": %d, \"closed\": %d, \"unanswered\": %d, \"seconds\": "
	       "%.3f, "
	       "\"bytes\": %llu",
	       options.count, by_state[STREAM_SERVED], by_state[STREAM_REFUSED], by_state[STREAM_CLOSED],
	       by_state[STREAM_ASKED], seconds, (unsigned long long)bytes);
	ages_print("answered_ms", &answer_ages);
	print_rates("fps", false, seconds);
	ages_print("age_ms", &fast_ages);
	if (options.slow > 0) {
		print_rates("slow_fps", true, seconds);
		ages_print("slow_age_ms", &slow_ages);
	}
	puts("}");
}

static bool read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:w:t:s:r:p:")) != -1) {
		if (option == 'n')
			options.count = atoi(optarg);
		else if (option == 'w')
			options.warm_s = atoi(optarg);
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

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (!read_options(argc, argv)) {
		fputs("usage: viewers [-n COUNT] [-w WARM_UP_SECONDS] [-t SECONDS] [-s SLOW] [-r BYTES_PER_SECOND] [-p "
		      "PATH] "
		      "PORT\n",
		      stderr);
		return 2;
	}
	raise_descriptor_limit();
	viewers = calloc((size_t)options.count, sizeof(*viewers));
	if (!viewers)
		abort();
	double asked_s = clock_s(CLOCK_MONOTONIC);
	for (int i = 0; i < options.count; i++) {
		viewers[i].slow = i < options.slow;
		if (!connect_viewer(&viewers[i], epoll)) {
			perror("viewers");
			return 1;
		}
	}
	watch(epoll, asked_s, asked_s + options.warm_s);
	counting = true;
	puts("counting");
	fflush(stdout);
	for (int i = 0; i < options.count; i++)
		viewers[i].stream.pictures = viewers[i].stream.bytes = 0;
	double start_s = clock_s(CLOCK_MONOTONIC);
	watch(epoll, asked_s, start_s + options.seconds);
	print_result(clock_s(CLOCK_MONOTONIC) - start_s);
	return 0;
}
