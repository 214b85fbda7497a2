/* ini_files.h - recorder.ini as a test writes it, in a folder of its own: what is loaded, and what is refused. */
#ifndef TESTS_UNIT_SUPPORT_INI_FILES_H
#define TESTS_UNIT_SUPPORT_INI_FILES_H

#include <limits.h>
#include <stddef.h>

#include "shared/config/config.h"

extern char ini_folder[PATH_MAX]; /* of ini_folder_make() */

/* Setup and teardown of a program. */
int ini_folder_make(void **state);
int ini_folder_remove(void **state);

/* Path of a file of the folder, until the eighth call from here. */
const char *ini_path(const char *name);

/* Writes the file, and returns its path as ini_path() does. */
const char *ini_write(const char *name, const char *text);
const char *ini_write_bytes(const char *name, const void *bytes, size_t length);

/* The configuration of good.ini with that text; fails the test where it is refused. */
struct config ini_loaded(const char *text);

/* Fails the test unless that text is refused, by a sentence that has the file's path and both words. */
void ini_refused(const char *text, const char *word, const char *another);

#endif
