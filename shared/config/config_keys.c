/* config_keys.c - the table of keys: where each value goes, what it may be, and its default. */
#include "shared/config/config_internal.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "shared/config/mount_need.h"
#include "shared/net/ip_address.h"
#include "shared/net/origin.h"

#define VALUE_SHOWN 60 /* bytes of an invalid value that a message quotes */

enum kind { INTEGER, REAL, YES_NO, CHOICE, WORD, NAME, DEVICE, FOLDER, MOUNT, FILE_PATH, HOSTS, ORIGINS, NETWORKS };

struct key {
	const char *name;   /* section:key, as iniparser has it */
	const char *preset; /* the default, read like a value in the file, so it is always a valid one */
	enum kind kind;
	size_t offset, bytes; /* of the field in struct config */
	double least, most;
	/*
	 * CHOICE: the index of the word is stored; WORD: the allowed words, NULL: any; a number: why it has that range
	 */
	const char *const *choices;
};

static const char *const fallbacks[] = {
	[FALLBACK_ANY] = "any", [FALLBACK_TEST] = "test", [FALLBACK_NONE] = "none", NULL};
static const char *const formats[] = {[FORMAT_AUTO] = "auto", [FORMAT_MJPEG] = "mjpeg", [FORMAT_YUYV] = "yuyv",
				      [FORMAT_UYVY] = "uyvy", [FORMAT_YVYU] = "yvyu",   [FORMAT_VYUY] = "vyuy",
				      [FORMAT_NV12] = "nv12", [FORMAT_NV21] = "nv21",   [FORMAT_YU12] = "yu12",
				      [FORMAT_YV12] = "yv12", [FORMAT_RGB24] = "rgb24", [FORMAT_BGR24] = "bgr24",
				      [FORMAT_GREY] = "grey", [FORMAT_Y16] = "y16",     NULL};
static const char *const codecs[] = {[CODEC_H264] = "h264", [CODEC_MJPEG] = "mjpeg", NULL};
static const char *const levels[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL};
static const char *const encoders[] = {"auto", "libx264", "h264_v4l2m2m", "h264_vaapi", "h264_nvenc", "h264_qsv", NULL};

static const char *const x264_presets[] = {"auto",   "ultrafast", "superfast", "veryfast", "faster",  "fast",
					   "medium", "slow",      "slower",    "veryslow", "placebo", NULL};
static const char *const no_zero[] = {"0 would be lossless, which no browser plays", NULL};

static_assert(sizeof(enum config_fallback) == sizeof(int) && sizeof(enum log_level) == sizeof(int),
	      "a choice is stored as an int");

#define FIELD(field) offsetof(struct config, field), sizeof(((struct config *)NULL)->field)

