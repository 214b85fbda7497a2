/*
 * live.c - see live.h. Every connection is registered once, edge-triggered, for all that can happen to it: a viewer
 * costs a system call only when there is something to write for it.
 */
#include "fcgi/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fcgi/live_answer.h"
#include "fcgi/live_viewer.h"
#include "fcgi/site_headers.h"
#include "fcgi/who_may.h"
#include "shared/log.h"

#define EVENTS_MAX  256
#define ACCEPTS_MAX 64 /* in one go; then it is the viewers' turn */
#define TICK_US     (US_PER_S / 4)
#define CHECK_TICKS 4 /* the recorders are looked after once a second */
#define ASKING_US   (5 * US_PER_S)
#define SAY_US      (60 * US_PER_S) /* between two lines of the log about the same */

enum watched_kind { WATCHED_LISTENER, WATCHED_STOP, WATCHED_FEED, WATCHED_PEER };

struct peer {
	enum watched_kind kind; /* first: what epoll's pointer leads to */
	int fd;                 /* -1: closed in this round of events, of which others may still name it */
	int64_t since_us;
	struct live_viewer *viewer; /* NULL: its request has not come yet, or was answered */
	bool answered;
	struct peer *next, *previous;
};

struct watched_feed {
	enum watched_kind kind;
	struct live_feed feed;
};

struct live {
	const struct live_setup *setup;
	int epoll_fd;
	struct watched_feed *feeds; /* one a camera, in the order of the set */
	struct peer *peers, *dead;
	uint64_t viewers;
	bool listening; /* false: out of descriptors; tried again at the next tick */
	int64_t say_us; /* that it is: not before */
	bool stopping;
	int64_t next_tick_us;
	unsigned ticks;
};

static enum watched_kind watched_listener = WATCHED_LISTENER, watched_stop = WATCHED_STOP;

