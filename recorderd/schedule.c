/* schedule.c - record.hours: whether now is a time to record. */
#include "recorderd/schedule.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/reason.h"

static bool is_inside(const struct schedule *schedule, wall_t now)
{
	return !schedule->set || now.us < SCHEDULE_CLOCK_US || week_hours_contain(&schedule->hours, now);
}

static void look(struct schedule *schedule, wall_t now)
{
	schedule->inside = is_inside(schedule, now);
	schedule->next = schedule->set && now.us >= SCHEDULE_CLOCK_US ? week_hours_next_change(&schedule->hours, now)
								      : (wall_t){0};
}

void schedule_init(struct schedule *schedule, const char *hours, wall_t now)
{
	struct reason why;

	*schedule = (struct schedule){.set = false};
	schedule->set = hours[0] && week_hours_parse(hours, &schedule->hours, &why);
	snprintf(schedule->text, sizeof(schedule->text), "%s", hours);
	look(schedule, now);
}

bool schedule_is_of(const struct schedule *schedule, const char *hours)
{
	return strcmp(schedule->text, hours) == 0;
}

bool schedule_update(struct schedule *schedule, wall_t now)
{
	bool before = schedule->inside;

	if (is_inside(schedule, now) == before)
		return false;
	look(schedule, now);
	return true;
}
