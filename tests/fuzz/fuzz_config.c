/*
 * fuzz_config.c - recorder.ini.
 *
 * A configuration that is accepted has a plain name, different absolute folders and numbers within their ranges, and is
 * the same when it is read again. With another rate and another device written into it (recorderd/setup), it
 * is refused, or it has these values and otherwise the ones that it had. One that is refused has a reason of one line.
 * Input: the file.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "recorderd/setup/config_edit.h"
#include "shared/config/config.h"

#define FILE_NAME "recorder.ini"

static void check_good(const struct config *config)
{
	const char *name = config->camera.name;
	char ring[64];

	holds(name[0] != '\0' && name[0] != '-' && !strpbrk(name, "/. \t"));
	holds(config->camera.width >= 16 && config->camera.width <= 8192);
	holds(config->camera.fps >= 1 && config->camera.fps <= 240);
	holds(config->record.directory[0] == '/' && config->clips.directory[0] == '/');
	holds(strcmp(config->record.directory, config->clips.directory) != 0);
	holds(config->retention.hours >= 0 && config->memory.minutes >= 0.1 && config->memory.minutes <= 1440);
	holds(config->record.preset[0] != '-' && config->record.preset[0] != '\0');
	holds(config->control_count <= CONFIG_CONTROLS_MAX);
	for (size_t i = 0; i < config->control_count; i++)
		holds(config->controls[i].name[0] != '\0' && config->controls[i].value[0] != '\0');
	config_ring_name(config, ring);
	holds(strchr(ring + 1, '/') == NULL);
}

/* What the set-up makes of a file that is accepted. */
static void check_edited(const char *path, const struct config *before, const uint8_t *data, size_t size)
{
	static const struct config_edit edits[] = {{"camera", "fps", "7"}, {"camera", "device", "/dev/v4l/a;b"}};
	static struct config after, wanted;
	struct buffer text = {0};
	struct reason why;

	if (config_edit_text((const char *)data, size, edits, 2, &text, &why)) {
		scratch_write(FILE_NAME, text.data, text.length);
		/* It may be refused: then nothing is replaced (config_replace.h). */
		if (config_load(path, &after, &why)) {
			wanted = *before;
			wanted.camera.fps = 7;
			memset(wanted.camera.device, 0, sizeof(wanted.camera.device));
			strcpy(wanted.camera.device, "/dev/v4l/a;b");
			holds(memcmp(&wanted, &after, sizeof(after)) == 0);
		}
	}
	buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config, again;
	struct reason why = {""};
	char path[128];

	scratch_write(FILE_NAME, data, size);
	snprintf(path, sizeof(path), "%s/%s", scratch_path(), FILE_NAME);
	if (!config_load(path, &config, &why)) {
		holds(why.text[0] != '\0' && !strpbrk(why.text, "\r\n"));
		return 0;
	}
	check_good(&config);
	holds(config_load(path, &again, &why));
	holds(memcmp(&config, &again, sizeof(config)) == 0);
	check_edited(path, &config, data, size);
	return 0;
}
