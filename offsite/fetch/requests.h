/*
 * requests.h - answers what workers ask (shared/store/fetch_socket.h).
 *
 * What is known and in the cache is answered at once. For anything else the store is asked, by one of a few threads; a
 * request for many files or blocks is divided among those that are free.
 */
#ifndef OFFSITE_FETCH_REQUESTS_H
#define OFFSITE_FETCH_REQUESTS_H

#include "offsite/fetch/thread_pool.h"
#include "offsite/remote/fetcher.h"

/* Whether all of a request is what it may be. */
bool request_valid(const struct fetch_request *request);

/* Answers from what is there. Returns false if the store has to be asked. Never waits for the store. */
bool request_answer_at_once(struct fetcher *fetcher, const struct fetch_request *request, struct fetch_answer *answer);

/*
 * Answers a span with what was known at most an hour ago, if its files are there: while the store keeps somebody
 * waiting. Returns false if that will not do. Never waits for the store.
 */
bool request_answer_meanwhile(struct fetcher *fetcher, const struct fetch_request *request,
			      struct fetch_answer *answer);

/* Answers by asking the store. Called by a thread of the pool. */
void request_answer(struct fetcher *fetcher, struct thread_pool *pool, struct store_reader *reader,
		    const struct fetch_request *request, struct fetch_answer *answer);

#endif
