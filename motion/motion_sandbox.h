/*
 * motion_sandbox.h - the sandbox of recorder-motion, which decodes pictures of a camera.
 *
 * In it the program can only wait, read the clock and write to its standard output and error (SECCOMP_MOTION). It has
 * no other descriptor and opens no file. If somebody took it over with a picture, it could only lie about movement.
 */
#ifndef MOTION_MOTION_SANDBOX_H
#define MOTION_MOTION_SANDBOX_H

#include <stddef.h>

/*
 * Enters it, and logs what is missing. `spare_bytes` of memory can still be allocated afterwards. Whatever happens, the
 * process never has more than MOTION_MEMORY_BYTES of memory that is not the ring.
 */
#define MOTION_MEMORY_BYTES (16u << 20)
void motion_sandbox_enter(size_t spare_bytes);

#endif
