/* fake_disk.h - a disk that fails or hangs when files are synced: replaces fdatasync() in the whole program. */
#ifndef TESTS_UNIT_FAKES_FAKE_DISK_H
#define TESTS_UNIT_FAKES_FAKE_DISK_H

#include <stdatomic.h>
#include <stdbool.h>

/* With all zeros, fdatasync() is the kernel's. */
extern struct fake_disk {
	_Atomic bool fails;     /* with EIO */
	_Atomic bool hangs;     /* until it is false */
	_Atomic unsigned syncs; /* counted by the fake */
} fake_disk;

#endif
