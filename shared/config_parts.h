/*
 * config_parts.h - the parts of config.h, for its own files alone: loading (config.c), what a file may look like
 * (config_text.c), which keys there are (config_keys.c), and what may change while a program runs (config_change.c).
 */
#ifndef SHARED_CONFIG_PARTS_H
#define SHARED_CONFIG_PARTS_H

#include <iniparser/iniparser.h>

#include "shared/config.h"

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

/* Where a key's value stands in struct config. */
struct config_place {
	const char *name;     /* section:key */
	size_t offset, bytes; /* what is behind the value in it is zero */
};

/* Of the keys but [controls], number 0 on; false behind the last. */
bool config_key_place(size_t number, struct config_place *out);

#endif
