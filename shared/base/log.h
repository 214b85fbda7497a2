/*
 * log.h - log lines on stderr: `2026-05-17 10:23:00.123 info  capture: 1280x720 MJPG at 60 fps`.
 *
 * Until log_start(), lines are written at once. After it, a thread writes them from a bounded queue, so a stderr that
 * nobody reads never blocks the caller. Lines that do not fit are counted, and the count is logged. All of this may be
 * called from any thread, but not from a signal handler.
 */
#ifndef SHARED_BASE_LOG_H
#define SHARED_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

/* `area` is a short lower-case word for the part of the program. Control bytes in the text are replaced by ?. */
void log_line(enum log_level level, const char *area, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Starts and stops the writing thread. log_stop() writes what is queued, for at most 200 ms. */
bool log_start(void);
void log_stop(void);

#endif
