/*
 * config_internal.h - the parts of config.h, for its own files alone: loading (config.c), what a file may look like
 * (config_text.c), which keys there are (config_keys.c) and how their values are read (config_value.c), and what may
 * change while a program runs (config_change.c).
 */
#ifndef SHARED_CONFIG_CONFIG_INTERNAL_H
#define SHARED_CONFIG_CONFIG_INTERNAL_H

#include <iniparser/iniparser.h>

#include "shared/config/config.h"

/*
 * What iniparser would let pass in silence: no regular file (a folder reads as an empty one), a huge one, NUL bytes, a
 * byte order mark, a key that stands twice.
 */
bool config_text_check(const char *file, struct reason *why);

/*
 * Fills everything but `out->file`, which is set and absolute, from the dictionary and the defaults. `nested`: folders
 * that are not named default to recordings/NAME and clips/NAME.
 */
bool config_keys_read(const dictionary *dictionary, bool nested, struct config *out, struct reason *why);

/* config_value.c: each is false where the text is no such value; `bytes` is the room that it has. */

/* A number as people write it: digits, and one point among them where `decimals`; no sign, no exponent, no inf. */
bool config_read_number(const char *text, bool decimals, double least, double most, double *out);

/* yes, true, on, 1 and their opposites, in any case. */
bool config_read_yes_no(const char *text, bool *out);

/* *out is the number of the word among `choices`, which NULL ends. */
bool config_read_choice(const char *text, const char *const *choices, int *out);

/* Lower-case letters, digits, _ and -: fit for URLs, file names and arguments. */
bool config_is_word(const char *text, size_t bytes);

/* Names of hosts, *.NAME or `*`, blanks or commas between them; there may be none. */
bool config_is_host_list(const char *text, size_t bytes);

/* auto, test, a path, or a bare number N for /dev/videoN. */
bool config_read_device(const char *text, char *out, size_t bytes);

/* An absolute path, without what does not change where it leads; a relative one counts from the folder of `file`.
 * `out`: PATH_MAX bytes. */
bool config_read_path(const char *text, const char *file, char *out);

/* yes or no, which are stored as these words (mount_need.h), or an absolute path other than /. `out`: PATH_MAX bytes.
 */
bool config_read_mount(const char *text, const char *file, char *out);

/* Where a key's value stands in struct config. */
struct config_field {
	const char *name;     /* section:key */
	size_t offset, bytes; /* what is behind the value in it is zero */
};

/* Of the keys but [controls], number 0 on; false behind the last. */
bool config_key_field(size_t number, struct config_field *out);

#endif
