/*
 * helper_address.h - where recorderd listens for a program that helps it and may have a user of its own.
 *
 * recorder-hooks and recorder-source are such programs. Each has a socket per camera (unix(7)), NAME.SUFFIX, in one of
 * two folders:
 *
 *     /run/PROGRAM               if root has made it for the user of the recorders: owned by that user, and not
 *                                writable by others. Its group may connect, and its setgid bit gives the group to the
 *                                sockets. This is how the program gets a user of its own
 *     /dev/shm/recorder-UID      otherwise (user_folder.h): only processes of the same user may connect
 */
#ifndef SHARED_RING_HELPER_ADDRESS_H
#define SHARED_RING_HELPER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

struct helper {
	const char *folder; /* /run/PROGRAM */
	const char *suffix;
};

struct helper_address {
	struct sockaddr_un address;
	socklen_t bytes;
	uid_t owner;       /* of the folder: the recorders' user */
	gid_t group;       /* of the folder */
	bool is_for_group; /* its group may connect */
};

#define HELPER_ADDRESS_CHOICES 2

/* Where this user's recorder of that camera listens. False if there is no folder for it (user_folder_create()). */
bool helper_address_of_server(const struct helper *helper, const char *camera, struct helper_address *out);

/*
 * Where the program may find the recorder of that camera: with `number` 0 the one of its own user, with 1 the one in
 * helper->folder. False if there is no such folder, or if it cannot be trusted.
 */
bool helper_address_of_client(const struct helper *helper, const char *camera, int number, struct helper_address *out);

/* The permissions of the socket. */
mode_t helper_address_mode(const struct helper_address *address);

/*
 * Whether the process at the other end of a connection may be that program. In a user namespace of its own
 * (PrivateUsers= in systemd.exec(5)) a recorder sees other users and groups as one, and relies on the permissions of
 * the folder.
 */
bool helper_address_trusts_client(const struct helper_address *address, int fd);

/* The same of the server: only the user of the folder can have put the socket there, and is the recorders'. */
bool helper_address_trusts_server(const struct helper_address *address, int fd);

/* Connects to the recorder of that camera, without waiting. Returns a socket that never blocks, or -1. */
int helper_connect(const struct helper *helper, const char *camera, int type);

#endif