/* camera:name comes first, because default folders may be named after it. */
static const struct key keys[] = {
	{"camera:name", "camera", NAME, FIELD(camera.name), 0, 0, NULL},
	{"camera:device", "auto", DEVICE, FIELD(camera.device), 0, 0, NULL},
	{"camera:fallback", "any", CHOICE, FIELD(camera.fallback), 0, 0, fallbacks},
	{"camera:width", "1280", INTEGER, FIELD(camera.width), 16, 8192, NULL},
	{"camera:height", "720", INTEGER, FIELD(camera.height), 16, 8192, NULL},
	{"camera:fps", "60", INTEGER, FIELD(camera.fps), 1, 240, NULL},
	{"camera:format", "auto", CHOICE, FIELD(camera.format), 0, 0, formats},

	{"record:enabled", "yes", YES_NO, FIELD(record.enabled), 0, 0, NULL},
	{"record:directory", "recordings", FOLDER, FIELD(record.directory), 0, 0, NULL},
	{"record:require_mount", MOUNT_NEED_NO, MOUNT, FIELD(record.require_mount), 0, 0, NULL},
	{"record:segment_seconds", "600", INTEGER, FIELD(record.segment_seconds), 10, 86400, NULL},
	{"record:sync_seconds", "1", INTEGER, FIELD(record.sync_seconds), 1, 600, NULL},
	{"record:codec", "h264", CHOICE, FIELD(record.codec), 0, 0, codecs},
	{"record:sandbox", "yes", YES_NO, FIELD(record.sandbox), 0, 0, NULL},
	{"record:encoder", "libx264", WORD, FIELD(record.encoder), 0, 0, encoders},
	{"record:preset", "superfast", WORD, FIELD(record.preset), 0, 0, NULL},
	{"record:quality", "23", INTEGER, FIELD(record.quality), 1, 51, no_zero},

	{"retention:hours", "72", REAL, FIELD(retention.hours), 0, 1000000, NULL},
	{"retention:max_gb", "0", REAL, FIELD(retention.max_gb), 0, 1000000, NULL},
	{"retention:min_free_gb", "2", REAL, FIELD(retention.min_free_gb), 0, 1000000, NULL},
	{"retention:motion_hours", "0", REAL, FIELD(retention.motion_hours), 0, 1000000, NULL},

	{"motion:enabled", "yes", YES_NO, FIELD(motion.enabled), 0, 0, NULL},
	{"motion:fps", "5", INTEGER, FIELD(motion.fps), 1, 10, NULL},
	{"motion:days", "0", REAL, FIELD(motion.days), 0, 100000, NULL},

	{"memory:minutes", "30", REAL, FIELD(memory.minutes), 0.1, 1440, NULL},
	{"memory:max_mb", "0", INTEGER, FIELD(memory.max_mb), 0, 1048576, NULL},

	{"clips:directory", "clips", FOLDER, FIELD(clips.directory), 0, 0, NULL},
	{"clips:require_mount", MOUNT_NEED_NO, MOUNT, FIELD(clips.require_mount), 0, 0, NULL},
	{"clips:cache", "yes", YES_NO, FIELD(clips.cache), 0, 0, NULL},
	{"clips:max_mb", "2048", INTEGER, FIELD(clips.max_mb), 1, 100000000, NULL},

	{"http:max_viewers", "500", INTEGER, FIELD(http.max_viewers), 1, 10000, NULL},
	{"http:max_downloads", "64", INTEGER, FIELD(http.max_downloads), 1, 10000, NULL},
	{"http:max_clip_minutes", "360", INTEGER, FIELD(http.max_clip_minutes), 1, 10080, NULL},
	{"http:max_transcodes", "1", INTEGER, FIELD(http.max_transcodes), 0, 64, NULL},
	{"http:address_share", "75", INTEGER, FIELD(http.address_share), 1, 100, NULL},
	{"http:stall_seconds", "60", INTEGER, FIELD(http.stall_seconds), 1, 3600, NULL},
	{"http:proxies", "", NETWORKS, FIELD(http.proxies), 0, 0, NULL},
	{"http:allow_control", "no", YES_NO, FIELD(http.allow_control), 0, 0, NULL},
	{"http:hosts", "", HOSTS, FIELD(http.hosts), 0, 0, NULL},
	{"http:allow_origin", "", ORIGINS, FIELD(http.allow_origin), 0, 0, NULL},
	{"http:frame_ancestors", "", ORIGINS, FIELD(http.frame_ancestors), 0, 0, NULL},
	{"http:tokens", "tokens", FILE_PATH, FIELD(http.tokens), 0, 0, NULL},

	{"log:level", "info", CHOICE, FIELD(log_level), 0, 0, levels},
};

#define KEYS     (sizeof(keys) / sizeof(keys[0]))
#define CONTROLS "controls"

static bool read_value(const struct key *key, const char *text, struct config *out)
{
	char *field = (char *)out + key->offset;
	double number;
	int choice;

	switch (key->kind) {
	case INTEGER:
		if (!config_read_number(text, false, key->least, key->most, &number))
			return false;
		*(int *)(void *)field = (int)number;
		return true;
	case REAL:
		return config_read_number(text, true, key->least, key->most, (double *)(void *)field);
	case YES_NO:
		return config_read_yes_no(text, (bool *)field);
	case CHOICE:
		return config_read_choice(text, key->choices, (int *)(void *)field);
	case WORD:
		if (!config_is_word(text, key->bytes) ||
		    (key->choices && !config_read_choice(text, key->choices, &choice)))
			return false;
		break;
	case NAME:
		if (!config_is_word(text, key->bytes))
			return false;
		break;
	case HOSTS:
		if (!config_is_host_list(text, key->bytes))
			return false;
		break;
	case ORIGINS:
		if (!origin_list_valid(text, key->bytes))
			return false;
		break;
	case NETWORKS:
		if (strlen(text) >= key->bytes || !ip_networks_valid(text))
			return false;
		break;
	case DEVICE:
		return config_read_device(text, field, key->bytes);
	case FOLDER:
	case FILE_PATH:
		return config_read_path(text, out->file, field);
	case MOUNT:
		return config_read_mount(text, out->file, field);
	}
	memcpy(field, text, strlen(text) + 1);
	return true;
}

