/*
 * config_internal.h - what the files behind config.h share.
 *
 * config.c loads files, config_text.c checks what a file may look like, config_keys.c has the table of keys,
 * config_value.c reads their values, and config_change.c knows what may change while a program runs.
 */
#ifndef SHARED_CONFIG_CONFIG_INTERNAL_H
#define SHARED_CONFIG_CONFIG_INTERNAL_H

#include <iniparser/iniparser.h>

#include "shared/config/config.h"

/*
 * Refuses what iniparser would accept silently: something other than a regular file (a folder reads as an empty file),
 * a huge file, NUL bytes, a byte order mark, a key that is set twice. Returns false and sets *why.
 */
bool config_text_check(const char *file, struct reason *why);

/*
 * Fills *out from the dictionary and the defaults, except for out->file, which must be set already and absolute. If
 * `nested`, folders default to recordings/NAME and clips/NAME. Returns false and sets *why.
 */
bool config_keys_read(const dictionary *dictionary, bool nested, struct config *out, struct reason *why);

/* config_value.c: each returns false if the text is no such value. `bytes` is the size of its field. */

/* A number as people write it: digits, and with `decimals` a point among them. No sign, exponent, nan or inf. */
bool config_read_number(const char *text, bool decimals, double least, double most, double *out);

/* yes, true, on, 1 and their opposites, in any case. */
bool config_read_yes_no(const char *text, bool *out);

/* Sets *out to the index of the word in `choices`, which ends with NULL. */
bool config_read_choice(const char *text, const char *const *choices, int *out);

/* Lower-case letters, digits, _ and -, which are safe in URLs, file names and arguments. */
bool config_is_word(const char *text, size_t bytes);

/* Host names, *.NAME or *, separated by blanks or commas. The list may be empty. */
bool config_is_host_list(const char *text, size_t bytes);

/* auto, test, a path, or a number N for /dev/videoN. */
bool config_read_device(const char *text, char *out, size_t bytes);

/*
 * A path, stored as an absolute one without `.` and double slashes. A relative path counts from the folder of `file`.
 * `out` has PATH_MAX bytes.
 */
bool config_read_path(const char *text, const char *file, char *out);

/* yes or no, stored as these words (mount_need.h), or an absolute path other than /. `out` has PATH_MAX bytes. */
bool config_read_mount(const char *text, const char *file, char *out);

/* Where the value of a key is in struct config. */
struct config_field {
	const char *name;     /* section:key */
	size_t offset, bytes; /* unused bytes after the value are zero */
};

/* The field of key `number`, from 0, without those of [controls]. Returns false after the last one. */
bool config_key_field(size_t number, struct config_field *out);

#endif
