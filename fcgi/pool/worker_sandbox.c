/* worker_sandbox.c - the sandbox of a worker. */
#include "fcgi/pool/worker_sandbox.h"

#include <unistd.h>

#include "fcgi/pool/camera.h"
#include "shared/base/log.h"

static void clips_folders_make(const struct config_set *cameras)
{
	for (size_t i = 0; i < cameras->count; i++) {
		int folder = camera_make_clips(&(struct api_camera){.config = &cameras->cameras[i]});
		if (folder >= 0)
			close(folder);
	}
}

void worker_sandbox_enter(const struct config_set *judged, const struct config_set *folders, struct worker_sandbox *out)
{
	struct reason why;

	*out = (struct worker_sandbox){0};
	if (judged) {
		out->broker = broker_open(&(struct broker_setup){.cameras = judged}, &why);
		if (!out->broker)
			log_warn("api", "%s", why.text);
		out->tokens = token_store_open(judged, out->broker);
	}
	clips_folders_make(folders);
	out->folders = sandbox_folders_create(folders);
	program_sandbox_enter_api(folders, &out->state);
}

void worker_sandbox_free(struct worker_sandbox *sandbox)
{
	sandbox_folders_destroy(sandbox->folders);
	token_store_close(sandbox->tokens);
	broker_close(sandbox->broker);
	*sandbox = (struct worker_sandbox){0};
}

bool worker_sandbox_is_current(const struct worker_sandbox *sandbox)
{
	return sandbox->state.landlock == 0 || !sandbox->folders || sandbox_folders_unchanged(sandbox->folders);
}
