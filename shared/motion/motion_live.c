/* motion_live.c - finds motion events while their seconds are still coming. */
#include "shared/motion/motion_live.h"

void motion_live_init(struct motion_live *live, const struct motion_event_rule *rule)
{
	*live = (struct motion_live){0};
	motion_event_finder_init(&live->finder, rule);
}

/* The run under way as it would be if no further second came. True if it is an event. */
static bool so_far(const struct motion_live *live, struct motion_event *out)
{
	struct motion_event_finder copy = live->finder;

	return motion_event_finish(&copy, out);
}

/* Whether no later second can belong to the run under way, since one that is `join` after its last one is still. */
static bool is_over(const struct motion_live *live)
{
	int64_t apart = live->newest_second - live->finder.second;

	return live->finder.open && apart >= live->finder.rule->join;
}

static void end_run(struct motion_live *live, struct motion_live_news *news)
{
	news->ended = motion_event_finish(&live->finder, &news->end);
	motion_event_finder_init(&live->finder, live->finder.rule);
	live->certain = false;
}

bool motion_live_add(struct motion_live *live, const struct motion_record *record, mono_t now,
		     struct motion_live_news *news)
{
	*news = (struct motion_live_news){.newest_second = record->second};
	news->ended = motion_event_add(&live->finder, record, &news->end);
	live->newest_second = record->second;
	live->newest_at = now;
	if (news->ended)
		live->certain = false;
	if (is_over(live))
		end_run(live, news);
	if (!live->certain && so_far(live, &news->start))
		live->certain = news->started = true;
	return news->ended || news->started;
}

bool motion_live_finish(struct motion_live *live, struct motion_live_news *news)
{
	*news = (struct motion_live_news){.newest_second = live->newest_second, .silent = true};
	end_run(live, news);
	return news->ended;
}

bool motion_live_tick(struct motion_live *live, mono_t now, struct motion_live_news *news)
{
	*news = (struct motion_live_news){0};
	return live->finder.open && now.us - live->newest_at.us >= MOTION_LIVE_SILENT_US &&
	       motion_live_finish(live, news);
}

bool motion_live_is_under_way(const struct motion_live *live, struct motion_event *out)
{
	return live->certain && so_far(live, out);
}
