/*
 * api_intake.h - connections whose request has not come whole yet. A worker waits for none of them: a web server may
 * send a request in several writes (Apache does), and a peer that sends half of one is closed after a second.
 */
#ifndef FCGI_API_INTAKE_H
#define FCGI_API_INTAKE_H

#include "fcgi/api_request.h"

/*
 * Takes one connection off the listening socket, and begins its request (api_request.h) once that is there. False with
 * errno where there is none to take.
 */
bool intake_take(struct api_worker *worker);

/* When the next of them has had its time; INT64_MAX: there is none. */
int64_t intake_due_us(const struct api_worker *worker);

/* Closes those that have had it. Outside of the loop's turn over events, which may name them. */
void intake_run_due(struct api_worker *worker, mono_t now);

/* Closes all of them. */
void intake_finish(struct api_worker *worker);

/* In a forked child: only its copies of their descriptors. */
void intake_close_copies(const struct api_worker *worker);

#endif
