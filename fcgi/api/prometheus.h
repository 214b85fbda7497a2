/*
 * prometheus.h - the lines of Prometheus' text format 0.0.4. Each metric is named once, by metric_begin(), and its
 * samples follow it.
 */
#ifndef FCGI_API_PROMETHEUS_H
#define FCGI_API_PROMETHEUS_H

#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/base/histogram.h"

/* `type` is counter, gauge or histogram; `help` is one line. */
void metric_begin(struct buffer *out, const char *name, const char *type, const char *help);

/* `labels` is as it stands between the braces (camera="door"), or NULL. */
void metric_count(struct buffer *out, const char *name, const char *labels, uint64_t value);
void metric_number(struct buffer *out, const char *name, const char *labels, double value);

/* In seconds, with its buckets added up. */
void metric_histogram(struct buffer *out, const char *name, const char *labels, const struct histogram *histogram);

#endif
