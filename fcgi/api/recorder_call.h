/* recorder_call.h - one request to the running recorder of a camera (shared/ring/control.h). */
#ifndef FCGI_API_RECORDER_CALL_H
#define FCGI_API_RECORDER_CALL_H

#include "fcgi/server/request.h"

struct json_object;

/*
 * Sends `json` (whose reference it takes) and responds as the recorder answers: 200 with the answer's members and the
 * camera's name, 400 if it refuses, 409 if it may not write its recorder.ini, 503 if it cannot do that now, does not
 * run, or does not answer within `limit_ms` from the arrival of the request.
 */
void recorder_call(struct api_request *request, struct json_object *json, int limit_ms);

#endif
