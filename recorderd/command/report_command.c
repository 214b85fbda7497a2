/* report_command.c - prints how much was recorded on each day. */
#include "recorderd/command/report_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/config/mount_need.h"
#include "shared/ring/ring_reader.h"
#include "shared/timeline/timeline_sum.h"

#define GAPS_LISTED 40 /* per camera */
#define TEXT_BYTES  32

struct report {
	FILE *to;
	int folder;
	struct timeline_cache *cache;
	const struct recorder_state *state; /* NULL: no recorder is running */
	int64_t now_us;
	struct timeline_item gaps[GAPS_LISTED]; /* the longest ones, in the order of recording */
	size_t listed, unlisted;
};

/* "3 s", "12 min 4 s", "2 h 5 min", "3 d 4 h"; rounded down. */
static const char *duration_text(int64_t us, char text[TEXT_BYTES])
{
	long long s = us / US_PER_S;

	if (s < 1)
		snprintf(text, TEXT_BYTES, "%lld ms", (long long)us / 1000);
	else if (s < 60)
		snprintf(text, TEXT_BYTES, "%lld s", s);
	else if (s < 3600)
		snprintf(text, TEXT_BYTES, "%lld min %lld s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, TEXT_BYTES, "%lld h %lld min", s / 3600, s / 60 % 60);
	else
		snprintf(text, TEXT_BYTES, "%lld d %lld h", s / 86400, s / 3600 % 24);
	return text;
}

static const char *local_text(int64_t wall_us, const char *format, char text[TEXT_BYTES])
{
	time_t second = (time_t)(wall_us / US_PER_S);
	struct tm local;

	if (!localtime_r(&second, &local) || strftime(text, TEXT_BYTES, format, &local) == 0)
		text[0] = '\0';
	return text;
}

/* The beginning of the local day `days_ago` days before that of `now_us`. */
static int64_t day_begin_us(int64_t now_us, int days_ago)
{
	time_t second = (time_t)(now_us / US_PER_S);
	struct tm local = {0};

	localtime_r(&second, &local);
	local.tm_hour = local.tm_min = local.tm_sec = 0;
	local.tm_mday -= days_ago;
	local.tm_isdst = -1;
	return (int64_t)mktime(&local) * US_PER_S;
}

static size_t shortest(const struct report *report)
{
	size_t found = 0;

	for (size_t i = 1; i < report->listed; i++)
		if (report->gaps[i].to_us - report->gaps[i].from_us <
		    report->gaps[found].to_us - report->gaps[found].from_us)
			found = i;
	return found;
}

static void list_gap(struct report *report, const struct timeline_item *gap)
{
	if (report->listed == GAPS_LISTED) {
		size_t least = shortest(report);

		report->unlisted++;
		if (gap->to_us - gap->from_us <= report->gaps[least].to_us - report->gaps[least].from_us)
			return;
		report->listed--;
		memmove(&report->gaps[least], &report->gaps[least + 1],
			(report->listed - least) * sizeof(report->gaps[0]));
	}
	report->gaps[report->listed++] = *gap;
}

static void take_item(const struct timeline_item *item, void *context)
{
	if (item->kind == TIMELINE_GAP)
		list_gap(context, item);
}

static void print_causes(FILE *to, const struct timeline_sum *sum)
{
	const char *separator = "  ";

	for (uint32_t cause = 0; cause < GAP_CAUSES_TOLD; cause++) {
		char text[TEXT_BYTES];

		if (sum->causes[cause].gaps == 0)
			continue;
		fprintf(to, "%s%s %s", separator, gap_cause_text(cause), duration_text(sum->causes[cause].us, text));
		separator = ", ";
	}
}

static void print_sum(FILE *to, const char *label, const struct timeline_sum *sum)
{
	char text[TEXT_BYTES];
	uint32_t share = timeline_sum_share(sum);

	if (sum->to_us <= sum->from_us) {
		fprintf(to, "  %-16s        -\n", label);
		return;
	}
	fprintf(to, "  %-16s %6u.%02u %%  %5u  %-14s", label, share / 10000, share / 100 % 100, sum->gaps,
		sum->gaps ? duration_text(sum->missing_us, text) : "");
	print_causes(to, sum);
	fputs("\n", to);
}

static void print_gaps(const struct report *report)
{
	if (report->listed == 0)
		return;
	fprintf(report->to, "\n  %s:\n", report->unlisted ? "The longest gaps" : "The gaps");
	for (size_t i = 0; i < report->listed; i++) {
		const struct timeline_item *gap = &report->gaps[i];
		char from[TEXT_BYTES], to[TEXT_BYTES], duration[TEXT_BYTES];

		fprintf(report->to, "  %s to %s  %-14s  %s\n", local_text(gap->from_us, "%a %Y-%m-%d %H:%M:%S", from),
			local_text(gap->to_us, "%a %H:%M:%S", to), duration_text(gap->to_us - gap->from_us, duration),
			gap_cause_text(gap->cause));
	}
	if (report->unlisted)
		fprintf(report->to, "  and %zu shorter ones\n", report->unlisted);
}

/* False with errno if the archive cannot be read. */
static bool print_days(struct report *report, int days)
{
	struct timeline_sum sum;

	fprintf(report->to, "  %-16s %9s  %5s  %s\n", "day", "recorded", "gaps", "missing");
	for (int ago = days - 1; ago >= 0; ago--) {
		int64_t from_us = day_begin_us(report->now_us, ago), to_us = day_begin_us(report->now_us, ago - 1);
		char label[TEXT_BYTES];

		if (!timeline_sum(report->cache, report->folder, from_us, to_us, report->state, report->now_us, NULL,
				  NULL, &sum))
			return false;
		print_sum(report->to, local_text(from_us, "%a %Y-%m-%d", label), &sum);
	}
	if (!timeline_sum(report->cache, report->folder, day_begin_us(report->now_us, days - 1), INT64_MAX,
			  report->state, report->now_us, take_item, report, &sum))
		return false;
	if (sum.is_ongoing)
		list_gap(report, &sum.ongoing);
	print_sum(report->to, "all", &sum);
	if (sum.to_us <= sum.from_us)
		fputs("  There are no recordings of these days.\n", report->to);
	print_gaps(report);
	return true;
}

static bool read_state(const struct config *config, struct recorder_state *out)
{
	struct reason why;
	char name[64];

	config_ring_name(config, name);
	struct ring_reader *ring = ring_reader_open_any_user(name, &why);
	bool alive = ring && ring_reader_state(ring, out) && ring_reader_is_alive(ring, out);
	ring_reader_close(ring);
	return alive;
}

static int open_folder(const struct config *config, struct reason *why)
{
	const struct config_record *record = &config->record;

	if (!mount_need_is_met(record->require_mount, record->directory, why))
		return -1;
	int folder = open(record->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		reason_set(why, "%s: %s", record->directory, strerror(errno));
	return folder;
}

static bool print_camera(FILE *to, const struct config *config, int days)
{
	struct recorder_state state;
	bool alive = read_state(config, &state);
	struct reason why;
	struct report report = {.to = to, .state = alive ? &state : NULL, .now_us = wall_now().us};
	char until[TEXT_BYTES];

	fprintf(to, "%s, until %s%s\n", config->camera.name, local_text(report.now_us, "%a %Y-%m-%d %H:%M:%S", until),
		alive ? "" : ": no recorder is running");
	report.folder = open_folder(config, &why);
	if (report.folder < 0) {
		fprintf(to, "  The recordings cannot be read: %s\n", why.text);
		return false;
	}
	report.cache = timeline_cache_create(); /* slower without */
	bool good = print_days(&report, days);
	if (!good)
		fprintf(to, "  The recordings cannot be read: %s\n", strerror(errno));
	timeline_cache_free(report.cache);
	close(report.folder);
	return good;
}

int report_command(FILE *to, const struct config *cameras, size_t count, const char *days)
{
	char *end;
	long number = strtol(days, &end, 10);
	bool good = true;

	if (end == days || *end || number < 1 || number > REPORT_DAYS_MAX) {
		fprintf(stderr, "recorderd: --report needs a number of days from 1 to %d\n", REPORT_DAYS_MAX);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputs("\n", to);
		good &= print_camera(to, &cameras[i], (int)number);
	}
	return good ? 0 : 1;
}
