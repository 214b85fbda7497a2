/* user_folder.c - the folder of one user's recorders. */
#include "shared/ring/user_folder.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0750
#define ATTEMPTS    8

/* The folder without the usual name that was found last. */
static struct {
	pthread_mutex_t lock; /* guards the other fields */
	uid_t uid;
	char path[USER_FOLDER_BYTES]; /* empty: none */
} found = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void usual_path(uid_t uid, char out[USER_FOLDER_BYTES])
{
	snprintf(out, USER_FOLDER_BYTES, SHM_FOLDER "/recorder-%u", (unsigned)uid);
}

static bool is_trusted(const char *path, uid_t uid)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == uid &&
	       (status.st_mode & (S_IWGRP | S_IRWXO)) == 0;
}

bool random_digits(char out[RANDOM_DIGITS + 1])
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return false;
	snprintf(out, RANDOM_DIGITS + 1, "%016llx", (unsigned long long)number);
	return true;
}

bool is_random_digits(const char *text)
{
	return strspn(text, "0123456789abcdef") == RANDOM_DIGITS && text[RANDOM_DIGITS] == '\0';
}

/* Finds the alternate folder that comes first by name, so all programs of the user choose the same one. */
static bool search_alternate(uid_t uid, char out[USER_FOLDER_BYTES])
{
	char usual[USER_FOLDER_BYTES], path[USER_FOLDER_BYTES];
	DIR *list = opendir(SHM_FOLDER);
	const struct dirent *entry;

	out[0] = '\0';
	usual_path(uid, usual);
	const char *prefix = strrchr(usual, '/') + 1;
	size_t length = strlen(prefix);
	while (list && (entry = readdir(list))) {
		if (strncmp(entry->d_name, prefix, length) != 0 || entry->d_name[length] != '.' ||
		    !is_random_digits(entry->d_name + length + 1))
			continue;
		snprintf(path, sizeof(path), "%.40s.%.16s", usual, entry->d_name + length + 1);
		if (is_trusted(path, uid) && (!out[0] || strcmp(path, out) < 0))
			memcpy(out, path, sizeof(path));
	}
	if (list)
		closedir(list);
	return out[0] != '\0';
}

/* Leaves `out` as it is if there is none. */
static bool find_alternate(uid_t uid, char out[USER_FOLDER_BYTES])
{
	pthread_mutex_lock(&found.lock);
	bool exists =
		(found.path[0] && found.uid == uid && is_trusted(found.path, uid)) || search_alternate(uid, found.path);
	found.uid = uid;
	if (exists)
		memcpy(out, found.path, USER_FOLDER_BYTES);
	pthread_mutex_unlock(&found.lock);
	return exists;
}

bool user_folder_find(uid_t uid, char out[USER_FOLDER_BYTES])
{
	usual_path(uid, out);
	return is_trusted(out, uid) || find_alternate(uid, out);
}

void user_folder_own(char out[USER_FOLDER_BYTES])
{
	user_folder_find(geteuid(), out);
}

/* Two programs that do this at the same time agree on one of their folders. */
static bool create_alternate(uid_t uid, char out[USER_FOLDER_BYTES])
{
	char usual[USER_FOLDER_BYTES], created[USER_FOLDER_BYTES], digits[RANDOM_DIGITS + 1];

	usual_path(uid, usual);
	for (int i = 0; i < ATTEMPTS; i++) {
		if (!random_digits(digits))
			return false;
		snprintf(created, sizeof(created), "%.40s.%s", usual, digits);
		if (mkdir(created, FOLDER_MODE) == 0)
			break;
		if (errno != EEXIST)
			return false;
	}
	if (!find_alternate(uid, out))
		return false;
	if (strcmp(created, out) != 0)
		rmdir(created);
	return true;
}

bool user_folder_create(char out[USER_FOLDER_BYTES], struct reason *why)
{
	uid_t uid = geteuid();

	if (user_folder_find(uid, out))
		return true;
	usual_path(uid, out);
	if (mkdir(out, FOLDER_MODE) == 0 || (errno == EEXIST && (is_trusted(out, uid) || create_alternate(uid, out))))
		return true;
	return reason_errno(why, "cannot make the folder %s", out);
}
