/* break_out.h - attempts at what a locked program has no business with, and at what it has: 0 where one succeeded, else
 * errno. */
#ifndef TESTS_UNIT_SUPPORT_BREAK_OUT_H
#define TESTS_UNIT_SUPPORT_BREAK_OUT_H

#include <stdint.h>
#include <sys/types.h>

#include "shared/config/config.h"

/* What the attempts are at. The test fills it before it locks the program up. */
extern struct target {
	char folder[64], recording[96], secret[96];
	struct config camera;
	pid_t parent;
	uintptr_t in_parent_at;             /* where the parent has `in_parent`; 0: where this program has it */
	char own_ring[64], forged_ring[80]; /* of this process alone */
	char own_lock[128];                 /* of the camera's name */
} target;

extern volatile int in_parent;

/* 0 where a system call succeeded, else errno. */
int attempt_errno(long outcome);

/* The same of open(), which closes nothing. */
int attempt_open(const char *path, int flags);

/* Path of `name` in that folder, until the next call. */
const char *path_within(const char *directory, const char *name);

/* Files: of the system, recordings, clips. break_out_files.c */
int try_read_passwd(void);
int try_read_configuration(void);
int try_list_root(void);
int try_write_recording(void);
int try_make_recording(void);
int try_remove_recording(void);
int try_truncate_recording(void);
int try_read_recording(void);
int try_lease_recording(void); /* whoever opens it for writing waits, for 45 seconds as a rule */
int try_follow_link_out_of_clips(void);
int try_link_into_clips(void);
int try_make_device_in_clips(void);
int try_keep_clip(void);
int try_make_cache(void);

/* Rings, and locks that recorderd depends on: whoever can open what they are on can hold them, for reading alone too.
 * break_out_rings.c */
int try_read_ring(void);
int try_make_ring(void);
int try_remove_ring(void);
int try_list_shared_memory(void);
int try_lock_camera_name(void);
int try_lock_ring(void);
int try_lock_recordings(void);
int try_lock_recordings_folder(void);
int try_remove_the_lock(void);

/* Other processes: starting them, and what the parent has. break_out_processes.c */
int try_start_process(void);
int try_run_another_program(void);
int try_run_from_clips(void);
int try_run_ffmpeg(void);
int try_trace_parent(void);
int try_read_parent(void);
int try_read_parent_by_file(void);
int try_signal_parent(void);
int try_signal_parents_thread(void);
int try_set_parent_as_signal_owner(void); /* input and output would signal it; by F_SETSIG with any signal */
int try_limit_parent(void);               /* to what it has already, so that it does no harm where it succeeds */
int try_slow_parent(void);
int try_slow_own_group(void);
int try_slow_parents_disk(void);
int try_limit_and_slow_self(void);

/* The kernel: sockets, namespaces, and calls that nobody here needs. break_out_kernel.c */
int try_connect_tcp(void);
int try_open_packets(void);
int try_ask_about_connections(void);
int try_connect_recorder(void);
int try_mount_something(void);
int try_new_namespace(void);
int try_child_in_namespace(void);
int try_change_root(void);
int try_io_uring(void);
int try_keyring(void);

#endif
