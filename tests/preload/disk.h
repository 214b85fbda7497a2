/*
 * disk.h - the file through which a test breaks the disk below a program that is started with LD_PRELOAD=disk.so.
 *
 * DISK_PRELOAD names it: 64 u32 that both sides map (enum disk_fault), in the machine's byte order; all zero is a
 * healthy disk. DISK_FOLDER names the folder, without a trailing slash, whose files and subfolders are affected. Bytes
 * that were written stay. tests/e2e/support/faulty_rig.py takes the names and numbers from this file: one
 * `DISK_NAME = number,` per line.
 */
#ifndef TESTS_PRELOAD_DISK_H
#define TESTS_PRELOAD_DISK_H

#include <stdatomic.h>
#include <stdint.h>

#define DISK_CONTROL_BYTES 4096

enum disk_fault {
	DISK_GROW_ERRNO = 0,   /* creating and writing files fails with this: ENOSPC */
	DISK_CHANGE_ERRNO = 1, /* any change fails with this: EROFS, EIO */
	DISK_HANG = 2,         /* 1: calls that change something wait until it is 0 */
	DISK_FREE_MB = 3,      /* free space according to fstatvfs(); 0: the real one */
	DISK_HELD = 4,         /* set by the library: threads that are waiting */
	DISK_READ_HANG = 5,    /* 1: open, read, readdir and stat wait until it is 0 */
	DISK_FAULTS = 64
};

struct disk_control {
	_Atomic uint32_t fault[DISK_FAULTS];
};

#endif
