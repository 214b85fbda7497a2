/* prometheus.c - Prometheus' text format 0.0.4. */
#include "fcgi/api/prometheus.h"

#include <inttypes.h>
#include <stdio.h>

void metric_begin(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_name(struct buffer *out, const char *name, const char *labels)
{
	if (labels)
		buffer_printf(out, "%s{%s} ", name, labels);
	else
		buffer_printf(out, "%s ", name);
}

void metric_count(struct buffer *out, const char *name, const char *labels, uint64_t value)
{
	append_name(out, name, labels);
	buffer_printf(out, "%" PRIu64 "\n", value);
}

void metric_number(struct buffer *out, const char *name, const char *labels, double value)
{
	append_name(out, name, labels);
	buffer_printf(out, "%.6f\n", value);
}

void metric_histogram(struct buffer *out, const char *name, const char *labels, const struct histogram *histogram)
{
	const char *comma = labels ? "," : "";
	uint64_t sum = 0;
	char series[128];

	labels = labels ? labels : "";
	for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
		sum += histogram->counts[i];
		buffer_printf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels, comma,
			      (double)histogram_bounds_us[i] / 1e6, sum);
	}
	sum += histogram->counts[HISTOGRAM_BOUNDS];
	buffer_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, sum);
	labels = *labels ? labels : NULL;
	snprintf(series, sizeof(series), "%s_sum", name);
	metric_number(out, series, labels, (double)histogram->sum_us / 1e6);
	snprintf(series, sizeof(series), "%s_count", name);
	metric_count(out, series, labels, sum);
}