/* Describes the values that a key may have. */
static void describe(const struct key *key, char *out, size_t bytes)
{
	static const char *const texts[] = {
		[YES_NO] = "yes or no",
		[WORD] = "a word of a-z 0-9 _ -, at most 31 bytes",
		[NAME] = "a name of a-z 0-9 _ -, at most 31 bytes, that does not begin with -",
		[DEVICE] = "auto, test, a number N for /dev/videoN, or a path such as /dev/v4l/by-id/...",
		[FOLDER] = "a folder",
		[MOUNT] = "yes, no, or the folder where a disk is mounted, such as /mnt/disk",
		[FILE_PATH] = "a file",
		[ORIGINS] = "origins such as https://cam.example.org:8443, with no path, separated by blanks, "
			    "or * alone",
		[NETWORKS] = "addresses or networks such as 192.0.2.7 or 10.0.0.0/8, separated by blanks",
		[HOSTS] = "names without a port, such as cam.example.org or *.lan, separated by blanks, or * for any",
	};
	size_t length = 0;

	if (key->kind == INTEGER || key->kind == REAL) {
		snprintf(out, bytes, "%s from %.8g to %.8g%s%s%s", key->kind == REAL ? "a number" : "a whole number",
			 key->least, key->most, key->choices ? " (" : "", key->choices ? key->choices[0] : "",
			 key->choices ? ")" : "");
	} else if (key->choices) {
		for (size_t i = 0; key->choices[i] && length < bytes; i++)
			length +=
				(size_t)snprintf(out + length, bytes - length, "%s%s",
						 i == 0 ? "" : (key->choices[i + 1] ? ", " : " or "), key->choices[i]);
	} else {
		snprintf(out, bytes, "%s", texts[key->kind]);
	}
}

/* The length of the section in section:key. */
static int section_length(const char *name)
{
	return (int)strcspn(name, ":");
}

static bool read_key(const struct key *key, const dictionary *dictionary, bool nested, struct config *out,
		     struct reason *why)
{
	const char *text = iniparser_getstring(dictionary, key->name, NULL);
	char preset[64], expected[128];
	int section = section_length(key->name);

	if (!text) {
		bool by_name = nested && key->kind == FOLDER;
		snprintf(preset, sizeof(preset), "%s%s%s", key->preset, by_name ? "/" : "",
			 by_name ? out->camera.name : "");
		text = preset;
	}
	if (read_value(key, text, out))
		return true;
	describe(key, expected, sizeof(expected));
	return reason_set(why, "%s: [%.*s] %s = %.*s is invalid; expected %s", out->file, section, key->name,
			  key->name + section + 1, VALUE_SHOWN, text, expected);
}

static bool add_control(const char *name, const char *value, struct config *out, struct reason *why)
{
	struct config_control *control = &out->controls[out->control_count];

	if (out->control_count == CONFIG_CONTROLS_MAX)
		return reason_set(why, "%s: [" CONTROLS "] has too many keys; at most %d are allowed", out->file,
				  CONFIG_CONTROLS_MAX);
	if (!config_is_word(name, sizeof(control->name)))
		return reason_set(why,
				  "%s: [" CONTROLS "] %.*s is not a control; expected a V4L2 name such as brightness "
				  "(v4l2-ctl --list-ctrls shows them)",
				  out->file, VALUE_SHOWN, name);
	if (value[0] == '\0' || strlen(value) >= sizeof(control->value))
		return reason_set(why, "%s: [" CONTROLS "] %s = %.*s is invalid; expected a value of 1 to %zu bytes",
				  out->file, name, VALUE_SHOWN, value, sizeof(control->value) - 1);
	snprintf(control->name, sizeof(control->name), "%s", name);
	snprintf(control->value, sizeof(control->value), "%s", value);
	out->control_count++;
	return true;
}

static bool is_known_section(const char *name, size_t length)
{
	if (length == strlen(CONTROLS) && memcmp(name, CONTROLS, length) == 0)
		return true;
	for (size_t i = 0; i < KEYS; i++)
		if ((size_t)section_length(keys[i].name) == length && memcmp(keys[i].name, name, length) == 0)
			return true;
	return false;
}

