/* motion_tamper.c - finds out from motion records that the camera is covered, turned or blurred. */
#include "shared/motion/motion_tamper.h"

#include <stdlib.h>
#include <string.h>

#define GAP_SECONDS     2   /* from one second of a finding to the next */
#define GLOBAL_SECONDS  3   /* between the change of the picture and the first second that looks different */
#define RECENT_SECONDS  600 /* after a cover is gone, the background of ten minutes ago may be that of the cover */
#define LIKENESS(share) ((int)((share)*127))
#define SHARPNESS_OF_1  16 /* 16 * log2(1 + 1) */
#define MINUTE_SECONDS  60
#define MINUTES_LEAST   2  /* before the usual detail is known */
#define BLURRED_ONE_IN  24 /* blurred seconds that count for the usual detail */
#define BLURRED_SHARE   0.65f
/* If the usual detail is known only at another brightness: lamps that are switched off change it by less than this. */
#define BLURRED_SHARE_ELSEWHERE 0.4f
#define LUMA_LEAST              20 /* detail in darkness is noise */
#define LUMA_OFFSET             8

enum verdict { NO, YES, UNKNOWN };

static bool is_known(const struct motion_record *record)
{
	return record->likeness != MOTION_LIKENESS_UNKNOWN && !(record->flags & MOTION_DARK);
}

static enum verdict judge_covered(const struct motion_record *record)
{
	if (record->sharpness >= SHARPNESS_OF_1)
		return NO;
	if (!is_known(record))
		return UNKNOWN;
	return abs(record->likeness) < LIKENESS(0.3) ? YES : NO;
}

/* What is compared with a cover says nothing about the view. */
static bool was_covered(const struct motion_tamper *tamper, int64_t second)
{
	const struct motion_tamper_finding *covered = &tamper->findings[TAMPER_COVERED];

	return covered->lasts || (covered->first_second && second - covered->last_second <= RECENT_SECONDS);
}

/* Whether it held a moment ago. What held before a time in which nobody could tell does not count. */
static bool holds(const struct motion_tamper_finding *finding, int64_t second)
{
	int64_t passed = second - finding->pending_last;

	return finding->lasts || (finding->pending && passed > 0 && passed <= GAP_SECONDS);
}

static enum verdict judge_view(const struct motion_tamper *tamper, const struct motion_record *record)
{
	const struct motion_tamper_finding *view = &tamper->findings[TAMPER_VIEW_CHANGED];

	if (!is_known(record) || record->sharpness < SHARPNESS_OF_1 || was_covered(tamper, record->second))
		return UNKNOWN;
	if (abs(record->likeness) >= LIKENESS(0.7))
		return NO;
	bool changed = record->second - tamper->global_second <= GLOBAL_SECONDS;
	return changed || holds(view, record->second) ? YES : NO;
}

/* The mean difference of neighbouring pixels, as a share of the brightness. */
static float detail_of(const struct motion_record *record)
{
	/* 2 to the power of n/16 */
	static const float sixteenths[16] = {1.0000f, 1.0443f, 1.0905f, 1.1388f, 1.1892f, 1.2419f, 1.2968f, 1.3543f,
					     1.4142f, 1.4768f, 1.5422f, 1.6105f, 1.6818f, 1.7563f, 1.8340f, 1.9152f};
	float sharpness = sixteenths[record->sharpness % 16] * (float)(1u << record->sharpness / 16) - 1;

	return sharpness / (float)(record->mean_luma + LUMA_OFFSET);
}

static unsigned bin_of(const struct motion_record *record)
{
	return record->mean_luma * MOTION_TAMPER_BINS / 256;
}

/* The usual detail at this brightness, or else at the nearest one; NULL: not known. */
static const struct motion_tamper_detail *usual_detail(const struct motion_tamper *tamper, unsigned bin)
{
	for (unsigned away = 0; away < MOTION_TAMPER_BINS; away++) {
		if (bin >= away && tamper->usual[bin - away].count >= MINUTES_LEAST)
			return &tamper->usual[bin - away];
		if (bin + away < MOTION_TAMPER_BINS && tamper->usual[bin + away].count >= MINUTES_LEAST)
			return &tamper->usual[bin + away];
	}
	return NULL;
}

/* Whether its sharpness can be compared with that of other seconds. */
static bool shows_detail(const struct motion_record *record)
{
	return is_known(record) && record->mean_luma >= LUMA_LEAST && !(record->flags & MOTION_GLOBAL);
}

