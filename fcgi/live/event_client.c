/* event_client.c - one client of /events/live. */
#include "fcgi/live/event_client.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "fcgi/live/live_response.h"
#include "fcgi/notify/event_blocks.h"
#include "fcgi/notify/event_stream.h"
#include "shared/ring/shm_name.h"

/* Chunks that have to fit into the queue before something is sent: a loss, and the two of an event. */
#define BLOCK_CHUNKS 3

static struct notification_feed *notifications_of(const struct event_client *client)
{
	return &client->feed->events->notifications;
}

/* Takes over a reference. False if there is no chunk, since memory ran out. */
static bool add(struct event_client *client, struct video_chunk *chunk)
{
	return video_sender_add(&client->sender, chunk);
}

static bool is_followed(const struct live_feed *feed)
{
	return feed->events->notifications.ring != NULL;
}

/* The second up to which the client has every finding. */
static void note_second(struct event_client *client)
{
	if (client->question && client->next_finding == client->question->next)
		client->position.second = event_question_second(client->question);
}

static void lose(struct event_client *client, uint64_t count)
{
	client->lost += count;
	client->state_due = true;
}

/* Sends a finding. Another one of the same second may follow, so that second is over only with the last of them. */
static bool queue_finding(struct event_client *client, const struct event_finding *finding)
{
	const struct event_finding *next = event_question_get(client->question, client->next_finding);

	if (!next || next->record != finding->record)
		client->position.second = finding->second;
	return add(client, video_chunk_ref(finding->data)) && add(client, event_block_id(&client->position));
}

/* The next finding that the client wants; NULL: none yet. */
static const struct event_finding *next_finding(struct event_client *client)
{
	const struct event_question *question = client->question;
	const struct event_finding *finding;

	if (!question)
		return NULL;
	if (client->next_finding < question->first) {
		lose(client, question->first - client->next_finding);
		client->next_finding = question->first;
	}
	while ((finding = event_question_get(question, client->next_finding)) != NULL) {
		client->next_finding++;
		if (!finding->data)
			lose(client, 1);
		else if (event_filter_takes(&client->filter, finding->kind))
			return finding;
	}
	note_second(client);
	return NULL;
}

/* Numbers within a series have no holes. What came before the beginning of another series is not known to be lost. */
static void count_missing(struct event_client *client, const struct notification_record *record)
{
	bool continues = record->series == client->position.series;
	uint64_t before = continues ? client->position.number : 0;

	if (client->position.number > 0 && record->number > before + 1)
		lose(client, record->number - before - 1);
	client->position.series = record->series;
	client->position.number = record->number;
}

static bool wants(const struct event_client *client, const struct notification_record *record)
{
	return event_filter_takes(&client->filter, record->kind) &&
	       !(client->question && event_filter_is_motion(record->kind));
}

/* The next notification that the client wants; NULL: none yet. */
static const struct notification_entry *next_notification(struct event_client *client)
{
	const struct notification_feed *feed = notifications_of(client);
	const struct notification_entry *entry;

	if (client->next < feed->first)
		client->next = feed->first;
	while ((entry = notification_feed_get(feed, client->next)) != NULL) {
		client->next++;
		count_missing(client, &entry->record);
		if (wants(client, &entry->record))
			return entry;
	}
	return NULL;
}

static bool queue_notification(struct event_client *client, const struct notification_entry *entry)
{
	return add(client, video_chunk_ref(entry->data)) &&
	       add(client, client->question ? event_block_id(&client->position) : video_chunk_ref(entry->id));
}

static bool queue_lost(struct event_client *client)
{
	uint64_t count = client->lost;
	const char *why = client->lost_why;

	client->lost = 0;
	client->lost_why = NULL;
	return add(client, event_block_lost(client->feed->config->camera.name, count, why));
}

static bool queue_state(struct event_client *client)
{
	struct live_feed *feed = client->feed;
	struct recorder_state recorder;
	bool published = live_feed_state(feed, &recorder);
	const struct event_state state = {
		.camera = feed->config->camera.name,
		.recorder = published ? &recorder : NULL,
		.notifications = notifications_of(client),
		.question = client->question,
	};

	client->running = live_feed_is_running(feed);
	client->followed = is_followed(feed);
	client->state_due = false;
	return add(client, event_block_state(&state, &client->position));
}

/* Sends the next thing. *idle is set if there is none. False if memory ran out. */
static bool queue_next(struct event_client *client, bool *idle)
{
	const struct event_finding *finding = next_finding(client);
	const struct notification_entry *entry = finding ? NULL : next_notification(client);

	*idle = false;
	if ((client->lost > 0 || client->lost_why) && !queue_lost(client))
		return false;
	if (finding)
		return queue_finding(client, finding);
	if (entry)
		return queue_notification(client, entry);
	if (client->state_due)
		return queue_state(client);
	*idle = true;
	return true;
}

/* Queues what there is, as far as there is room. False if memory ran out. */
static bool queue_more(struct event_client *client)
{
	bool idle = false;

	while (!idle && client->sender.count + BLOCK_CHUNKS <= VIDEO_SENDER_CHUNKS &&
	       video_sender_has_room(&client->sender, 1)) {
		if (!queue_next(client, &idle))
			return false;
		if (!idle)
			client->queued_us = mono_now().us;
	}
	return true;
}

