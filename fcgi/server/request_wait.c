/* request_wait.c - what a handler may wait for: a delay, or a descriptor. */
#include <sys/epoll.h>

#include "fcgi/server/worker_internal.h"

void api_wait(struct api_request *api, int delay_ms, api_handler *resume)
{
	struct worker_request *request = worker_request_of(api);

	request->resume = resume;
	loop_timer_set(request->worker->loop, &request->timer, (mono_t){mono_now().us + delay_ms * US_PER_MS});
}

bool api_wait_fd(struct api_request *api, int fd, int limit_ms, api_handler *resume)
{
	struct worker_request *request = worker_request_of(api);

	request->wait_watch.fd = fd;
	if (!loop_watch_set(request->worker->loop, &request->wait_watch, EPOLLIN))
		return false;
	api_wait(api, limit_ms, resume);
	return true;
}

void request_stop_waiting(struct worker_request *request)
{
	loop_watch_set(request->worker->loop, &request->wait_watch, 0);
	loop_timer_clear(request->worker->loop, &request->timer);
	if (request->worker->fetch)
		fetch_client_cancel(request->worker->fetch, &request->fetch.call);
	request->resume = NULL;
}
