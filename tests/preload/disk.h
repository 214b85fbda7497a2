/*
 * disk.h - the file through which a test breaks the disk below a program that is started with LD_PRELOAD=disk.so.
 *
 * DISK_PRELOAD names it: 64 u32 that both sides map (enum disk_fault), in the machine's byte order; all zero is a
 * healthy disk. DISK_FOLDER names the folder, without a / behind it, whose files and subfolders are meant. Bytes that
 * were written stay. tests/e2e/support/faulty_rig.py takes the names and numbers from this file: one `DISK_NAME =
 * number,` a line.
 */
#ifndef TESTS_PRELOAD_DISK_H
#define TESTS_PRELOAD_DISK_H

#include <stdatomic.h>
#include <stdint.h>

#define DISK_CONTROL_BYTES 4096

enum disk_fault {
	DISK_GROW_ERRNO = 0,   /* making files and writing fails with this: ENOSPC */
	DISK_CHANGE_ERRNO = 1, /* any change fails with this: EROFS, EIO */
	DISK_HANG = 2,         /* 1: whoever changes something waits until it is 0 */
	DISK_FREE_MB = 3,      /* what fstatvfs() calls free; 0: the truth */
	DISK_HELD = 4,         /* set by the library: threads that wait now */
	DISK_READ_HANG = 5,    /* 1: whoever opens, reads, lists or looks at something waits until it is 0 */
	DISK_FAULTS = 64
};

struct disk_control {
	_Atomic uint32_t fault[DISK_FAULTS];
};

#endif
