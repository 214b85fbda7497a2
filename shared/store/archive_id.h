/*
 * archive_id.h - archive.id, the file that gives a recordings folder a name of its own in every store.
 *
 * Two recorders may have one camera name, a disk may be replaced, and a backup may be restored: their objects must
 * never get the same names. So recorderd gives the folder an id once, and again if the folder turns up on another
 * machine.
 *
 * The file is one line of text: 32 hexadecimal digits (128 random bits, the id), a blank, 64 hexadecimal digits
 * (SHA-256 of "recorder archive ", the text of /etc/machine-id, and the serial number that the devicetree of a
 * single-board computer has, by which a copy of its card is told apart; all zeros if there is no machine-id), and a
 * newline. Digits are in lower case. Anything else is not an id. It is replaced as a whole, by rename.
 */
#ifndef SHARED_STORE_ARCHIVE_ID_H
#define SHARED_STORE_ARCHIVE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define ARCHIVE_ID_FILE          "archive.id"
#define ARCHIVE_ID_BYTES         33 /* 32 digits and the terminator */
#define ARCHIVE_MACHINE_BYTES    65
#define ARCHIVE_ID_TEXT_BYTES    98  /* of the whole file */
#define ARCHIVE_ID_UNKNOWN_DIGIT '0' /* all digits of an unknown machine */

struct archive_id {
	char id[ARCHIVE_ID_BYTES];
	char machine[ARCHIVE_MACHINE_BYTES];
};

/* True if `text` is 32 hexadecimal digits in lower case. */
bool archive_id_valid(const char *text);

/* Parses the file's bytes. Returns false if they are anything but one id. */
bool archive_id_parse(const void *text, size_t length, struct archive_id *out);

/* Reads the file in that folder. Returns false with errno: ENOENT, or EBADMSG if there is no id in it. */
bool archive_id_read(int folder, struct archive_id *out);

/* Files that say which machine this is: machine-id(5), and the devicetree's serial-number, which may be missing. */
struct archive_id_sources {
	const char *machine_id, *serial_number;
};

/*
 * Reads the id of the folder, and writes a new one if it has none, if the file is damaged, or if it was made on another
 * machine. An unknown machine counts as the same one. Returns false with errno if that cannot be read or written.
 */
bool archive_id_ensure(int folder, const struct archive_id_sources *sources, struct archive_id *out);

#endif