static bool watch(const struct live *live, int fd, uint32_t events, void *watched)
{
	struct epoll_event event = {.events = events, .data.ptr = watched};
	return epoll_ctl(live->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void set_listening(struct live *live, bool listening)
{
	struct epoll_event event = {.events = listening ? EPOLLIN : 0, .data.ptr = &watched_listener};
	epoll_ctl(live->epoll_fd, EPOLL_CTL_MOD, live->setup->listen_fd, &event);
	live->listening = listening;
}

static void close_peer(struct live *live, struct peer *peer)
{
	if (peer->viewer) {
		live_viewer_close(peer->viewer);
		live->viewers--;
	} else if (peer->fd >= 0) {
		fastcgi_drain(peer->fd);
		close(peer->fd);
	}
	if (peer->next)
		peer->next->previous = peer->previous;
	if (peer->previous)
		peer->previous->next = peer->next;
	else
		live->peers = peer->next;
	peer->viewer = NULL;
	peer->fd = -1;
	peer->next = live->dead;
	live->dead = peer;
}

static void free_dead(struct live *live)
{
	while (live->dead) {
		struct peer *peer = live->dead;
		live->dead = peer->next;
		free(peer);
	}
}

static void add_peer(struct live *live, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	if (!peer || !watch(live, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, peer)) {
		free(peer);
		close(fd);
		return;
	}
	*peer = (struct peer){.kind = WATCHED_PEER, .fd = fd, .since_us = mono_now().us, .next = live->peers};
	if (peer->next)
		peer->next->previous = peer;
	live->peers = peer;
}

static void pause_listening(struct live *live)
{
	int64_t now_us = mono_now().us;

	set_listening(live, false);
	if (now_us < live->say_us)
		return;
	log_warn("live", "no more connections can be taken for now (%" PRIu64 " viewers)", live->viewers);
	live->say_us = now_us + SAY_US;
}

static void accept_peers(struct live *live)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int fd = fastcgi_take(live->setup->listen_fd, FASTCGI_SNDBUF_BYTES);
		if (fd >= 0) {
			add_peer(live, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_listening(live);
		return;
	}
}

static struct live_feed *find_feed(const struct live *live, const struct config *camera)
{
	return &live->feeds[camera - live->setup->cameras->cameras].feed;
}

/* The number of the camera that is asked for; of one that is not there, the first. */
static size_t camera_number(const struct live *live, const struct config *camera)
{
	return camera ? (size_t)(camera - live->setup->cameras->cameras) : 0;
}

/* False where it was answered that who asks may not look. */
static bool check_token(const struct live *live, struct fastcgi_request *request, const struct config *camera,
			const struct config_http *http)
{
	const struct config_set *cameras = live->setup->cameras;
	struct permission permission;

	who_may(live->setup->tokens, camera_number(live, camera), http, request, &permission);
	/* A token that is not good for all cameras could find out their names by trying. */
	for (size_t i = 0; !camera && permission.who == WHO_TOKEN && i < cameras->count; i++)
		if (!who_may_know(live->setup->tokens, i, request))
			who_may_refuse_token(&permission);
	if (who_may_use(&permission, TOKEN_LIVE))
		return true;
	live_answer_problem(request, http, permission.status, permission.headers, &permission.why);
	return false;
}

/* The status to answer with: 200 where the wish can be fulfilled. */
static int admit(const struct live *live, const struct fastcgi_request *request, struct live_wish *wish,
		 struct live_feed **feed, struct reason *why)
{
	int status = live_request_read(live->setup->cameras, request->method, request->path, request->query, wish, why);
	if (status != 200)
		return status;
	*feed = find_feed(live, wish->camera);
	live_feed_check(*feed);
	live_feed_update(*feed);
	if (!live_feed_ready(*feed, why))
		return 503;
	uint64_t places = (*feed)->max_viewers;
	if (!wish->head_only && live->viewers >= places) {
		atomic_fetch_add(&(*feed)->account.books->refused, 1);
		reason_set(why, "All %" PRIu64 " places for live viewers are taken; try again in a moment.", places);
		return 503;
	}
	return 200;
}

/* Answers; true where the peer is a viewer from now on. */
static bool answer_request(struct live *live, struct peer *peer, struct fastcgi_request *request)
{
	const struct config *camera = live_request_camera(live->setup->cameras, request->query);
	const struct config_http *http = &live->feeds[camera_number(live, camera)].feed.http;
	struct live_wish wish;
	struct live_feed *feed = NULL;
	struct reason why = {""};
	if (preflight_is(request)) {
		live_answer_preflight(request, http);
		return false;
	}
	if (!check_token(live, request, camera, http))
		return false;
	int status = admit(live, request, &wish, &feed, &why);
	if (status != 200) {
		live_answer_problem(request, http, status, NULL, &why);
		return false;
	}
	if (wish.head_only) {
		live_answer_head(request, http);
		return false;
	}
	peer->viewer = live_viewer_open(feed, request, &wish);
	if (!peer->viewer)
		peer->fd = -1;
	return peer->viewer != NULL;
}

static void read_request(struct live *live, struct peer *peer)
{
	struct fastcgi_request *request = NULL;
	enum fastcgi_outcome outcome = fastcgi_read(peer->fd, &request);
	if (outcome == FASTCGI_MORE)
		return;
	if (outcome == FASTCGI_BAD)
		peer->fd = -1;
	else if (answer_request(live, peer, request))
		live->viewers++;
	else
		peer->answered = true;
	if (peer->fd < 0)
		close_peer(live, peer);
}

static void peer_ready(struct live *live, struct peer *peer, uint32_t events)
{
	if (peer->fd < 0)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		close_peer(live, peer);
	else if (peer->answered)
		fastcgi_drain(peer->fd);
	else if (!peer->viewer)
		read_request(live, peer);
	else if ((events & EPOLLOUT) && live_viewer_writable(peer->viewer) == VIEWER_LEAVES)
		close_peer(live, peer);
}

/* The bell rang: for a frame, or, where there is no new one, since a ring has appeared. */
static void feed_ready(struct live *live, struct live_feed *feed)
{
	eventfd_t rings;
	uint64_t before = feed->serial;
	eventfd_read(live_bell_fd(feed->bell), &rings);
	live_feed_update(feed);
	if (feed->serial == before) {
		live_feed_check(feed);
		live_feed_update(feed);
	}
	for (struct peer *peer = live->peers, *next; peer; peer = next) {
		next = peer->next;
		if (peer->viewer && peer->viewer->feed == feed && live_viewer_offer(peer->viewer) == VIEWER_LEAVES)
			close_peer(live, peer);
	}
}

static void tick(struct live *live, int64_t now_us)
{
	log_set_level(live->feeds[0].feed.log_level);
	if (++live->ticks % CHECK_TICKS == 0)
		for (size_t i = 0; i < live->setup->cameras->count; i++)
			live_feed_check(&live->feeds[i].feed);
	for (struct peer *peer = live->peers, *next; peer; peer = next) {
		next = peer->next;
		bool stays = peer->viewer ? live_viewer_tick(peer->viewer) == VIEWER_STAYS
					  : now_us - peer->since_us < ASKING_US;
		if (!stays)
			close_peer(live, peer);
	}
	if (!live->listening)
		set_listening(live, true);
}

static void dispatch(struct live *live, const struct epoll_event *event)
{
	void *watched = event->data.ptr;
	switch (*(enum watched_kind *)watched) {
	case WATCHED_LISTENER:
		accept_peers(live);
		break;
	case WATCHED_STOP:
		live->stopping = true;
		break;
	case WATCHED_FEED:
		feed_ready(live, &((struct watched_feed *)watched)->feed);
		break;
	case WATCHED_PEER:
		peer_ready(live, watched, event->events);
		break;
	}
}

static void loop(struct live *live)
{
	struct epoll_event events[EVENTS_MAX];
	live->next_tick_us = mono_now().us + TICK_US;
	while (!live->stopping) {
		int64_t left_us = live->next_tick_us - mono_now().us;
		int timeout_ms = left_us > 0 ? (int)(left_us / US_PER_MS) + 1 : 0;
		int count = epoll_wait(live->epoll_fd, events, EVENTS_MAX, timeout_ms);
		for (int i = 0; i < count; i++)
			dispatch(live, &events[i]);
		int64_t now_us = mono_now().us;
		if (now_us >= live->next_tick_us) {
			tick(live, now_us);
			live->next_tick_us = now_us + TICK_US;
		}
		free_dead(live);
	}
}

static bool start(struct live *live, struct reason *why)
{
	const struct live_setup *setup = live->setup;
	live->feeds = calloc(setup->cameras->count, sizeof(*live->feeds));
	live->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!live->feeds || live->epoll_fd < 0 || !watch(live, setup->listen_fd, EPOLLIN, &watched_listener) ||
	    !watch(live, setup->stop_fd, EPOLLIN, &watched_stop))
		return reason_errno(why, "cannot start the live server");
	live->listening = true;
	for (size_t i = 0; i < setup->cameras->count; i++) {
		struct watched_feed *watched = &live->feeds[i];
		watched->kind = WATCHED_FEED;
		if (!live_feed_init(&watched->feed, &setup->cameras->cameras[i], setup->gone_limit_us, why))
			return false;
		if (!watch(live, live_bell_fd(watched->feed.bell), EPOLLIN, watched))
			return reason_errno(why, "cannot start the live server");
	}
	return true;
}

bool live_run(const struct live_setup *setup, struct reason *why)
{
	struct live live = {.setup = setup, .epoll_fd = -1};
	bool started = start(&live, why);
	if (started)
		loop(&live);
	while (live.peers)
		close_peer(&live, live.peers);
	free_dead(&live);
	for (size_t i = 0; live.feeds && i < setup->cameras->count; i++)
		live_feed_finish(&live.feeds[i].feed);
	free(live.feeds);
	if (live.epoll_fd >= 0)
		close(live.epoll_fd);
	return started;
}
