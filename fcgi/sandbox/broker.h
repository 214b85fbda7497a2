/*
 * broker.h - a helper process that does outside of the sandbox what a sandboxed program cannot do itself.
 *
 * The program forks it before it enters its sandbox (program_sandbox.h). The broker has two commands. One checks
 * whether a camera's token file has changed, and opens it: each change renames a new file into place, in a folder that
 * the program cannot access and whose disk may hang. The other runs `at_exit` when the program ends, to remove the name
 * of a socket, for instance. The broker ends when the program does, even if that is killed.
 *
 * Only one thread at a time may use a broker.
 */
#ifndef FCGI_SANDBOX_BROKER_H
#define FCGI_SANDBOX_BROKER_H

#include <stdint.h>
#include <sys/stat.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

struct broker_setup {
	const struct config_set *cameras;
	void (*at_exit)(void *context); /* or NULL */
	void *context;
};

/* Identifies one version of a file. All zero: no file. */
struct broker_file_stamp {
	uint64_t device, inode;
	int64_t size_bytes, modified_s, modified_ns, changed_s, changed_ns;
};

void broker_file_stamp_from_stat(const struct stat *status, struct broker_file_stamp *out);

struct broker;

/*
 * Forks the broker. Call it before there are threads, and after blocking the signals that must not end it. Returns NULL
 * and sets *why.
 */
struct broker *broker_open(const struct broker_setup *setup, struct reason *why);

/*
 * Opens a camera's token file. Returns a descriptor, which the caller closes, or -1 with errno. EALREADY: the file is
 * still the one with the stamp `seen` (NULL: none was seen). ETIMEDOUT: the broker has not replied within some tenths
 * of a second; it is returned at once as long as that reply is missing. Ask again later.
 */
int broker_open_tokens(struct broker *broker, size_t camera, const struct broker_file_stamp *seen);

/* The same in this process, without a broker. */
int broker_open_tokens_locally(const char *path, const struct broker_file_stamp *seen);

/* Makes the broker run `at_exit` and end. A broker that does not respond is killed. NULL is safe. */
void broker_close(struct broker *broker);

#endif
