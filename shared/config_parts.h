/*
 * config_parts.h - the parts of loading an .ini file, for config.c alone: what a file may look like (config_text.c),
 * and which keys there are (config_keys.c).
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

#endif
