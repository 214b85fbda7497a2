/*
 * fetch.c - requests one path several times, each over a new connection, and measures the time to the first byte of the
 * body, the total time and the size. The kernel discards the body, so that the client itself is not measured.
 *
 *     fetch [-n TIMES] [-i INTERVAL_MS] PORT PATH
 *
 * Prints one JSON object per request, as soon as it is complete.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 16384
#define DISCARD    ((size_t)1 << 20)

struct answer {
	int status;
	double first_ms, total_ms; /* from before connect() */
	uint64_t body_bytes;
};

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	perror("fetch");
	exit(1);
}

/* Reads the headers including the empty line; what came after it belongs to the body. */
static void read_head(int fd, struct answer *answer)
{
	char head[HEAD_BYTES + 1];
	size_t length = 0;
	ssize_t got;

	while (length < HEAD_BYTES && (got = recv(fd, head + length, HEAD_BYTES - length, 0)) > 0) {
		char *end;

		length += (size_t)got;
		head[length] = '\0';
		end = strstr(head, "\r\n\r\n");
		if (!end)
			continue;
		answer->status = atoi(head + 9);
		answer->body_bytes = (uint64_t)(head + length - (end + 4));
		return;
	}
}

static struct answer fetch(int port, const char *path)
{
	struct answer answer = {0};
	double start_ms = now_ms();
	int fd = connect_to(port);
	char request[1024];
	ssize_t got;

	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		exit(1);
	read_head(fd, &answer);
	if (answer.body_bytes > 0)
		answer.first_ms = now_ms() - start_ms;
	while ((got = recv(fd, NULL, DISCARD, MSG_TRUNC)) > 0) {
		if (answer.body_bytes == 0)
			answer.first_ms = now_ms() - start_ms;
		answer.body_bytes += (uint64_t)got;
	}
	answer.total_ms = now_ms() - start_ms;
	close(fd);
	return answer;
}

int main(int argc, char **argv)
{
	int times = 1, interval_ms = 0, option;

	while ((option = getopt(argc, argv, "n:i:")) != -1) {
		if (option == 'n')
			times = atoi(optarg);
		else if (option == 'i')
			interval_ms = atoi(optarg);
	}
	if (argc - optind != 2) {
		fputs("usage: fetch [-n TIMES] [-i INTERVAL_MS] PORT PATH\n", stderr);
		return 2;
	}
	for (int i = 0; i < times; i++) {
		struct answer answer = fetch(atoi(argv[optind]), argv[optind + 1]);

		printf("{\"status\": %d, \"first_ms\": %.3f, \"total_ms\": %.3f, \"bytes\": %llu}\n", answer.status,
		       answer.first_ms, answer.total_ms, (unsigned long long)answer.body_bytes);
		fflush(stdout);
		usleep((useconds_t)interval_ms * 1000);
	}
	return 0;
}
