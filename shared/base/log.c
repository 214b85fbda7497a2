/* log.c - log lines, written by a thread from a bounded queue. */
#include "shared/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"

#define LINE_BYTES      1024
#define QUEUE_LINES     256
#define STOP_TIMEOUT_MS 200

struct line {
	size_t length;
	unsigned lost_before; /* lines dropped because the queue was full, since the previous line */
	char text[LINE_BYTES];
};

static atomic_int level_wanted = LOG_INFO;
static atomic_bool queued; /* true: the thread writes; false: the caller does */

/*
 * `mutex` guards the queue: head, count, lost, stopping and the slots from `head` on. `queued` and `level_wanted` are
 * atomics, so a line below the level costs no lock. The thread holds the mutex while it takes a line, never while it
 * writes one.
 */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct line queue[QUEUE_LINES];
static size_t head, count;
static unsigned lost;
static bool stopping;
static pthread_t thread;

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_wanted, (int)level, memory_order_relaxed);
}

/* Texts come from cameras and clients. None of their bytes may move a terminal's cursor or begin a line. */
static void replace_controls(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool c1 = c == 0xc2 && i + 1 < length && ((unsigned char)text[i + 1] & 0xe0) == 0x80;

		if (c1)
			text[i] = text[i + 1] = '?';
		else if (c < 0x20 || c == 0x7f)
			text[i] = '?';
	}
}

static void format_line(struct line *line, enum log_level level, const char *area, const char *format,
			va_list arguments)
{
	wall_t now = wall_now();
	time_t seconds = (time_t)(now.us / US_PER_S);
	struct tm local;
	size_t room = LINE_BYTES - 1; /* one byte for the newline */

	localtime_r(&seconds, &local);
	size_t length = strftime(line->text, room, "%Y-%m-%d %H:%M:%S", &local);
	length +=
		(size_t)snprintf(line->text + length, room - length,
				 ".%03d %-5s %.32s: ", (int)(now.us % US_PER_S / US_PER_MS), level_names[level], area);
	int wanted = vsnprintf(line->text + length, room - length, format, arguments);
	if (wanted > 0)
		length += (size_t)wanted < room - length ? (size_t)wanted : room - length - 1;
	replace_controls(line->text, length);
	line->text[length++] = '\n';
	line->length = length;
}

/* Writes the line, or as much of it as possible. `timeout_ms` matters only if stderr is non-blocking. */
static void write_line(const struct line *line, int timeout_ms)
{
	for (size_t done = 0; done < line->length;) {
		ssize_t wrote = write(STDERR_FILENO, line->text + done, line->length - done);
		if (wrote > 0) {
			done += (size_t)wrote;
			continue;
		}
		if (wrote < 0 && errno == EINTR)
			continue;
		struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
		if (wrote == 0 || errno != EAGAIN || poll(&ready, 1, timeout_ms) == 0)
			return;
	}
}

static void enqueue(const struct line *line)
{
	pthread_mutex_lock(&mutex);
	if (count == QUEUE_LINES) {
		lost++;
	} else {
		struct line *slot = &queue[(head + count) % QUEUE_LINES];
		memcpy(slot->text, line->text, line->length);
		slot->length = line->length;
		slot->lost_before = lost;
		lost = 0;
		count++;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&mutex);
}

/* A pipe with any room has room for a whole line (PIPE_BUF). */
static bool has_room(void)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&ready, 1, 0) != 0;
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
	int error = errno;
	struct line line;
	va_list arguments;

	if ((int)level > atomic_load_explicit(&level_wanted, memory_order_relaxed))
		return;
	va_start(arguments, format);
	format_line(&line, level, area, format, arguments);
	va_end(arguments);
	if (atomic_load(&queued))
		enqueue(&line);
	else if (has_room())
		write_line(&line, 0);
	errno = error;
}

static void format_notice(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_line(line, LOG_WARN, "log", format, arguments);
	va_end(arguments);
}

static void write_lost(unsigned lines)
{
	struct line notice;

	if (lines == 0)
		return;
	format_notice(&notice, "%u lines dropped here: nobody was reading stderr", lines);
	write_line(&notice, -1);
}

/* Waits for a line and takes it. Its length is 0 if only the count of lost lines is left. Returns false at the end. */
static bool take(struct line *out)
{
	bool more = true;

	pthread_mutex_lock(&mutex);
	while (count == 0 && lost == 0 && !stopping)
		pthread_cond_wait(&changed, &mutex);
	if (count > 0) {
		*out = queue[head];
		head = (head + 1) % QUEUE_LINES;
		count--;
	} else {
		more = lost > 0;
		*out = (struct line){.lost_before = lost};
		lost = 0;
	}
	pthread_mutex_unlock(&mutex);
	return more;
}

static void *write_queue(void *unused)
{
	struct line line;

	(void)unused;
	while (take(&line)) {
		write_lost(line.lost_before);
		write_line(&line, -1);
	}
	return NULL;
}

bool log_start(void)
{
	sigset_t all, before;

	if (atomic_load(&queued))
		return true;
	stopping = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals belong to the program's loop */
	int error = pthread_create(&thread, NULL, write_queue, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return false;
	atomic_store(&queued, true);
	return true;
}

void log_stop(void)
{
	struct timespec until;

	if (!atomic_load(&queued))
		return;
	pthread_mutex_lock(&mutex);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += STOP_TIMEOUT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	/* A thread that stderr holds keeps the queue: this caller must not be held by it too. */
	if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
		pthread_detach(thread);
		return;
	}
	atomic_store(&queued, false);
	write_queue(NULL); /* lines queued meanwhile */
}
