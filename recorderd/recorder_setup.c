/* recorder_setup.c - applies another configuration; the set-up writes one, as somebody has chosen it. */
#include <json-c/json.h>

#include "recorderd/recorder_internal.h"
#include "recorderd/reload.h"
#include "shared/base/log.h"
#include "shared/text/json_value.h"

/* Publishes before READY=1, so that whoever waits for that finds the workers following already. */
void recorder_reload(struct recorder *recorder)
{
	mono_t now = mono_now();
	bool mask_changed = false;

	if (recorder->stopping)
		return;
	service_reloading(&recorder->service);
	if (reload(&recorder->config, recorder->archive, recorder->capture, &mask_changed)) {
		motion_process_reload(recorder->motion);
		recorder_reload_schedule(recorder);
		recorder->publisher.config_read_at = now;
		hook_server_reloaded(recorder->hooks);
	}
	if (mask_changed)
		recorder_empty_memory(recorder, "[mask] has changed");
	recorder_publish(recorder);
	service_ready(&recorder->service);
}

static void begin_restart(struct recorder *recorder)
{
	if (recorder->stopping)
		return;
	log_info("main", "starting again with the new configuration");
	service_reloading(&recorder->service);
	recorder->restarting = true;
	recorder_begin_stop(recorder);
}

static void on_choice_written(void *context, enum config_replace_outcome outcome, bool restarts,
			      const struct reason *why)
{
	struct recorder *recorder = context;

	if (outcome == CONFIG_REPLACED)
		log_info("control", "the set-up has changed %s", recorder->config.file);
	else
		log_warn("control", "the set-up cannot be written: %s", why->text);
	if (recorder->control)
		control_server_finish_setup(recorder->control, recorder->setup_ticket, outcome, restarts, why);
	if (outcome == CONFIG_REPLACED && restarts)
		begin_restart(recorder);
	else if (outcome == CONFIG_REPLACED)
		recorder_reload(recorder);
}

void recorder_open_setup(struct recorder *recorder)
{
	recorder->setup = setup_writer_create(&(struct setup_writer_parts){
		.loop = recorder->loop, .running = &recorder->config, .done = on_choice_written, .context = recorder});
}

struct json_object *recorder_describe_setup(void *context)
{
	const struct recorder *recorder = context;
	const struct config *config = &recorder->config;
	struct json_object *json = json_object_new_object(), *controls = json_object_new_object();

	json_object_object_add(json, "file", json_string_or_null(config->file));
	json_object_object_add(json, "device", json_string_or_null(config->camera.device));
	json_object_object_add(json, "width", json_object_new_int(config->camera.width));
	json_object_object_add(json, "height", json_object_new_int(config->camera.height));
	json_object_object_add(json, "fps", json_object_new_int(config->camera.fps));
	json_object_object_add(json, "format", json_object_new_string(config_format_text(config->camera.format)));
	for (size_t i = 0; i < config->control_count; i++)
		json_object_object_add(controls, config->controls[i].name,
				       json_string_or_null(config->controls[i].value));
	json_object_object_add(json, "controls", controls);
	return json;
}

bool recorder_set_up(void *context, uint32_t ticket, const struct setup_choice *choice, struct reason *why)
{
	struct recorder *recorder = context;

	if (!recorder->setup)
		return reason_set(why, "the recorder has no memory for that");
	if (!setup_writer_start(recorder->setup, choice, why))
		return false;
	recorder->setup_ticket = ticket;
	return true;
}
