/*
 * config_internal.h - what the files behind config.h share.
 *
 * config.c loads files, config_text.c checks what a file may look like, config_keys.c has the table of keys,
 * config_hooks.c that of the sections [hook NAME], config_free_keys.c reads sections whose keys people name, config_key.c and config_value.c read values, and config_change.c
 * knows what may change while a program runs.
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

#define CONFIG_VALUE_SHOWN 60 /* bytes of an invalid value that a message quotes */

enum config_kind {
	CONFIG_INTEGER,
	CONFIG_REAL,
	CONFIG_YES_NO,
	CONFIG_ALLOW, /* enum config_allow, stored as an int */
	CONFIG_CHOICE,
	CONFIG_WORD,
	CONFIG_NAME,
	CONFIG_DEVICE,
	CONFIG_FOLDER,
	CONFIG_SHARED_FOLDER, /* of all files of a folder: its default has no NAME */
	CONFIG_MOUNT,
	CONFIG_FILE_PATH,
	CONFIG_FILE_OR_NONE,
	CONFIG_BUCKET, /* shared/net/bucket_url.h */
	CONFIG_HOSTS,
	CONFIG_ORIGINS,
	CONFIG_NETWORKS,
	CONFIG_STAMP,   /* shared/text/stamp_format.h */
	CONFIG_HOURS,   /* shared/text/week_hours.h */
	CONFIG_COMMAND, /* an absolute path, and arguments */
	CONFIG_TEXT,    /* of which other code knows what it means */
};

struct config_key {
	const char *name;   /* section:key, as iniparser has it */
	const char *preset; /* the default, read like a value in the file, so it is always a valid one */
	enum config_kind kind;
	size_t offset, bytes; /* of its field */
	double least, most;
	/*
	 * CONFIG_CHOICE: the index of the word is stored; CONFIG_WORD: the allowed words, NULL: any; a number: why it
	 * has that range
	 */
	const char *const *choices;
};

/*
 * config_key.c: stores the value in the key's field of `out`. Relative paths count from the folder of `file`. Returns
 * false if the text is no such value.
 */
bool config_key_read(const struct config_key *key, const char *text, const char *file, void *out);

/* Describes the values that a key may have. */
void config_key_describe(const struct config_key *key, char *out, size_t bytes);

/* config_hooks.c: whether an entry of the dictionary belongs to a section [hook ...]. */
bool config_hooks_has_section(const char *name);

/* Refuses a section without a name, and a key that hooks do not have. Returns false and sets *why. */
bool config_hooks_check_entry(const char *name, const struct config *config, struct reason *why);

/* Fills out->hooks, in the order of their sections' names. Returns false and sets *why. */
bool config_hooks_read(const dictionary *dictionary, struct config *out, struct reason *why);

/* config_free_keys.c: whether an entry of the dictionary belongs to [controls] or [mask], whose keys people name. */
bool config_free_keys_has_section(const char *name);

/* Adds the key of such an entry to *out; an entry that is a section adds nothing. Returns false and sets *why. */
bool config_free_keys_add(const char *name, const char *value, struct config *out, struct reason *why);

/* Puts what was added in order. */
void config_free_keys_sort(struct config *out);

/* config_folders.c: what the sections say about folders must fit together. Returns false and sets *why. */
bool config_folders_check(const struct config *config, struct reason *why);

/*
 * Checks the folders of `config` against store.cache of the reader. Files in the cache and in the folders of it are
 * deleted, so none of those may be there. Returns false and sets *why.
 */
bool config_cache_check(const struct config *reader, const struct config *config, struct reason *why);

/* config_value.c: each returns false if the text is no such value. `bytes` is the size of its field. */

/* A number as people write it: digits, and with `decimals` a point among them. No sign, exponent, nan or inf. */
bool config_read_number(const char *text, bool decimals, double least, double most, double *out);

/* yes, true, on, 1 and their opposites, in any case. */
bool config_read_yes_no(const char *text, bool *out);

/* The same words, or local. Sets *out to an enum config_allow. */
bool config_read_allow(const char *text, int *out);

/* Sets *out to the index of the word in `choices`, which ends with NULL. */
bool config_read_choice(const char *text, const char *const *choices, int *out);

/* Lower-case letters, digits, _ and -, which are safe in URLs, file names and arguments. */
bool config_is_word(const char *text, size_t bytes);

/* Host names, *.NAME or *, separated by blanks or commas. The list may be empty. */
bool config_is_host_list(const char *text, size_t bytes);

/* What camera_device.h allows, or a number N for /dev/videoN. */
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
