/*
 * taken_over.h - what an FFmpeg tries that was taken over by what a camera sent it. A test program becomes that one by
 * the name that it is started with; BREAK_OUT is the folder that it is about, BREAK_OUT_OF and BREAK_OUT_AT are the
 * process that started it and where that has `in_parent`.
 */
#ifndef TESTS_UNIT_SUPPORT_TAKEN_OVER_H
#define TESTS_UNIT_SUPPORT_TAKEN_OVER_H

#include <stdbool.h>

enum { NEVER = 99, ATTEMPTS = 32 };

extern const struct attempt {
	const char *name;
	int (*make)(void);
	int landlock; /* the version that refuses it; NEVER: none */
	bool seccomp; /* that refuses it */
	bool left_to_scripts;
} attempts[ATTEMPTS];

/* Fills `target` from the environment. */
void target_from_environment(void);

/* What main() does under that name: writes to the standard output for each attempt whether it got through (y) or not
 * (n). Returns the exit status, 7. */
int try_everything(void);

#endif
