/*
 * outside.h - what a program that has locked itself up (lock_up.h) still needs from outside: a process forked before
 * that, which takes two orders and nothing else.
 *
 * It opens the file of tokens of a camera, which is renamed into place at every change, in a folder where the program
 * has no business (the configuration's); and when the program ends it runs `last` (the socket's name is removed, say).
 * It ends with the program, however that ends. One user at a time: a thread, or a loop.
 */
#ifndef FCGI_OUTSIDE_H
#define FCGI_OUTSIDE_H

#include "shared/config.h"
#include "shared/reason.h"

struct outside_setup {
	const struct config_set *cameras;
	void (*last)(void *context); /* or NULL */
	void *context;
};

struct outside;

/* Forks it: before any thread, and after signals that it must not die of are blocked. NULL with a sentence. */
struct outside *outside_open(const struct outside_setup *setup, struct reason *why);

/*
 * Descriptor of a camera's file of tokens, the caller's to close; -1 with errno. ETIMEDOUT after some tenths of a
 * second: to be asked again later.
 */
int outside_tokens(struct outside *outside, size_t camera);

/* Has `last` run and the process ended. NULL is safe. */
void outside_close(struct outside *outside);

#endif
