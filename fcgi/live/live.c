/* live.c - recorder-live's loop. */
#include "fcgi/live/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "fcgi/auth/authorize.h"
#include "fcgi/auth/site_headers.h"
#include "fcgi/live/live_client.h"
#include "fcgi/live/live_page.h"
#include "fcgi/live/live_permits.h"
#include "fcgi/live/live_response.h"
#include "shared/base/log.h"
#include "shared/event/loop.h"

#define ACCEPTS_MAX      64 /* at a time; then it is the viewers' turn */
#define TICK_US          (US_PER_S / 4)
#define CHECK_TICKS      4 /* the recorders are checked once a second */
#define REQUEST_LIMIT_US (5 * US_PER_S)
#define LOG_AGAIN_US     (60 * US_PER_S) /* between two log messages about the same problem */

/*
 * Registered with epoll once, edge-triggered, for all events: a viewer costs a system call only when it is sent
 * something.
 */
struct peer {
	struct live *live;
	struct loop_watch watch; /* fd -1: closed */
	int64_t since_us;
	struct live_client client; /* none: the request is incomplete, or was responded to */
	bool responded;
	struct live_permits *permits; /* of the client: it holds one of these */
	uint32_t claim;               /* (live_permits.h) */
	LIST_ENTRY(peer) link;
};

struct watched_feed {
	struct live *live;
	struct loop_watch watch, video_watch, events_watch, motion_watch;
	struct live_feed feed;
};

struct live {
	const struct live_setup *setup;
	struct loop *loop;
	struct loop_watch listener, stop; /* the listener pauses until the next tick if descriptors run out */
	struct loop_timer tick;
	struct watched_feed *feeds; /* one per camera, in the order of the set */
	LIST_HEAD(, peer) peers;
	struct live_permits viewers, event_clients;
	int64_t log_again_us; /* that connections cannot be accepted: not before then */
	unsigned ticks;
};

static void close_peer(struct live *live, struct peer *peer)
{
	loop_watch_set(live->loop, &peer->watch, 0);
	if (live_client_exists(&peer->client)) {
		live_client_close(&peer->client);
		live_permits_release(peer->permits, peer->claim);
	} else if (peer->watch.fd >= 0) {
		fastcgi_drain(peer->watch.fd);
		close(peer->watch.fd);
	}
	LIST_REMOVE(peer, link);
	free(peer);
}

static void pause_listening(struct live *live, int error)
{
	int64_t now_us = mono_now().us;

	loop_watch_set(live->loop, &live->listener, 0);
	if (now_us < live->log_again_us)
		return;
	log_warn("live", "cannot accept connections: %s; trying again (%" PRIu64 " viewers)", strerror(error),
		 live->viewers.clients);
	live->log_again_us = now_us + LOG_AGAIN_US;
}

static struct live_feed *find_feed(const struct live *live, const struct config *camera)
{
	return &live->feeds[camera - live->setup->cameras->cameras].feed;
}

/* The number of the requested camera; that of the first one if there is no such camera. */
static size_t camera_number(const struct live *live, const struct config *camera)
{
	return camera ? (size_t)(camera - live->setup->cameras->cameras) : 0;
}

/* False if the client may not watch; then it has been told so. */
static bool check_token(const struct live *live, struct fastcgi_request *request, const struct config *camera,
			const struct config_http *http)
{
	const struct config_set *cameras = live->setup->cameras;
	struct permission permission;

	authorize(live->setup->tokens, camera_number(live, camera), http, request, &permission);
	/* A token that does not cover all cameras must not be able to find out their names by trying. */
	for (size_t i = 0; !camera && permission.outcome == AUTH_BY_TOKEN && i < cameras->count; i++)
		if (!authorize_camera(live->setup->tokens, i, request))
			authorize_refuse_token(&permission);
	if (authorize_scope(&permission, TOKEN_LIVE))
		return true;
	live_respond_problem(request, http, permission.status, permission.headers, &permission.why);
	return false;
}

/* Returns the status to respond with. At 200, unless the request is a HEAD or gets the page, the peer holds a permit. */
static int admit(struct live *live, struct peer *peer, const struct fastcgi_request *request,
		 struct live_options *options, struct live_feed **feed, struct reason *why)
{
	int status =
		live_request_read(live->setup->cameras, request->method, request->path, request->query, options, why);

	if (status != 200)
		return status;
	*feed = find_feed(live, options->camera);
	live_feed_check(*feed);
	live_feed_update(*feed);
	if (options->has_page && live_page_is_wanted(request))
		options->kind = LIVE_PAGE;
	if (!live_client_can_serve(*feed, options, why))
		return 503;
	peer->permits = options->kind == LIVE_EVENTS ? &live->event_clients : &live->viewers;
	if (options->head_only || options->kind == LIVE_PAGE)
		return 200;
	return live_permits_acquire(peer->permits, *feed, request, &peer->claim, why);
}

