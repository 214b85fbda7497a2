/*
 * break_out.h - attempts at things that a sandboxed program must not be able to do, and at some that it must. Each
 * returns 0 if it succeeded, else an errno.
 */
#ifndef TESTS_UNIT_SUPPORT_BREAK_OUT_H
#define TESTS_UNIT_SUPPORT_BREAK_OUT_H

#include <stdint.h>
#include <sys/types.h>

#include "shared/config/config.h"

/* The targets of the attempts. A test fills it before it enters the sandbox. */
extern struct target {
	char folder[64], recording[96], secret[96];
	struct config camera;
	pid_t parent;
	uintptr_t in_parent_at;             /* address of `in_parent` in the parent; 0: the same as here */
	char own_ring[64], forged_ring[80]; /* of this process alone */
	char own_lock[128];                 /* of the camera's name */
} target;

extern volatile int in_parent;

/* 0 if a system call has succeeded, else errno. */
int attempt_errno(long outcome);

/* The same for open(), whose descriptor stays open. */
int attempt_open(const char *path, int flags);

/* The path of `name` in a folder, valid until the next call. */
const char *path_within(const char *directory, const char *name);

/* Files of the system, recordings and clips: break_out_files.c */
int try_read_passwd(void);
int try_read_configuration(void);
int try_list_root(void);
int try_write_recording(void);
int try_make_recording(void);
int try_remove_recording(void);
int try_truncate_recording(void);
int try_read_recording(void);
int try_lease_recording(void); /* a writer would have to wait, usually for 45 s */
int try_follow_link_out_of_clips(void);
int try_link_into_clips(void);
int try_make_device_in_clips(void);
int try_keep_clip(void);
int try_make_cache(void);

/*
 * Rings, and the locks that recorderd depends on, which anyone who can open their files could hold, even only for
 * reading: break_out_rings.c
 */
int try_read_ring(void);
int try_make_ring(void);
int try_remove_ring(void);
int try_list_shared_memory(void);
int try_lock_camera_name(void);
int try_lock_ring(void);
int try_lock_recordings(void);
int try_lock_recordings_folder(void);
int try_remove_the_lock(void);

/* Starting processes, and access to the parent: break_out_processes.c */
int try_start_process(void);
int try_run_another_program(void);
int try_run_from_clips(void);
int try_run_ffmpeg(void);
int try_trace_parent(void);
int try_read_parent(void);
int try_read_parent_by_file(void);
int try_signal_parent(void);
int try_signal_parents_thread(void);
int try_set_parent_as_signal_owner(void); /* input and output would send it any signal (F_SETSIG) */
int try_limit_parent(void);               /* to its current limits, so that success does no harm */
int try_slow_parent(void);
int try_slow_own_group(void);
int try_slow_parents_disk(void);
int try_limit_and_slow_self(void);

/* Sockets, namespaces, and system calls that the programs do not need: break_out_kernel.c */
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
