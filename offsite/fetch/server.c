/* server.c - the socket on which workers ask. */
#include "offsite/fetch/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "offsite/fetch/requests.h"
#include "shared/base/log.h"
#include "shared/net/unix_listener.h"

#define SOCKET_MODE  0660
#define BACKLOG      64
#define PEERS_MAX    256
#define PACKETS_ONCE 32                /* of one peer in one turn of the loop */
#define PATIENCE_US  (500 * US_PER_MS) /* with the store, before a span is answered with what is known */

struct peer {
	struct peer *next;
	struct fetch_server *server;
	uint64_t number; /* of this connection, and of no other */
	struct loop_watch watch;
	unsigned waiting; /* requests that are jobs */
};

struct request_job {
	struct pool_job job; /* first: the pool knows only this */
	struct fetch_server *server;
	uint64_t peer;
	struct fetch_request request;
	struct fetch_answer answer;
	struct loop_timer patience;
	struct remote_camera *overdue; /* whose `overdue` counts it, since it has been answered; NULL: it has not */
	struct request_job *next_done;
};

struct fetch_server {
	struct loop *loop;
	struct fetcher *fetcher;
	struct thread_pool *pool;
	struct unix_listener listener;
	struct loop_watch listener_watch, done_watch;
	struct peer *peers;
	unsigned peer_count;
	uint64_t last_peer;

	pthread_mutex_t lock; /* guards the list of jobs that are done */
	struct request_job *done;
};

static void close_peer(struct peer *peer)
{
	struct fetch_server *server = peer->server;
	struct peer **link = &server->peers;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	server->peer_count--;
	loop_watch_set(server->loop, &peer->watch, 0);
	close(peer->watch.fd);
	free(peer);
}

/* Returns false if the peer does not take it. */
static bool send_answer(const struct peer *peer, const struct fetch_answer *answer)
{
	return send(peer->watch.fd, answer, sizeof(*answer), MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*answer);
}

/* In a thread of the pool. */
static void run_job(struct pool_job *pool_job, struct thread_pool *pool, struct store_reader *reader)
{
	struct request_job *job = (struct request_job *)pool_job;
	struct fetch_server *server = job->server;

	request_answer(server->fetcher, pool, reader, &job->request, &job->answer);
	pthread_mutex_lock(&server->lock);
	job->next_done = server->done;
	server->done = job;
	pthread_mutex_unlock(&server->lock);
	(void)!write(server->done_watch.fd, &(uint64_t){1}, sizeof(uint64_t));
}

static struct peer *find_peer(struct fetch_server *server, uint64_t number)
{
	struct peer *peer = server->peers;

	while (peer && peer->number != number)
		peer = peer->next;
	return peer;
}

/* The answer of a job that is done, to who is still there, unless it was answered before. */
static void finish_job(struct fetch_server *server, struct request_job *job)
{
	struct peer *peer = find_peer(server, job->peer);

	loop_timer_clear(server->loop, &job->patience);
	if (job->overdue) {
		job->overdue->overdue--;
	} else if (peer) {
		peer->waiting--;
		if (!send_answer(peer, &job->answer))
			close_peer(peer);
	}
	free(job);
}

/* Finishes the jobs that are done. */
static void send_done(void *context, uint32_t events)
{
	struct fetch_server *server = context;
	uint64_t count;

	(void)events;
	(void)!read(server->done_watch.fd, &count, sizeof(count));
	pthread_mutex_lock(&server->lock);
	struct request_job *job = server->done;
	server->done = NULL;
	pthread_mutex_unlock(&server->lock);
	while (job) {
		struct request_job *next = job->next_done;
		finish_job(server, job);
		job = next;
	}
}

static void set_overdue(struct request_job *job, struct remote_camera *camera)
{
	job->overdue = camera;
	camera->overdue++;
}

/* The store lets the job wait. If what is known will do, that is the answer, and the job goes on for those after it. */
static void patience_ends(void *context)
{
	struct request_job *job = context;
	struct fetcher *fetcher = job->server->fetcher;
	struct fetch_answer answer = {.magic = FETCH_ANSWER_MAGIC, .id = job->request.id};
	struct peer *peer = find_peer(job->server, job->peer);

	if (!peer || !request_answer_meanwhile(fetcher, &job->request, &answer))
		return;
	set_overdue(job, fetcher_camera(fetcher, job->request.camera, false));
	peer->waiting--;
	if (!send_answer(peer, &answer))
		close_peer(peer);
}

/* overdue: the camera, if the request is answered already; otherwise NULL. Returns false without memory. */
static bool begin_job(struct peer *peer, const struct fetch_request *request, const struct fetch_answer *answer,
		      struct remote_camera *overdue)
{
	struct request_job *job = calloc(1, sizeof(*job));

	if (!job)
		return false;
	job->patience = (struct loop_timer){.due = patience_ends, .context = job};
	if (overdue)
		set_overdue(job, overdue);
	else
		peer->waiting++;
	if (!overdue && request->kind == FETCH_SPAN)
		loop_timer_set(peer->server->loop, &job->patience, (mono_t){mono_now().us + PATIENCE_US});
	job->job.run = run_job;
	job->server = peer->server;
	job->peer = peer->number;
	job->request = *request;
	job->answer = *answer;
	thread_pool_add(peer->server->pool, &job->job);
	return true;
}

