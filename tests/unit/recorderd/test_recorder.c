/* test_recorder.c - a recorder whose parts cannot be started exits with an error and leaves nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/capture/capture.h"
#include "recorderd/recorder.h"
#include "shared/base/log.h"

struct capture *capture_create(const struct capture_parts *parts)
{
	(void)parts;
	return NULL; /* as if memory had run out */
}

void capture_stop(struct capture *capture)
{
	(void)capture;
}

bool capture_destroy(struct capture *capture, int64_t timeout_us)
{
	(void)timeout_us;
	return !capture;
}

bool capture_set_control(struct capture *capture, uint32_t ticket, const char *name, const char *value,
			 struct reason *why)
{
	(void)capture;
	(void)ticket;
	(void)name;
	(void)value;
	return reason_set(why, "there is no camera");
}

void capture_set_controls(struct capture *capture, const struct config *config)
{
	(void)capture;
	(void)config;
}

void capture_set_off(struct capture *capture, enum gap_cause cause)
{
	(void)capture;
	(void)cause;
}

void capture_set_flags(struct capture *capture, uint32_t flags)
{
	(void)capture;
	(void)flags;
}

bool capture_is_alive(const struct capture *capture)
{
	return !capture;
}

enum gap_cause capture_gap_cause(const struct capture *capture)
{
	(void)capture;
	return GAP_NONE;
}

void capture_get_state(const struct capture *capture, struct recorder_state *out)
{
	(void)capture;
	(void)out;
}

static void without_a_capture_it_exits_with_status_1(void **state)
{
	char folder[] = "/tmp/recorder-start-XXXXXX", ini[64], ring[64], command[64];
	struct config_set set = {0};
	struct recorder *recorder;
	struct reason why;
	FILE *file;

	(void)state;
	log_set_level(LOG_ERROR);
	assert_non_null(mkdtemp(folder));
	snprintf(ini, sizeof(ini), "%s/recorder.ini", folder);
	file = fopen(ini, "w");
	assert_non_null(file);
	fprintf(file, "[camera]\nname = start-%d\n[memory]\nmax_mb = 16\nminutes = 1\n", (int)getpid());
	fclose(file);
	assert_true(config_set_load(ini, &set, &why));
	signal(SIGCHLD, SIG_IGN); /* as after trap '' CHLD in a shell: waitpid() would fail */
	recorder = recorder_open(set.cameras, false, &why);
	assert_non_null(recorder);
	assert_int_equal(recorder_run(recorder), 1);
	recorder_close(recorder);
	config_ring_name(set.cameras, ring);
	assert_int_equal(shm_open(ring, O_RDONLY, 0), -1);
	config_set_free(&set);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_capture_it_exits_with_status_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
