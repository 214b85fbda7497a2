/* ini_files.h - writes .ini files in a folder of the test, and loads them or expects them to be refused. */
#ifndef TESTS_UNIT_SUPPORT_INI_FILES_H
#define TESTS_UNIT_SUPPORT_INI_FILES_H

#include <limits.h>
#include <stddef.h>

#include "shared/config/config.h"

extern char ini_folder[PATH_MAX]; /* of ini_folder_make() */

/* Setup and teardown of a program. */
int ini_folder_make(void **state);
int ini_folder_remove(void **state);

/* The path of a file in the folder, valid for the next seven calls. */
const char *ini_path(const char *name);

/* Writes the file, and returns its path like ini_path(). */
const char *ini_write(const char *name, const char *text);
const char *ini_write_bytes(const char *name, const void *bytes, size_t length);

/* Loads a file with that text, good.ini; fails the test if it is refused. */
struct config ini_loaded(const char *text);

/* The text is refused with a reason that contains the file's path and both words. */
void ini_refused(const char *text, const char *word, const char *another);

#endif
