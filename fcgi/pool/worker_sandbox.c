/* worker_sandbox.c - see worker_sandbox.h. */
#include "fcgi/pool/worker_sandbox.h"

#include <unistd.h>

#include "fcgi/pool/camera.h"
#include "shared/base/log.h"

static void clips_folders_make(const struct config_set *cameras)
{
	for (size_t i = 0; i < cameras->count; i++) {
		int folder = camera_clips_folder_made(&(struct api_camera){.config = &cameras->cameras[i]});
		if (folder >= 0)
			close(folder);
	}
}

void confine(const struct config_set *judged, const struct config_set *folders, struct confinement *out)
{
	struct reason why;

	*out = (struct confinement){0};
	if (judged) {
		out->outside = outside_open(&(struct outside_setup){.cameras = judged}, &why);
		if (!out->outside)
			log_warn("api", "%s", why.text);
		out->tokens = token_store_open(judged, out->outside);
	}
	clips_folders_make(folders);
	out->folders = lock_folders_note(folders);
	lock_up_api(folders, &out->lock);
}

void confine_finish(struct confinement *confinement)
{
	lock_folders_free(confinement->folders);
	token_store_close(confinement->tokens);
	outside_close(confinement->outside);
	*confinement = (struct confinement){0};
}

bool confine_current(const struct confinement *confinement)
{
	return confinement->lock.landlock == 0 || !confinement->folders || lock_folders_same(confinement->folders);
}
