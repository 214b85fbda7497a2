/* child_processes.h - finds the children of a test. */
#ifndef TESTS_UNIT_SUPPORT_CHILD_PROCESSES_H
#define TESTS_UNIT_SUPPORT_CHILD_PROCESSES_H

#include <sys/types.h>

/* A child of this process whose command line, joined by blanks, contains the text. Returns 0 if there is none. */
pid_t child_find(const char *text);

#endif
