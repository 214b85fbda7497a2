/*
 * prometheus.h - Prometheus' text format 0.0.4. Each metric is introduced once, by metric_begin(), and its samples
 * follow.
 */
#ifndef FCGI_API_PROMETHEUS_H
#define FCGI_API_PROMETHEUS_H

#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/base/histogram.h"

/* `type` is counter, gauge or histogram; `help` is one line. */
void metric_begin(struct buffer *out, const char *name, const char *type, const char *help);

/* `labels` is the text between the braces (camera="door"), or NULL. */
void metric_count(struct buffer *out, const char *name, const char *labels, uint64_t value);
void metric_number(struct buffer *out, const char *name, const char *labels, double value);

/* In seconds; the buckets are cumulative. */
void metric_histogram(struct buffer *out, const char *name, const char *labels, const struct histogram *histogram);

#endif
