/*
 * password.h - camera.password_file: a secret of the camera, which only recorder-source reads.
 *
 * For a network camera the first line is the password of the URL's user. A program of a command: has the whole file as
 * its standard input, whatever is in it: an ffconcat script with the URL of a camera, for instance. The file belongs to
 * root or to the user of recorder-source, and nobody else can use it (0400), unless it is a credential of systemd.
 */
#ifndef SOURCE_PASSWORD_H
#define SOURCE_PASSWORD_H

#include <stdbool.h>

#include "shared/base/reason.h"

#define PASSWORD_BYTES 256

/* Returns a descriptor, which the caller closes, or -1 and sets *why. */
int password_file_open(const char *file, struct reason *why);

/* Reads the first line, which may be empty. Returns false and sets *why. */
bool password_read(const char *file, char out[PASSWORD_BYTES], struct reason *why);

#endif
