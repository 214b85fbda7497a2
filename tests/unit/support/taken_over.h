/*
 * taken_over.h - what an FFmpeg tries that was taken over by what a camera sent it. A test program becomes that one by
 * the name that it is started with; BREAK_OUT is the folder that it is about, BREAK_OUT_OF and BREAK_OUT_AT are the
 * process that started it and where that has `in_parent`.
 */
#ifndef TESTS_UNIT_SUPPORT_TAKEN_OVER_H
#define TESTS_UNIT_SUPPORT_TAKEN_OVER_H

#pragma GCC diagnostic ignored "-Wunused-function"
#include "tests/unit/support/break_out.h"

enum { NEVER = 99 };

/* The first attempt: the others open more. */
static int use_what_is_open(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return EBADF;
}

static const struct attempt {
	const char *name;
	int (*make)(void);
	int landlock; /* the version that refuses it; NEVER: none */
	bool seccomp; /* that refuses it */
	bool left_to_scripts;
} attempts[] = {
	{"use a descriptor that was left open", use_what_is_open, 1, false, false},
	{"read /etc/passwd", read_passwd, 1, false, false},
	{"read the tokens", read_configuration, 1, false, false},
	{"list /", list_root, 1, false, false},
	{"read a recording", read_recording, 1, false, false},
	{"read a ring", read_ring, 1, false, false},
	{"write to a recording", write_recording, 1, false, false},
	{"make a recording", make_recording, 1, false, false},
	{"remove a recording", remove_recording, 1, true, false},
	{"truncate a recording", truncate_recording, 3, true, false},
	{"make a ring", make_ring, 1, false, false},
	{"remove a ring", remove_ring, 1, true, false},
	{"keep a clip", keep_clip, 1, false, false},
	{"reach the recorder", connect_recorder, NEVER, true, false},
	{"open a TCP socket", connect_tcp, NEVER, true, false},
	{"open a netlink socket", open_packets, NEVER, true, false},
	{"ask about connections", ask_about_connections, NEVER, true, false},
	{"start a process", start_a_process, NEVER, true, true},
	{"run another program", run_another_program, 1, true, true},
	{"run a program of the clips' folder", run_from_clips, 1, true, false},
	{"trace the recorder", trace_parent, 1, true, false},
	{"read the recorder's memory", read_parent, 1, true, false},
	{"read the recorder's environment", read_parent_by_file, 1, false, false},
	{"signal the recorder", signal_parent, 6, true, false},
	{"signal the recorder's thread", signal_parents_thread, 6, true, false},
	{"have the recorder signalled", let_parent_be_signalled, NEVER, true, false},
	{"limit the recorder", limit_parent, NEVER, true, false},
	{"slow the recorder down", slow_parent, NEVER, true, false},
	{"slow the recorder's disk down", slow_parents_disk, NEVER, true, false},
	{"start a child in a namespace", child_in_namespace, NEVER, true, false},
	{"use io_uring", ring_of_requests, NEVER, true, false},
	{"use the keyring", keyring, NEVER, true, false},
};

#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

static void take_names(void)
{
	snprintf(folder, sizeof folder, "%s", getenv("BREAK_OUT"));
	snprintf(recording, sizeof recording, "%s/recordings/one.mp4", folder);
	snprintf(secret, sizeof secret, "%s/tokens", folder);
	snprintf(camera.record.directory, sizeof camera.record.directory, "%s/recordings", folder);
	snprintf(camera.clips.directory, sizeof camera.clips.directory, "%s/clips", folder);
	snprintf(camera.camera.name, sizeof camera.camera.name, "break-%s", getenv("BREAK_OUT_OF"));
	config_ring_name(&camera, own_ring);
	snprintf(forged_ring, sizeof forged_ring, "%s-forged", own_ring);
	parent = atoi(getenv("BREAK_OUT_OF"));
	in_parent_at = strtoul(getenv("BREAK_OUT_AT"), NULL, 16);
}

/* For each attempt whether it (y) got through. */
static int break_out(void)
{
	char outcome[ATTEMPTS];

	take_names();
	for (size_t i = 0; i < ATTEMPTS; i++)
		outcome[i] = attempts[i].make() == 0 ? 'y' : 'n';
	return write(STDOUT_FILENO, outcome, sizeof outcome) == sizeof outcome ? 7 : 1;
}

#endif
