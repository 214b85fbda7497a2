/*
 * broker.h - what a program that has locked itself up (program_sandbox.h) still needs from outside: a process forked
 * before that, which takes two orders and nothing else.
 *
 * It looks whether the file of tokens of a camera has changed, and opens it (it is renamed into place at every change,
 * in a folder where the program has no business, the configuration's, and whose disk may not answer); and when the
 * program ends it runs `last` (the socket's name is removed, say). It ends with the program, however that ends. One
 * user at a time: a thread, or a loop.
 */
#ifndef FCGI_SANDBOX_BROKER_H
#define FCGI_SANDBOX_BROKER_H

#include <stdint.h>
#include <sys/stat.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

struct broker_setup {
	const struct config_set *cameras;
	void (*last)(void *context); /* or NULL */
	void *context;
};

/* A file as it was at some time; all zero: none. */
struct broker_file_stamp {
	uint64_t device, inode;
	int64_t size_bytes, modified_s, modified_ns, changed_s, changed_ns;
};

void broker_file_stamp_from_stat(const struct stat *status, struct broker_file_stamp *out);

struct broker;

/* Forks it: before any thread, and after signals that it must not die of are blocked. NULL with a sentence. */
struct broker *broker_open(const struct broker_setup *setup, struct reason *why);

/*
 * Descriptor of a camera's file of tokens, the caller's to close; -1 with errno. EALREADY: it is the one that was seen
 * (NULL: none was). ETIMEDOUT after some tenths of a second, and at once while the answer to that is still due: to be
 * asked again later.
 */
int broker_open_tokens(struct broker *outside, size_t camera, const struct broker_file_stamp *seen);

/* The same without such a process, in this one. */
int broker_open_tokens_locally(const char *path, const struct broker_file_stamp *seen);

/* Has `last` run and the process ended; one that does not answer is killed. NULL is safe. */
void broker_close(struct broker *outside);

#endif