static enum live_viewer_action proceed(struct event_client *client)
{
	return queue_more(client) && video_sender_send(&client->sender, client->request->fd) ? VIEWER_KEEP
											     : VIEWER_CLOSE;
}

enum live_viewer_action event_client_offer(struct event_client *client)
{
	return proceed(client);
}

enum live_viewer_action event_client_writable(struct event_client *client)
{
	video_sender_socket_empty(&client->sender);
	return proceed(client);
}

enum live_viewer_action event_client_tick(struct event_client *client)
{
	bool silent = mono_now().us - client->queued_us >= client->feed->silence_us;

	if (client->running != live_feed_is_running(client->feed) || client->followed != is_followed(client->feed))
		client->state_due = true;
	if (!client->state_due && silent && client->sender.count == 0) {
		note_second(client);
		client->queued_us = mono_now().us;
		if (!add(client, event_block_comment(&client->position)))
			return VIEWER_CLOSE;
	}
	return proceed(client);
}

bool event_client_can_serve(struct live_feed *feed, struct reason *why)
{
	if (!feed->ring && shm_name_is_foreign(feed->ring_name, why))
		return false;
	notification_feed_use(&feed->events->notifications);
	return !live_feed_is_running(feed) || is_followed(feed) ||
	       reason_set(why, "The recorder of camera %s tells no events: /dev/shm has no room for them.",
			  feed->config->camera.name);
}

/* Where the client begins among the findings. */
static void begin_findings(struct event_client *client, const struct event_position *from)
{
	const struct event_question *question = client->question;

	client->next_finding = question->next;
	if (from && from->second != EVENT_POSITION_NO_SECOND &&
	    !event_question_find(question, from->second, &client->next_finding))
		client->lost_why = "The records of the time since then are gone.";
	client->position.second = event_question_second(question);
}

/* Where the client begins among the notifications. */
static void begin_notifications(struct event_client *client, const struct event_position *from)
{
	const struct notification_feed *feed = notifications_of(client);
	const struct notification_entry *newest = notification_feed_newest(feed);

	client->next = feed->next;
	if (newest) {
		client->position.series = newest->record.series;
		client->position.number = newest->record.number;
	}
	if (!from)
		return;
	if (!notification_feed_find(feed, from, &client->next)) {
		client->lost_why = "Nobody knows what happened since then.";
		return;
	}
	client->position.series = from->series;
	client->position.number = from->number;
}

/*
 * Browsers send the header when they connect again, and keep the address: the header is newer than the parameter.
 * Returns NULL if the client does not continue. What the header says may come from another camera or program.
 */
static const struct event_position *read_position(struct event_client *client)
{
	const char *header = fastcgi_param(client->request, "HTTP_LAST_EVENT_ID");

	if (*header) {
		client->filter.continues = true;
		if (!event_position_parse(header, &client->filter.position))
			client->filter.position = (struct event_position){.second = EVENT_POSITION_NO_SECOND};
	}
	return client->filter.continues ? &client->filter.position : NULL;
}

static bool begin(struct event_client *client)
{
	const struct event_position *from = read_position(client);
	struct buffer headers = {0};

	begin_notifications(client, from);
	client->position.second = EVENT_POSITION_NO_SECOND;
	if (client->question)
		begin_findings(client, from);
	client->state_due = true;
	live_response_append_events(&headers, client->request, &client->feed->http);
	event_stream_append_retry(&headers);
	bool good = !headers.failed && add(client, video_chunk_create(headers.data, headers.length)) &&
		    proceed(client) == VIEWER_KEEP;
	buffer_free(&headers);
	return good;
}

enum live_viewer_action event_client_open(struct live_feed *feed, struct fastcgi_request *request,
					  const struct live_options *options, struct event_client **out)
{
	struct event_client *client = calloc(1, sizeof(*client));
	struct reason why;

	*out = NULL;
	if (!client) {
		fastcgi_close(request);
		return VIEWER_CLOSE;
	}
	client->feed = feed;
	client->request = request;
	client->filter = options->events;
	if (options->events.own_rule) {
		client->question = event_question_acquire(&feed->events->questions, &options->events.rule, &why);
		if (!client->question) {
			free(client);
			live_respond_problem(request, &feed->http, 503, NULL, &why);
			return VIEWER_DONE;
		}
	}
	if (!begin(client)) {
		event_client_close(client);
		return VIEWER_CLOSE;
	}
	*out = client;
	return VIEWER_KEEP;
}

void event_client_close(struct event_client *client)
{
	uint8_t end[FASTCGI_END_BYTES];

	fastcgi_end(end);
	if (client->sender.sent == 0)
		(void)send(client->request->fd, end, sizeof(end), MSG_DONTWAIT | MSG_NOSIGNAL);
	video_sender_clear(&client->sender);
	event_question_release(client->question);
	fastcgi_close(client->request);
	free(client);
}
