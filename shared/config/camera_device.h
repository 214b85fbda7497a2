/*
 * camera_device.h - what camera.device may be. Pure functions.
 *
 *     auto, test
 *     PATH                                       of a V4L2 device
 *     command:PROGRAM ARGUMENT ...               an external source: a program that writes JPEGs to its standard output
 *     http[s]://[USER@]HOST[:PORT][/PATH[?QUERY]]  an external source: a network camera that sends MJPEG
 *
 * recorder-source runs an external source. Its arguments, and the query of its URL, may be secrets, so messages and
 * answers only show what camera_device_show() leaves. A URL never has the password: that is in camera.password_file.
 */
#ifndef SHARED_CONFIG_CAMERA_DEVICE_H
#define SHARED_CONFIG_CAMERA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

enum camera_device_kind {
	CAMERA_DEVICE_AUTO,
	CAMERA_DEVICE_TEST,
	CAMERA_DEVICE_PATH,
	CAMERA_DEVICE_COMMAND,
	CAMERA_DEVICE_URL,
	CAMERA_DEVICE_INVALID,
};

#define CAMERA_USER_BYTES  64
#define CAMERA_SHOWN_BYTES 128 /* of what camera_device_show() writes; as in the published state */

enum camera_device_kind camera_device_kind(const char *device);

/* True for a command and a URL. */
bool camera_device_is_external(const char *device);

/* The command of a command:, with its arguments (shared/program/program_words.h). */
const char *camera_device_command(const char *device);

struct camera_url {
	char user[CAMERA_USER_BYTES]; /* empty: none */
	char url[512];                /* without the user */
	unsigned port;
};

/* Returns false for anything but a URL as above. A password in it is refused, too. */
bool camera_url_parse(const char *device, struct camera_url *out);

/*
 * What people may see of a device: "command:rpicam-vid", "http://192.0.2.7:8080/video". Also of one that is invalid.
 * Cuts what is too long.
 */
void camera_device_show(const char *device, char *out, size_t bytes);

#endif
