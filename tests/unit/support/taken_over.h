/*
 * taken_over.h - what an FFmpeg tries after a camera's frames have taken control of it. A test program plays this role
 * if it is started under that name. In its environment, BREAK_OUT is the folder of the targets, BREAK_OUT_OF the
 * process that started it, and BREAK_OUT_AT the address of that process's `in_parent`.
 */
#ifndef TESTS_UNIT_SUPPORT_TAKEN_OVER_H
#define TESTS_UNIT_SUPPORT_TAKEN_OVER_H

#include <stdbool.h>

enum { NEVER = 99, ATTEMPTS = 32 };

extern const struct attempt {
	const char *name;
	int (*make)(void);
	int landlock; /* the first version that refuses it, or NEVER */
	bool seccomp; /* that refuses it */
	bool left_to_scripts;
} attempts[ATTEMPTS];

/* Fills `target` from the environment. */
void target_from_environment(void);

/*
 * What main() does under that name: makes all attempts, and writes y for each that succeeded and n for each other one
 * to the standard output. Returns the exit status, 7.
 */
int try_everything(void);

#endif
