/* remote_json.h - what is known of a camera of the store, as JSON and in words. */
#ifndef FCGI_API_REMOTE_JSON_H
#define FCGI_API_REMOTE_JSON_H

#include "shared/store/remote_cameras.h"

struct json_object;

#define REMOTE_TEXT_BYTES 480

/* "From the store, 6 s old." The sentence that follows says what is wrong, if anything is. */
void remote_text(const struct fetch_status *status, char out[REMOTE_TEXT_BYTES]);

/* {newest, age_seconds, answered, failing_since, error, text}; the caller releases it. */
struct json_object *remote_json(const struct fetch_status *status);

#endif
