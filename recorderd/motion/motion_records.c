/* motion_records.c - reads, checks and passes on what recorder-motion sends. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "recorderd/motion/motion_process_internal.h"
#include "recorderd/motion/record_check.h"
#include "shared/base/log.h"

static void note_success(struct motion_process *process)
{
	process->records++;
	process->quiet_since = mono_now();
	process->answered = ring_reader_head(process->ring);
	if (++process->records_of_child != MOTION_RECORDS_WORKS)
		return;
	if (process->failures >= MOTION_FAILURES_MAX)
		log_info("motion", "recorder-motion works again");
	process->failures = 0;
	process->error[0] = '\0';
	backoff_reset(&process->backoff);
	backoff_reset(&process->cause_backoff);
}

/* Whoever sends one record that cannot be true is not believed any further. */
static bool take_record(struct motion_process *process, struct motion_record *record)
{
	const char *wrong = record_check(record, &process->captured);

	if (wrong) {
		motion_child_fail(process, wrong);
		return false;
	}
	if (process->source == SOURCE_CAMERA)
		record->flags |= (uint8_t)motion_tamper_push(&process->tamper, record);
	motion_record_seal(record, 0);
	process->end_second = record->second + 1;
	note_success(process);
	process->parts.record(process->parts.context, record);
	return true;
}

/* Keeps the last record if only a part of it has come. */
static void take_records(struct motion_process *process)
{
	size_t used = 0;
	struct motion_record record;

	while (process->bytes - used >= sizeof(record)) {
		memcpy(&record, process->data + used, sizeof(record));
		used += sizeof(record);
		if (!take_record(process, &record))
			return;
	}
	process->bytes -= used;
	memmove(process->data, process->data + used, process->bytes);
}

static void output_ready(void *context, uint32_t events)
{
	struct motion_process *process = context;
	ssize_t got = read(process->child.out, process->data + process->bytes, sizeof(process->data) - process->bytes);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		process->bytes += (size_t)got;
		take_records(process);
	} else if (!motion_child_has_ended(process)) { /* it will soon */
		loop_watch_set(process->parts.loop, &process->out, 0);
		process->closed_at = mono_now();
	}
}

bool motion_records_watch(struct motion_process *process)
{
	process->out = (struct loop_watch){.fd = process->child.out, .ready = output_ready, .context = process};
	return loop_watch_set(process->parts.loop, &process->out, EPOLLIN);
}
