/* event_question.c - motion events by a rule of a client's own. */
#include "fcgi/notify/event_question.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/notify/event_position.h"
#include "fcgi/notify/event_stream.h"
#include "shared/notify/notification_json.h"

void event_questions_init(struct event_questions *all, const char *camera, const char *ring_name)
{
	memset(all, 0, sizeof(*all));
	snprintf(all->camera, sizeof(all->camera), "%s", camera);
	second_feed_init(&all->seconds, ring_name);
}

static struct event_finding *slot(struct event_question *question, uint64_t serial)
{
	return &question->findings[serial % EVENT_QUESTION_KEPT];
}

static void drop_oldest(struct event_question *question)
{
	video_chunk_unref(slot(question, question->first++)->data);
}

static void free_question(struct event_question *question)
{
	while (question->first < question->next)
		drop_oldest(question);
	LIST_REMOVE(question, link);
	question->all->count--;
	free(question);
}

void event_questions_free(struct event_questions *all)
{
	while (!LIST_EMPTY(&all->list))
		free_question(LIST_FIRST(&all->list));
	second_feed_free(&all->seconds);
}

const struct event_finding *event_question_get(const struct event_question *question, uint64_t serial)
{
	return serial >= question->first && serial < question->next ? &question->findings[serial % EVENT_QUESTION_KEPT]
								    : NULL;
}

/* The id is the kind and the first second, so it is the same whoever finds the event by this rule. */
static struct video_chunk *make_data(const struct event_question *question, enum notification_kind kind,
				     const struct motion_event *event, int64_t known_until)
{
	char id[NOTIFICATION_ID_BYTES];
	struct buffer json = {0}, lines = {0};
	struct video_chunk *chunk = NULL;
	bool start = kind == NOTIFY_MOTION_START;
	const struct notification notification = {
		.kind = kind,
		.id = id,
		.camera = question->all->camera,
		.at = {(start ? event->from_second : event->to_second) * US_PER_S},
		.event = event,
		.known_until = known_until,
	};

	snprintf(id, sizeof(id), "%s-%" PRId64, notification_kind_text(kind), event->from_second);
	if (notification_json(&notification, &json)) {
		event_stream_append_data(&lines, notification_kind_text(kind), json.data, json.length);
		chunk = lines.failed ? NULL : video_chunk_create(lines.data, lines.length);
	}
	buffer_free(&json);
	buffer_free(&lines);
	return chunk;
}

/* What memory runs out for has no data: the clients have lost it. */
static void add(struct event_question *question, enum notification_kind kind, const struct motion_event *event,
		int64_t known_until)
{
	if (question->next - question->first == EVENT_QUESTION_KEPT)
		drop_oldest(question);
	*slot(question, question->next++) = (struct event_finding){
		.kind = kind,
		.record = question->judged,
		.second = question->live.newest_second,
		.data = make_data(question, kind, event, known_until),
	};
}

static void add_news(struct event_question *question, const struct motion_live_news *news)
{
	if (news->ended)
		add(question, NOTIFY_MOTION_END, &news->end, news->silent ? news->newest_second + 1 : 0);
	if (news->started)
		add(question, NOTIFY_MOTION_START, &news->start, 0);
}

/* The times at which the records came decide, so that another program finds the same later. */
static void judge(struct event_question *question)
{
	const struct second_feed *seconds = &question->all->seconds;
	struct motion_live_news news;

	if (question->judged < seconds->first)
		question->judged = seconds->first;
	for (; question->judged < seconds->next; question->judged++) {
		const struct second_entry *entry = second_feed_get(seconds, question->judged);
		if (motion_live_tick(&question->live, entry->at, &news))
			add_news(question, &news);
		if (motion_live_add(&question->live, &entry->record, entry->at, &news))
			add_news(question, &news);
	}
}

static struct event_question *find_same(const struct event_questions *all, const struct motion_event_rule *rule)
{
	struct event_question *question;

	LIST_FOREACH(question, &all->list, link)
	{
		if (memcmp(&question->rule.mask, &rule->mask, sizeof(rule->mask)) == 0 &&
		    question->rule.least == rule->least && question->rule.join == rule->join)
			return question;
	}
	return NULL;
}

static struct event_question *create(struct event_questions *all, const struct motion_event_rule *rule)
{
	struct event_question *question = calloc(1, sizeof(*question));

	if (!question)
		return NULL;
	question->all = all;
	question->rule = *rule;
	question->first = question->next = 1;
	motion_live_init(&question->live, &question->rule);
	LIST_INSERT_HEAD(&all->list, question, link);
	all->count++;
	return question;
}

struct event_question *event_question_acquire(struct event_questions *all, const struct motion_event_rule *rule,
					      struct reason *why)
{
	struct event_question *question = find_same(all, rule);

	if (!question && all->count == EVENT_QUESTIONS_MAX) {
		reason_set(why,
			   "There are %d different questions about the motion of this camera already (area=, not=, "
			   "strength=, join=). Try again soon.",
			   EVENT_QUESTIONS_MAX);
		return NULL;
	}
	if (!question)
		question = create(all, rule);
	if (!question) {
		reason_errno(why, "cannot look for motion");
		return NULL;
	}
	question->clients++;
	second_feed_use(&all->seconds);
	judge(question);
	return question;
}

void event_question_release(struct event_question *question)
{
	if (question && --question->clients == 0)
		free_question(question);
}

void event_questions_update(struct event_questions *all)
{
	struct event_question *question;

	second_feed_update(&all->seconds);
	LIST_FOREACH(question, &all->list, link)
	judge(question);
}

void event_questions_check(struct event_questions *all)
{
	struct event_question *question;
	struct motion_live_news news;

	second_feed_check(&all->seconds);
	event_questions_update(all);
	LIST_FOREACH(question, &all->list, link)
	if (motion_live_tick(&question->live, mono_now(), &news))
		add_news(question, &news);
}

int64_t event_question_second(const struct event_question *question)
{
	return question->judged > question->all->seconds.first ? question->live.newest_second
							       : EVENT_POSITION_NO_SECOND;
}

bool event_question_find(const struct event_question *question, int64_t second, uint64_t *serial)
{
	uint64_t record = second_feed_find(&question->all->seconds, second);

	*serial = question->next;
	if (record == 0)
		return false;
	while (*serial > question->first && event_question_get(question, *serial - 1)->record > record)
		--*serial;
	return true;
}