static bool is_known_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return true;
	return false;
}

/* Appends the keys of that section: "; expected a, b, c". */
static bool refuse_key(const char *name, const struct config *config, struct reason *why)
{
	int section = section_length(name);
	const char *separator = "; expected ";

	reason_set(why, "%s: [%.*s] has no key %.*s", config->file, section, name, VALUE_SHOWN, name + section + 1);
	for (size_t i = 0; i < KEYS; i++) {
		size_t used = strlen(why->text);
		if (strncmp(keys[i].name, name, (size_t)section + 1) != 0)
			continue;
		snprintf(why->text + used, sizeof(why->text) - used, "%s%s", separator, keys[i].name + section + 1);
		separator = ", ";
	}
	return false;
}

/* One entry of the dictionary: `section` (value NULL), or `section:key`. */
static bool check_entry(const char *name, const char *value, struct config *out, struct reason *why)
{
	int section = section_length(name);

	if (section == 0)
		return reason_set(why,
				  "%s: %.*s comes before any section; expected a section such as [camera] above it",
				  out->file, VALUE_SHOWN, name[0] == ':' ? name + 1 : "[]");
	if (!is_known_section(name, (size_t)section))
		return reason_set(
			why,
			"%s: there is no section [%.*s]; expected [camera], [record], [retention], [motion], [memory], "
			"[clips], [http], [controls] or [log]",
			out->file, section < VALUE_SHOWN ? section : VALUE_SHOWN, name);
	if (name[section] == '\0')
		return true;
	if (strncmp(name, CONTROLS ":", strlen(CONTROLS) + 1) == 0)
		return add_control(name + section + 1, value ? value : "", out, why);
	return is_known_key(name) || refuse_key(name, out, why);
}

/* Presets belong to an encoder. Only libx264's, which auto may use too, are known and passed on. */
static bool check_preset(const struct config *config, struct reason *why)
{
	const struct key allowed = {.kind = WORD, .choices = x264_presets};
	char expected[128];
	int choice;

	bool is_x264 = strcmp(config->record.encoder, "libx264") == 0 || strcmp(config->record.encoder, "auto") == 0;
	if (!is_x264 || config_read_choice(config->record.preset, x264_presets, &choice))
		return true;
	describe(&allowed, expected, sizeof(expected));
	return reason_set(why, "%s: [record] preset = %s is invalid; expected %s", config->file, config->record.preset,
			  expected);
}

/* A disk that is mounted beside or below the folder says nothing about the folder. */
static bool check_mount(const struct config *config, const char *section, const char *mount, const char *directory,
			struct reason *why)
{
	size_t length = strlen(mount);

	if (mount[0] != '/' || (strncmp(directory, mount, length) == 0 && strchr("/", directory[length])))
		return true;
	return reason_set(why,
			  "%s: [%s] require_mount = %s is not above that section's directory %s; expected yes, or the "
			  "folder where the disk of that directory is mounted",
			  config->file, section, mount, directory);
}

static bool check_mounts(const struct config *config, struct reason *why)
{
	return check_mount(config, "record", config->record.require_mount, config->record.directory, why) &&
	       check_mount(config, "clips", config->clips.require_mount, config->clips.directory, why);
}

bool config_key_field(size_t number, struct config_field *out)
{
	if (number >= KEYS)
		return false;
	*out = (struct config_field){keys[number].name, keys[number].offset, keys[number].bytes};
	return true;
}

bool config_keys_read(const dictionary *dictionary, bool nested, struct config *out, struct reason *why)
{
	size_t slots = (size_t)dictionary->size; /* an ssize_t in iniparser 4.1, a size_t in 4.2 */

	for (size_t i = 0; i < slots; i++)
		if (dictionary->key[i] && !check_entry(dictionary->key[i], dictionary->val[i], out, why))
			return false;
	for (size_t i = 0; i < KEYS; i++)
		if (!read_key(&keys[i], dictionary, nested, out, why))
			return false;
	if (!check_preset(out, why) || !check_mounts(out, why))
		return false;
	if (strcmp(out->record.directory, out->clips.directory) == 0)
		return reason_set(why, "%s: [record] and [clips] have the same directory %s; expected two folders",
				  out->file, out->clips.directory);
	return true;
}
