/* subprocess_cases.h - shell scripts as child processes. */
#ifndef TESTS_UNIT_SUPPORT_SUBPROCESS_CASES_H
#define TESTS_UNIT_SUPPORT_SUBPROCESS_CASES_H

#include <stddef.h>

#include "shared/event/subprocess.h"

/* Reads a pipe to its end and terminates the text with a NUL; returns its length. */
size_t read_to_end(int fd, char *out, size_t bytes);

/* Starts sh with a script, with pipes; fails the test if it does not start. */
void start_shell(struct subprocess *child, const char *script);

#endif
