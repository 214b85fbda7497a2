/* driver_text.h - text from a driver as JSON: what is no ASCII would make it invalid for strict readers. */
#ifndef RECORDERD_DRIVER_TEXT_H
#define RECORDERD_DRIVER_TEXT_H

#include <stddef.h>

struct json_object;

/* `text` has room for that many bytes, and need not be terminated. */
struct json_object *driver_text_json(const char *text, size_t bytes);

#endif
