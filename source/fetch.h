/*
 * fetch.h - reads the MJPEG of a network camera over HTTP, and writes what it sends to the standard output.
 *
 * It is a process of its own, which recorder-source runs like the program of a command:, so that the bytes of the
 * network are handled where nothing else is, in a sandbox. What it needs is on its standard input and not among its
 * arguments, which every user of the machine can see: three lines, the URL, the user and the password; the last two
 * may be empty.
 */
#ifndef SOURCE_FETCH_H
#define SOURCE_FETCH_H

#include "shared/config/camera_device.h"
#include "shared/config/config.h"
#include "source/password.h"

#define FETCH_OPTION    "--fetch" /* of recorder-source */
#define FETCH_BYTES_MAX (sizeof(((struct config_camera *)NULL)->device) + CAMERA_USER_BYTES + PASSWORD_BYTES + 4)

/* Writes those lines. The device of `camera` is a URL. Returns their length, or 0 and sets *why. */
size_t fetch_request(const struct config_camera *camera, char out[FETCH_BYTES_MAX], struct reason *why);

/* main() of that process: runs until the camera ends the connection. Returns the exit status. */
int fetch_main(void);

#endif
