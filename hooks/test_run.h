/* test_run.h - `recorder-hooks --check` and `--test`: whether hooks work, shown to a person. */
#ifndef HOOKS_TEST_RUN_H
#define HOOKS_TEST_RUN_H

#include "hooks/options.h"
#include "shared/config/config.h"

#define TEST_RUN_NO_HOOKS 3

/*
 * Prints what each hook is run for, and whether its program may be run by this user. Returns the exit status: 1 if one
 * may not, TEST_RUN_NO_HOOKS if there are none.
 */
int test_run_check(const struct config *config);

/*
 * Runs one hook with an example of a notification, and prints its output and its end. Returns the exit status: 0 if the
 * program succeeded.
 */
int test_run(const struct config *config, const struct options *options);

#endif
