/* setup_writer.c - writes choices of the set-up in a thread of its own. */
#include "recorderd/setup/setup_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The thread has all of it to itself from its start until it writes to the eventfd. */
struct setup_writer {
	struct setup_writer_parts parts;
	struct loop_watch written; /* an eventfd */
	pthread_t thread;
	bool busy;
	struct config running; /* of which only what leads to the file is used */
	struct setup_choice choice;
	enum config_replace_outcome outcome;
	struct reason why;
};

static void *write_choice(void *context)
{
	struct setup_writer *writer = context;
	uint64_t one = 1;

	writer->outcome = config_replace(&writer->running, writer->choice.edits, writer->choice.count, &writer->why);
	(void)!write(writer->written.fd, &one, sizeof(one));
	return NULL;
}

static void on_written(void *context, uint32_t events)
{
	struct setup_writer *writer = context;
	uint64_t count;

	(void)events;
	if (read(writer->written.fd, &count, sizeof(count)) < 0)
		return;
	pthread_join(writer->thread, NULL);
	writer->busy = false;
	writer->parts.done(writer->parts.context, writer->outcome, writer->choice.restarts, &writer->why);
}

struct setup_writer *setup_writer_create(const struct setup_writer_parts *parts)
{
	struct setup_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->parts = *parts;
	writer->running = *parts->running;
	writer->written = (struct loop_watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_written, .context = writer};
	if (writer->written.fd >= 0 && loop_watch_set(parts->loop, &writer->written, EPOLLIN))
		return writer;
	int error = errno;
	if (writer->written.fd >= 0)
		close(writer->written.fd);
	free(writer);
	errno = error;
	return NULL;
}

bool setup_writer_start(struct setup_writer *writer, const struct setup_choice *choice, struct reason *why)
{
	if (writer->busy)
		return reason_set(why, "an earlier choice is still being written");
	writer->choice = *choice;
	writer->why = (struct reason){""};
	int error = pthread_create(&writer->thread, NULL, write_choice, writer);
	if (error != 0) {
		errno = error;
		return reason_errno(why, "cannot start a thread");
	}
	writer->busy = true;
	return true;
}

bool setup_writer_destroy(struct setup_writer *writer)
{
	if (!writer)
		return true;
	loop_watch_set(writer->parts.loop, &writer->written, 0);
	if (writer->busy) {
		uint64_t count;
		if (read(writer->written.fd, &count, sizeof(count)) < 0)
			return false;
		pthread_join(writer->thread, NULL);
	}
	close(writer->written.fd);
	free(writer);
	return true;
}
