/* subprocess_cases.h - shell scripts as child processes, for tests. */
#ifndef TESTS_UNIT_SUPPORT_SUBPROCESS_CASES_H
#define TESTS_UNIT_SUPPORT_SUBPROCESS_CASES_H

#include <stddef.h>

#include "shared/event/subprocess.h"

/* Everything up to the end of that pipe, terminated; its length. */
size_t read_to_end(int fd, char *out, size_t bytes);

/* Starts sh with that script, piped; fails the test where it does not start. */
void start_shell(struct subprocess *child, const char *script);

#endif