static enum verdict judge_blurred(const struct motion_tamper *tamper, const struct motion_record *record)
{
	unsigned bin = bin_of(record);
	const struct motion_tamper_detail *usual = usual_detail(tamper, bin);

	if (!shows_detail(record) || !usual)
		return UNKNOWN;
	if (record->likeness <= LIKENESS(0.8))
		return NO;
	float share = usual == &tamper->usual[bin] ? BLURRED_SHARE : BLURRED_SHARE_ELSEWHERE;
	return detail_of(record) < share * usual->median ? YES : NO;
}

static int by_size(const void *a, const void *b)
{
	float left = *(const float *)a, right = *(const float *)b;

	return (left > right) - (left < right);
}

static void add_minute(struct motion_tamper_detail *usual, float minute)
{
	float sorted[MOTION_TAMPER_MINUTES];

	usual->minutes[usual->next] = minute;
	usual->next = (usual->next + 1) % MOTION_TAMPER_MINUTES;
	if (usual->count < MOTION_TAMPER_MINUTES)
		usual->count++;
	memcpy(sorted, usual->minutes, usual->count * sizeof(float));
	qsort(sorted, usual->count, sizeof(float), by_size);
	usual->median = sorted[(usual->count - 1) / 2];
}

static void learn(struct motion_tamper *tamper, const struct motion_record *record, enum verdict blurred)
{
	struct motion_tamper_detail *usual = &tamper->usual[bin_of(record)];

	if (!shows_detail(record) || tamper->findings[TAMPER_COVERED].lasts)
		return;
	if (blurred == YES && ++tamper->blurred_seconds % BLURRED_ONE_IN != 0)
		return;
	usual->sum += detail_of(record);
	if (++usual->seconds < MINUTE_SECONDS)
		return;
	add_minute(usual, usual->sum / MINUTE_SECONDS);
	usual->sum = 0;
	usual->seconds = 0;
}

/* Returns true if it is found in this second. */
static bool update(struct motion_tamper_finding *finding, enum verdict verdict, int64_t second)
{
	if (verdict == UNKNOWN)
		return false;
	if (verdict == NO) {
		finding->lasts = false;
		finding->pending = 0;
		return false;
	}
	if (!finding->lasts) {
		if (!holds(finding, second))
			finding->pending = 0;
		if (finding->pending++ == 0)
			finding->pending_first = second;
		finding->pending_last = second;
		if (finding->pending < MOTION_TAMPER_SECONDS)
			return false;
		finding->lasts = true;
		finding->first_second = finding->pending_first;
		finding->pending = 0;
	}
	finding->last_second = second;
	return true;
}

static void note_change(struct motion_tamper *tamper, const struct motion_record *record)
{
	struct motion_tamper_finding *covered = &tamper->findings[TAMPER_COVERED];

	if (record->second < covered->last_second) /* the clock was set back */
		covered->last_second = record->second;
	if (record->flags & MOTION_GLOBAL)
		tamper->global_second = record->second;
	else if (record->second < tamper->global_second)
		tamper->global_second = INT64_MIN / 2;
}

unsigned motion_tamper_push(struct motion_tamper *tamper, const struct motion_record *record)
{
	static const unsigned flags[TAMPER_KINDS] = {
		[TAMPER_COVERED] = MOTION_COVERED,
		[TAMPER_VIEW_CHANGED] = MOTION_VIEW_CHANGED,
		[TAMPER_BLURRED] = MOTION_BLURRED,
	};
	bool had_changed = tamper->findings[TAMPER_VIEW_CHANGED].lasts;
	enum verdict verdicts[TAMPER_KINDS];
	unsigned found = 0;

	note_change(tamper, record);
	verdicts[TAMPER_COVERED] = judge_covered(record);
	verdicts[TAMPER_VIEW_CHANGED] = judge_view(tamper, record);
	verdicts[TAMPER_BLURRED] = judge_blurred(tamper, record);
	for (int kind = 0; kind < TAMPER_KINDS; kind++)
		if (update(&tamper->findings[kind], verdicts[kind], record->second))
			found |= flags[kind];
	if (tamper->findings[TAMPER_VIEW_CHANGED].lasts && !had_changed) /* another view has other details */
		memset(tamper->usual, 0, sizeof(tamper->usual));
	learn(tamper, record, verdicts[TAMPER_BLURRED]);
	return found;
}
