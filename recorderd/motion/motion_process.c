/* motion_process.c - supervises recorder-motion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/motion/motion_process_internal.h"
#include "recorderd/motion/motion_program.h"
#include "shared/base/log.h"

#define TICK_US  (US_PER_S / 2)
#define HANG_US  (10 * US_PER_S) /* a child that owes a record for so long hangs */
#define START_US (15 * US_PER_S) /* until its first record: a busy machine starts programs slowly */
#define CLOSE_US US_PER_S        /* from the end of its output to its own */

#define BACKOFF_MIN_US (US_PER_S / 4)
#define BACKOFF_MAX_US (5 * US_PER_S)
#define CAUSE_MIN_US   (5 * US_PER_S)
#define CAUSE_MAX_US   (320 * US_PER_S)

#define VIEW_NOTICE_S (24 * 3600)
#define VIEW_BACK_S   480 /* the old view came back, and did not only become older than ten minutes */

static bool is_wanted(const struct motion_process *process)
{
	return process->ring && process->parts.config->motion.enabled;
}

static void arm(struct motion_process *process)
{
	loop_timer_set(process->parts.loop, &process->tick, (mono_t){mono_now().us + TICK_US});
}

static void start(struct motion_process *process)
{
	struct reason why = {"epoll refused its pipe"};

	captured_seconds_restart(&process->captured);
	process->answered = ring_reader_head(process->ring);
	if (!motion_child_start(process, &why) || !motion_records_watch(process))
		motion_child_fail(process, why.text);
	arm(process);
}

static void stop(struct motion_process *process)
{
	loop_timer_clear(process->parts.loop, &process->tick);
	motion_child_end(process);
	process->failures = 0;
	process->error[0] = '\0';
	backoff_reset(&process->backoff);
	backoff_reset(&process->cause_backoff);
}

/* It owes a record once there is a frame that is newer than its last one. */
static bool is_hanging(struct motion_process *process)
{
	mono_t now = mono_now();

	if (ring_reader_head(process->ring) == process->answered)
		process->quiet_since = now;
	return now.us - process->quiet_since.us > (process->records_of_child ? HANG_US : START_US);
}

static void check_child(struct motion_process *process)
{
	motion_child_read_errors(process);
	if (process->closed_at.us) {
		if (!motion_child_has_ended(process) && mono_now().us - process->closed_at.us > CLOSE_US)
			motion_child_fail(process, "closed its output and does not end");
	} else if (is_hanging(process)) {
		motion_child_fail(process, "hangs: it sends no records");
	}
}

static void tick(void *context)
{
	struct motion_process *process = context;

	subprocess_reap_detached();
	if (process->child.pid)
		check_child(process);
	if (!process->child.pid && mono_now().us >= process->retry_at.us)
		start(process);
	arm(process);
}

struct motion_process *motion_process_create(const struct motion_parts *parts)
{
	struct motion_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->parts = *parts;
	if (parts->program)
		snprintf(process->program, sizeof(process->program), "%s", parts->program);
	else
		motion_program_find(process->program);
	process->child = SUBPROCESS_NONE;
	process->backoff = BACKOFF(BACKOFF_MIN_US, BACKOFF_MAX_US);
	process->cause_backoff = BACKOFF(CAUSE_MIN_US, CAUSE_MAX_US);
	process->tick = (struct loop_timer){.due = tick, .context = process};
	return process;
}

void motion_process_destroy(struct motion_process *process)
{
	if (!process)
		return;
	stop(process);
	free(process);
}

/* Notes the frames from that one on. */
static void follow_from(struct motion_process *process, uint64_t seq)
{
	struct ring_frame frame;

	for (; seq <= ring_reader_head(process->ring); seq++) {
		process->seen = seq;
		if (!ring_reader_get(process->ring, seq, &frame))
			continue;
		captured_seconds_note(&process->captured, frame.meta.wall_us / US_PER_S);
		if (frame.meta.source != process->source) /* another camera looks different */
			process->tamper = (struct motion_tamper){0};
		if (frame.meta.epoch != process->epoch) { /* perhaps without what prevented it from working */
			backoff_reset(&process->cause_backoff);
			process->retry_at = mono_now();
		}
		process->source = frame.meta.source;
		process->epoch = frame.meta.epoch;
	}
}

/* The child may begin with the newest frame that is there. */
static void begin(struct motion_process *process)
{
	uint64_t head = ring_reader_head(process->ring);

	process->captured = (struct captured_seconds){0};
	follow_from(process, head ? head : 1);
	start(process);
}

void motion_process_set_ring(struct motion_process *process, const struct ring_reader *ring)
{
	stop(process);
	process->ring = ring;
	process->seen = 0;
	if (is_wanted(process))
		begin(process);
}

void motion_process_frame(struct motion_process *process)
{
	if (is_wanted(process))
		follow_from(process, process->seen + 1);
}

void motion_process_reload(struct motion_process *process)
{
	bool runs = process->tick.armed;

	if (!is_wanted(process))
		stop(process);
	else if (!runs)
		begin(process);
	else if (process->child.pid && process->fps != process->parts.config->motion.fps) {
		motion_child_end(process);
		start(process);
	}
}

static enum motion_state state_of(const struct motion_process *process)
{
	if (!process->parts.config->motion.enabled)
		return MOTION_OFF;
	if (process->failures >= MOTION_FAILURES_MAX)
		return MOTION_FAILING;
	return process->child.pid && process->records_of_child ? MOTION_RUNNING : MOTION_STARTING;
}

static wall_t begin_of(const struct motion_tamper_finding *finding)
{
	return (wall_t){finding->lasts ? finding->first_second * US_PER_S : 0};
}

static wall_t view_change(const struct motion_process *process)
{
	const struct motion_tamper_finding *view = &process->tamper.findings[TAMPER_VIEW_CHANGED];
	int64_t age_s = process->end_second - view->first_second;
	bool came_back = !view->lasts && view->last_second - view->first_second < VIEW_BACK_S;

	return (wall_t){view->first_second && !came_back && age_s < VIEW_NOTICE_S ? view->first_second * US_PER_S : 0};
}

void motion_process_status(const struct motion_process *process, struct motion_status *out)
{
	*out = (struct motion_status){
		.state = state_of(process),
		.restarts = process->restarts,
		.records = process->records,
		.end = {process->end_second * US_PER_S},
	};
	memcpy(out->error, process->error, sizeof(out->error));
	if (out->state == MOTION_OFF)
		return;
	out->covered = begin_of(&process->tamper.findings[TAMPER_COVERED]);
	out->blurred = begin_of(&process->tamper.findings[TAMPER_BLURRED]);
	out->view_changed = view_change(process);
}