/* Responds to a request; true if the peer is a viewer from now on. */
static bool respond(struct live *live, struct peer *peer, struct fastcgi_request *request)
{
	const struct config *camera = live_request_camera(live->setup->cameras, request->query);
	const struct config_http *http = &live->feeds[camera_number(live, camera)].feed.http;
	struct live_options options;
	struct live_feed *feed = NULL;
	struct reason why = {""};

	if (site_headers_is_preflight(request)) {
		live_respond_preflight(request, http);
		return false;
	}
	if (!check_token(live, request, camera, http))
		return false;
	int status = admit(live, peer, request, &options, &feed, &why);
	bool short_response = options.kind == LIVE_PAGE || status != 200 || options.head_only;
	if (options.kind == LIVE_PAGE)
		live_respond_page(request, http, &options, status == 200 ? NULL : &why);
	else if (status != 200)
		live_respond_problem(request, http, status, NULL, &why);
	else if (options.head_only)
		live_client_respond_head(feed, request, &options);
	if (short_response)
		return false;
	enum live_viewer_action action = live_client_open(&peer->client, feed, request, &options);
	if (action != VIEWER_KEEP)
		live_permits_release(peer->permits, peer->claim);
	if (action == VIEWER_CLOSE)
		peer->watch.fd = -1;
	return action == VIEWER_KEEP;
}

static void read_request(struct live *live, struct peer *peer)
{
	struct fastcgi_request *request = NULL;
	enum fastcgi_outcome outcome = fastcgi_read(peer->watch.fd, &request);

	if (outcome == FASTCGI_INCOMPLETE)
		return;
	if (outcome == FASTCGI_INVALID)
		peer->watch.fd = -1;
	else
		peer->responded = !respond(live, peer, request);
	if (peer->watch.fd < 0)
		close_peer(live, peer);
}

static void after_action(struct live *live, struct peer *peer, enum live_viewer_action action)
{
	if (action == VIEWER_CLOSE)
		close_peer(live, peer);
	if (action != VIEWER_DONE)
		return;
	/* The web server closes the connection, or the next ticks do. */
	live_client_finish(&peer->client);
	live_permits_release(peer->permits, peer->claim);
	peer->responded = true;
	peer->since_us = mono_now().us;
}

static void peer_ready(void *context, uint32_t events)
{
	struct peer *peer = context;
	struct live *live = peer->live;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		close_peer(live, peer);
	else if (peer->responded)
		fastcgi_drain(peer->watch.fd);
	else if (!live_client_exists(&peer->client))
		read_request(live, peer);
	else if (events & EPOLLOUT)
		after_action(live, peer, live_client_writable(&peer->client));
}