/*
 * While the store fails or lets somebody wait who asked about the camera, nobody else waits for what is known. It is
 * asked on, once at a time.
 */
static bool answer_meanwhile(struct peer *peer, const struct fetch_request *request, struct fetch_answer *answer)
{
	struct fetcher *fetcher = peer->server->fetcher;
	struct remote_camera *camera = fetcher_camera(fetcher, request->camera, false);

	if (!camera || (camera->overdue == 0 && !fetcher_fails_now(fetcher)))
		return false;
	struct fetch_answer unused = *answer;
	return request_answer_meanwhile(fetcher, request, answer) &&
	       (camera->overdue > 0 || begin_job(peer, request, &unused, camera));
}

/* Returns false if the connection has to end. */
static bool take_request(struct peer *peer, const struct fetch_request *request)
{
	struct fetch_answer answer = {.magic = FETCH_ANSWER_MAGIC, .id = request->id};

	if (!request_valid(request)) {
		answer.outcome = FETCH_INVALID;
	} else if (!request_answer_at_once(peer->server->fetcher, request, &answer) &&
		   !answer_meanwhile(peer, request, &answer)) {
		if (peer->waiting < FETCH_WAITING_MAX && begin_job(peer, request, &answer, NULL))
			return true;
		answer.outcome = FETCH_BUSY;
		answer.retry_after_s = 1;
		snprintf(answer.reason, sizeof(answer.reason), "Too many requests wait for the store");
	}
	return send_answer(peer, &answer);
}

static void read_peer(void *context, uint32_t events)
{
	struct peer *peer = context;
	struct fetch_request request;

	(void)events;
	for (unsigned i = 0; i < PACKETS_ONCE; i++) {
		ssize_t got = recv(peer->watch.fd, &request, sizeof(request), MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got != (ssize_t)sizeof(request) || !take_request(peer, &request)) {
			close_peer(peer);
			return;
		}
	}
}

/* Whether that process may ask: it could read the cache in any case. */
static bool may_ask(int fd)
{
	struct ucred peer;

	return unix_peer_credentials(fd, &peer) && (peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid() ||
						    unix_peer_is_in_group(fd, getegid()));
}

static void accept_peer(void *context, uint32_t events)
{
	struct fetch_server *server = context;
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer = NULL;

	(void)events;
	if (fd < 0)
		return;
	if (server->peer_count < PEERS_MAX && may_ask(fd))
		peer = calloc(1, sizeof(*peer));
	if (!peer) {
		close(fd);
		return;
	}
	*peer = (struct peer){.next = server->peers, .server = server, .number = ++server->last_peer};
	peer->watch = (struct loop_watch){.fd = fd, .ready = read_peer, .context = peer};
	server->peers = peer;
	server->peer_count++;
	if (!loop_watch_set(server->loop, &peer->watch, EPOLLIN))
		close_peer(peer);
}

bool fetch_server_is_there(const struct fetch_server *server)
{
	return unix_listener_is_at(&server->listener, &server->listener.address);
}

void fetch_server_close(struct fetch_server *server)
{
	if (!server)
		return;
	while (server->peers)
		close_peer(server->peers);
	while (server->done) {
		struct request_job *job = server->done;
		server->done = job->next_done;
		finish_job(server, job);
	}
	if (server->listener_watch.events)
		loop_watch_set(server->loop, &server->listener_watch, 0);
	if (server->done_watch.events)
		loop_watch_set(server->loop, &server->done_watch, 0);
	if (server->done_watch.fd >= 0)
		close(server->done_watch.fd);
	unix_listener_close(&server->listener);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

static bool listen_at(struct fetch_server *server, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return unix_listener_open(&server->listener, SOCK_SEQPACKET, &address, sizeof(address), SOCKET_MODE, BACKLOG);
}

struct fetch_server *fetch_server_open(struct loop *loop, const char *path, struct reason *why)
{
	struct fetch_server *server = calloc(1, sizeof(*server));

	if (!server) {
		reason_set(why, "out of memory");
		return NULL;
	}
	server->loop = loop;
	server->listener = UNIX_LISTENER_NONE;
	pthread_mutex_init(&server->lock, NULL);
	server->done_watch = (struct loop_watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = send_done, .context = server};
	if (server->done_watch.fd >= 0 && listen_at(server, path))
		return server;
	reason_errno(why, "cannot listen at %s", path);
	fetch_server_close(server);
	return NULL;
}

bool fetch_server_start(struct fetch_server *server, struct fetcher *fetcher, struct thread_pool *pool,
			struct reason *why)
{
	server->fetcher = fetcher;
	server->pool = pool;
	server->listener_watch =
		(struct loop_watch){.fd = server->listener.fd, .ready = accept_peer, .context = server};
	return (loop_watch_set(server->loop, &server->done_watch, EPOLLIN) &&
		loop_watch_set(server->loop, &server->listener_watch, EPOLLIN)) ||
	       reason_errno(why, "cannot watch the socket");
}
