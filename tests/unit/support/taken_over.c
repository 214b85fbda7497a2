/* taken_over.c - what an FFmpeg tries after a camera's frames have taken control of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/support/break_out.h"
#include "tests/unit/support/taken_over.h"

/* Comes first, because the others open descriptors. */
static int use_what_is_open(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return EBADF;
}

const struct attempt attempts[ATTEMPTS] = {
	{"use a descriptor that was left open", use_what_is_open, 1, false, false},
	{"read /etc/passwd", try_read_passwd, 1, false, false},
	{"read the tokens", try_read_configuration, 1, false, false},
	{"list /", try_list_root, 1, false, false},
	{"read a recording", try_read_recording, 1, false, false},
	{"read a ring", try_read_ring, 1, false, false},
	{"write to a recording", try_write_recording, 1, false, false},
	{"make a recording", try_make_recording, 1, false, false},
	{"remove a recording", try_remove_recording, 1, true, false},
	{"truncate a recording", try_truncate_recording, 3, true, false},
	{"make a ring", try_make_ring, 1, false, false},
	{"remove a ring", try_remove_ring, 1, true, false},
	{"keep a clip", try_keep_clip, 1, false, false},
	{"reach the recorder", try_connect_recorder, NEVER, true, false},
	{"open a TCP socket", try_connect_tcp, NEVER, true, false},
	{"open a netlink socket", try_open_packets, NEVER, true, false},
	{"ask about connections", try_ask_about_connections, NEVER, true, false},
	{"start a process", try_start_process, NEVER, true, true},
	{"run another program", try_run_another_program, 1, true, true},
	{"run a program of the clips' folder", try_run_from_clips, 1, true, false},
	{"trace the recorder", try_trace_parent, 1, true, false},
	{"read the recorder's memory", try_read_parent, 1, true, false},
	{"read the recorder's environment", try_read_parent_by_file, 1, false, false},
	{"signal the recorder", try_signal_parent, 6, true, false},
	{"signal the recorder's thread", try_signal_parents_thread, 6, true, false},
	{"have the recorder signalled", try_set_parent_as_signal_owner, NEVER, true, false},
	{"limit the recorder", try_limit_parent, NEVER, true, false},
	{"slow the recorder down", try_slow_parent, NEVER, true, false},
	{"slow the recorder's disk down", try_slow_parents_disk, NEVER, true, false},
	{"start a child in a namespace", try_child_in_namespace, NEVER, true, false},
	{"use io_uring", try_io_uring, NEVER, true, false},
	{"use the keyring", try_keyring, NEVER, true, false},
};

void target_from_environment(void)
{
	snprintf(target.folder, sizeof(target.folder), "%s", getenv("BREAK_OUT"));
	snprintf(target.recording, sizeof(target.recording), "%s/recordings/one.mp4", target.folder);
	snprintf(target.secret, sizeof(target.secret), "%s/tokens", target.folder);
	snprintf(target.camera.record.directory, sizeof(target.camera.record.directory), "%s/recordings",
		 target.folder);
	snprintf(target.camera.clips.directory, sizeof(target.camera.clips.directory), "%s/clips", target.folder);
	snprintf(target.camera.camera.name, sizeof(target.camera.camera.name), "break-%s", getenv("BREAK_OUT_OF"));
	config_ring_name(&target.camera, target.own_ring);
	snprintf(target.forged_ring, sizeof(target.forged_ring), "%s-forged", target.own_ring);
	target.parent = atoi(getenv("BREAK_OUT_OF"));
	target.in_parent_at = strtoul(getenv("BREAK_OUT_AT"), NULL, 16);
}

int try_everything(void)
{
	char outcome[ATTEMPTS];

	target_from_environment();
	for (size_t i = 0; i < ATTEMPTS; i++)
		outcome[i] = attempts[i].make() == 0 ? 'y' : 'n';
	return write(STDOUT_FILENO, outcome, sizeof(outcome)) == sizeof(outcome) ? 7 : 1;
}