static void add_peer(struct live *live, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer) {
		close(fd);
		return;
	}
	*peer = (struct peer){.live = live, .since_us = mono_now().us};
	peer->watch = (struct loop_watch){.fd = fd, .ready = peer_ready, .context = peer};
	LIST_INSERT_HEAD(&live->peers, peer, link);
	if (!loop_watch_set(live->loop, &peer->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
		close_peer(live, peer);
}

static void accept_peers(void *context, uint32_t events)
{
	struct live *live = context;

	(void)events;
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int fd = fastcgi_accept(live->setup->listen_fd, FASTCGI_SNDBUF_BYTES);
		if (fd >= 0) {
			add_peer(live, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_listening(live, errno);
		return;
	}
}

/* Offers what is new to the clients of that feed that are sent what comes from there. */
static void offer(struct live *live, const struct live_feed *feed, enum live_source source)
{
	for (struct peer *peer = LIST_FIRST(&live->peers), *next; peer; peer = next) {
		next = LIST_NEXT(peer, link);
		if (peer->client.feed == feed && live_client_source(&peer->client) == source)
			after_action(live, peer, live_client_offer(&peer->client));
	}
}

/* There is a new frame, or, if there is none, a new ring. */
static void feed_ready(void *context, uint32_t events)
{
	struct watched_feed *watched = context;
	struct live *live = watched->live;
	struct live_feed *feed = &watched->feed;
	eventfd_t unused;
	uint64_t before = feed->serial;

	(void)events;
	eventfd_read(ring_notifier_fd(feed->notifier), &unused);
	live_feed_update(feed);
	if (feed->serial == before) {
		live_feed_check(feed);
		live_feed_update(feed);
	}
	offer(live, feed, LIVE_FROM_FRAMES);
}

/* There are new frames in the video ring, or, if there is none, a new ring. */
static void video_ready(void *context, uint32_t events)
{
	struct watched_feed *watched = context;
	struct live *live = watched->live;
	struct live_feed *feed = &watched->feed;
	eventfd_t unused;
	uint64_t before = feed->video->next;

	(void)events;
	eventfd_read(ring_notifier_fd(feed->video_notifier), &unused);
	video_feed_update(feed->video);
	if (feed->video->next == before)
		return;
	offer(live, feed, LIVE_FROM_VIDEO);
}

/* There are new notifications or motion records, or a new ring of them. */
static void events_ready(void *context, uint32_t events)
{
	struct watched_feed *watched = context;
	struct live_feed *feed = &watched->feed;
	eventfd_t unused;

	(void)events;
	eventfd_read(ring_notifier_fd(feed->events->notifier), &unused);
	eventfd_read(ring_notifier_fd(feed->events->motion_notifier), &unused);
	live_events_update(feed->events);
	offer(watched->live, feed, LIVE_FROM_EVENTS);
}

static void tick_peer(struct live *live, struct peer *peer, int64_t now_us)
{
	if (live_client_exists(&peer->client))
		after_action(live, peer, live_client_tick(&peer->client));
	else if (now_us - peer->since_us >= REQUEST_LIMIT_US)
		close_peer(live, peer);
}

static void tick(void *context)
{
	struct live *live = context;
	int64_t now_us = mono_now().us;

	log_set_level(live->feeds[0].feed.log_level);
	if (++live->ticks % CHECK_TICKS == 0)
		for (size_t i = 0; i < live->setup->cameras->count; i++)
			live_feed_check(&live->feeds[i].feed);
	for (struct peer *peer = LIST_FIRST(&live->peers), *next; peer; peer = next) {
		next = LIST_NEXT(peer, link);
		tick_peer(live, peer, now_us);
	}
	loop_watch_set(live->loop, &live->listener, EPOLLIN);
	loop_timer_set(live->loop, &live->tick, (mono_t){now_us + TICK_US});
}

static void stop(void *context, uint32_t events)
{
	struct live *live = context;

	(void)events;
	loop_stop(live->loop);
}

static bool watch_ring(struct watched_feed *watched, struct loop_watch *watch, const struct ring_notifier *notifier,
		       void (*ready)(void *context, uint32_t events))
{
	*watch = (struct loop_watch){.fd = ring_notifier_fd(notifier), .ready = ready, .context = watched};
	return loop_watch_set(watched->live->loop, watch, EPOLLIN);
}

static bool start_feed(struct live *live, size_t number, struct reason *why)
{
	const struct live_setup *setup = live->setup;
	struct watched_feed *watched = &live->feeds[number];

	watched->live = live;
	if (!live_feed_init(&watched->feed, &setup->cameras->cameras[number], setup->gone_limit_us, why))
		return false;
	struct live_feed *feed = &watched->feed;
	feed->silence_us = setup->silence_us;
	return (watch_ring(watched, &watched->watch, feed->notifier, feed_ready) &&
		watch_ring(watched, &watched->video_watch, feed->video_notifier, video_ready) &&
		watch_ring(watched, &watched->events_watch, feed->events->notifier, events_ready) &&
		watch_ring(watched, &watched->motion_watch, feed->events->motion_notifier, events_ready)) ||
	       reason_errno(why, "cannot start the live server");
}

static bool start(struct live *live, struct reason *why)
{
	const struct live_setup *setup = live->setup;

	live->feeds = calloc(setup->cameras->count, sizeof(*live->feeds));
	live->loop = loop_create();
	live->listener = (struct loop_watch){.fd = setup->listen_fd, .ready = accept_peers, .context = live};
	live->stop = (struct loop_watch){.fd = setup->stop_fd, .ready = stop, .context = live};
	live->tick = (struct loop_timer){.due = tick, .context = live};
	if (!live->feeds || !live_permits_init(&live->viewers, LIVE_PERMIT_VIEW) ||
	    !live_permits_init(&live->event_clients, LIVE_PERMIT_EVENTS) || !live->loop ||
	    !loop_watch_set(live->loop, &live->listener, EPOLLIN) || !loop_watch_set(live->loop, &live->stop, EPOLLIN))
		return reason_errno(why, "cannot start the live server");
	for (size_t i = 0; i < setup->cameras->count; i++)
		if (!start_feed(live, i, why))
			return false;
	loop_timer_set(live->loop, &live->tick, (mono_t){mono_now().us + TICK_US});
	return true;
}

bool live_run(const struct live_setup *setup, struct reason *why)
{
	struct live live = {.setup = setup};
	bool started = start(&live, why);

	if (started)
		loop_run(live.loop);
	while (!LIST_EMPTY(&live.peers))
		close_peer(&live, LIST_FIRST(&live.peers));
	for (size_t i = 0; live.feeds && i < setup->cameras->count; i++)
		live_feed_free(&live.feeds[i].feed);
	free(live.feeds);
	loop_destroy(live.loop);
	live_permits_free(&live.viewers);
	live_permits_free(&live.event_clients);
	return started;
}
