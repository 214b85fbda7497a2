/*
 * program_environment.h - the environment of a program that the .ini names: fixed, whatever that of this process is.
 *
 *     PATH              PROGRAM_PATH
 *     HOME, LANG, TZ, CREDENTIALS_DIRECTORY
 *                       as this process has them; without a HOME it is /, without a LANG C.UTF-8
 *     RECORDER_CAMERA   the camera's name
 *
 * and what the caller adds. What comes from the camera or from the network is in none of them.
 */
#ifndef SHARED_PROGRAM_PROGRAM_ENVIRONMENT_H
#define SHARED_PROGRAM_PROGRAM_ENVIRONMENT_H

#include <limits.h>
#include <stddef.h>

#define PROGRAM_PATH                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PROGRAM_ENVIRONMENT_MAX     16
#define PROGRAM_ENVIRONMENT_OWN_MAX 6 /* that program_environment_set() adds */

struct program_environment {
	/* Ends with NULL; leads into the struct, which must not move, and to what the caller has added. */
	const char *variables[PROGRAM_ENVIRONMENT_MAX + 1];
	size_t count;
	char home[PATH_MAX], language[64], zone[PATH_MAX], credentials[PATH_MAX], camera[64];
};

void program_environment_set(struct program_environment *environment, const char *camera);

/* Adds NAME=VALUE, which is not copied; at most PROGRAM_ENVIRONMENT_MAX - PROGRAM_ENVIRONMENT_OWN_MAX of them. */
void program_environment_add(struct program_environment *environment, const char *variable);

#endif
