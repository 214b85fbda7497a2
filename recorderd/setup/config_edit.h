/*
 * config_edit.h - sets keys in the text of a recorder.ini, and leaves everything else as somebody wrote it.
 *
 * A key that is there gets another value, in its line, with the comment behind it kept. A key that is missing is added
 * behind the last key of its section, and a section that is missing at the end of the file. Lines end as those of the
 * file do. Sections and keys are compared without regard to case, as iniparser does. Pure functions.
 */
#ifndef RECORDERD_SETUP_CONFIG_EDIT_H
#define RECORDERD_SETUP_CONFIG_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/buffer.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

#define CONFIG_EDITS_MAX (5 + CONFIG_CONTROLS_MAX)

struct config_edit {
	const char *section;             /* camera or controls */
	char key[48];                    /* lower case */
	char value[CONFIG_DEVICE_BYTES]; /* config_edit_value_valid(), not empty */
};

/* Printable ASCII that needs no escape in an .ini file: no quotation mark, no backslash, no blank at either end. */
bool config_edit_value_valid(const char *value);

/*
 * Appends the edited text to `out`. Returns false and sets *why if a line that has to change goes on in the next one,
 * or if memory runs out.
 */
bool config_edit_text(const char *text, size_t length, const struct config_edit *edits, size_t count,
		      struct buffer *out, struct reason *why);

#endif
