/*
 * camera_live.h - segments of a camera that are still being recorded, or wait to be shipped as a whole: their pieces
 * are joined in the cache, so that the files grow as they do on the recorder.
 */
#ifndef OFFSITE_REMOTE_CAMERA_LIVE_H
#define OFFSITE_REMOTE_CAMERA_LIVE_H

#include "offsite/remote/fetcher.h"

/*
 * Lists the pieces of segments that are in no day list, and gets those that are new. *changed: a segment is new, has
 * grown or has gone. The caller holds camera->asking.
 */
enum get_outcome camera_live_follow(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				    bool *changed, struct reason *why);

#endif
