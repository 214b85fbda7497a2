/* config_keys.c - the table of keys: where each value goes, what it may be, and its default. */
#include "shared/config/config_internal.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "shared/config/camera_device.h"
#include "shared/config/mount_need.h"

static const char *const fallbacks[] = {
	[FALLBACK_ANY] = "any", [FALLBACK_TEST] = "test", [FALLBACK_NONE] = "none", NULL};
static const char *const formats[] = {[FORMAT_AUTO] = "auto", [FORMAT_MJPEG] = "mjpeg", [FORMAT_YUYV] = "yuyv",
				      [FORMAT_UYVY] = "uyvy", [FORMAT_YVYU] = "yvyu",   [FORMAT_VYUY] = "vyuy",
				      [FORMAT_NV12] = "nv12", [FORMAT_NV21] = "nv21",   [FORMAT_YU12] = "yu12",
				      [FORMAT_YV12] = "yv12", [FORMAT_RGB24] = "rgb24", [FORMAT_BGR24] = "bgr24",
				      [FORMAT_GREY] = "grey", [FORMAT_Y16] = "y16",     NULL};
static const char *const outsides[] = {[OUTSIDE_LIVE] = "live", [OUTSIDE_OFF] = "off", NULL};
static const char *const rotations[] = {
	[ROTATE_0] = "0", [ROTATE_90] = "90", [ROTATE_180] = "180", [ROTATE_270] = "270", NULL};
static const char *const flips[] = {
	[FLIP_NONE] = "none", [FLIP_HORIZONTAL] = "horizontal", [FLIP_VERTICAL] = "vertical", NULL};
static const char *const codecs[] = {[CODEC_H264] = "h264", [CODEC_MJPEG] = "mjpeg", NULL};
static const char *const corners[] = {[CORNER_TOP_LEFT] = "top-left",
				      [CORNER_TOP_RIGHT] = "top-right",
				      [CORNER_BOTTOM_LEFT] = "bottom-left",
				      [CORNER_BOTTOM_RIGHT] = "bottom-right",
				      NULL};
static const char *const levels[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL};
static const char *const encoders[] = {"auto", "libx264", "h264_v4l2m2m", "h264_vaapi", "h264_nvenc", "h264_qsv", NULL};

static const char *const x264_presets[] = {"auto",   "ultrafast", "superfast", "veryfast", "faster",  "fast",
					   "medium", "slow",      "slower",    "veryslow", "placebo", NULL};
static const char *const no_zero[] = {"0 would be lossless, which no browser plays", NULL};

static_assert(sizeof(enum config_fallback) == sizeof(int) && sizeof(enum config_allow) == sizeof(int) &&
		      sizeof(enum log_level) == sizeof(int),
	      "a choice is stored as an int");

#define FIELD(field) offsetof(struct config, field), sizeof(((struct config *)NULL)->field)

/* camera:name comes first, because default folders may be named after it. */
static const struct config_key keys[] = {
	{"camera:name", "camera", CONFIG_NAME, FIELD(camera.name), 0, 0, NULL},
	{"camera:device", "auto", CONFIG_DEVICE, FIELD(camera.device), 0, 0, NULL},
	{"camera:fallback", "any", CONFIG_CHOICE, FIELD(camera.fallback), 0, 0, fallbacks},
	{"camera:width", "1280", CONFIG_INTEGER, FIELD(camera.width), 16, 8192, NULL},
	{"camera:height", "720", CONFIG_INTEGER, FIELD(camera.height), 16, 8192, NULL},
	{"camera:fps", "60", CONFIG_INTEGER, FIELD(camera.fps), 1, 240, NULL},
	{"camera:format", "auto", CONFIG_CHOICE, FIELD(camera.format), 0, 0, formats},
	{"camera:password_file", "", CONFIG_FILE_OR_NONE, FIELD(camera.password_file), 0, 0, NULL},
	{"camera:rotate", "0", CONFIG_CHOICE, FIELD(camera.rotate), 0, 0, rotations},
	{"camera:flip", "none", CONFIG_CHOICE, FIELD(camera.flip), 0, 0, flips},

	{"record:enabled", "yes", CONFIG_YES_NO, FIELD(record.enabled), 0, 0, NULL},
	{"record:hours", "", CONFIG_HOURS, FIELD(record.hours), 0, 0, NULL},
	{"record:outside_hours", "live", CONFIG_CHOICE, FIELD(record.outside_hours), 0, 0, outsides},
	{"record:directory", "recordings", CONFIG_FOLDER, FIELD(record.directory), 0, 0, NULL},
	{"record:require_mount", MOUNT_NEED_NO, CONFIG_MOUNT, FIELD(record.require_mount), 0, 0, NULL},
	{"record:segment_seconds", "600", CONFIG_INTEGER, FIELD(record.segment_seconds), 10, 86400, NULL},
	{"record:sync_seconds", "1", CONFIG_INTEGER, FIELD(record.sync_seconds), 1, 600, NULL},
	{"record:codec", "h264", CONFIG_CHOICE, FIELD(record.codec), 0, 0, codecs},
	{"record:sandbox", "yes", CONFIG_YES_NO, FIELD(record.sandbox), 0, 0, NULL},
	{"record:encoder", "libx264", CONFIG_WORD, FIELD(record.encoder), 0, 0, encoders},
	{"record:preset", "superfast", CONFIG_WORD, FIELD(record.preset), 0, 0, NULL},
	{"record:quality", "23", CONFIG_INTEGER, FIELD(record.quality), 1, 51, no_zero},
	{"record:stamp", "no", CONFIG_YES_NO, FIELD(record.stamp), 0, 0, NULL},
	{"record:stamp_format", "%Y-%m-%d %H:%M:%S", CONFIG_STAMP, FIELD(record.stamp_format), 0, 0, NULL},
	{"record:stamp_corner", "top-left", CONFIG_CHOICE, FIELD(record.stamp_corner), 0, 0, corners},

	{"retention:hours", "72", CONFIG_REAL, FIELD(retention.hours), 0, 1000000, NULL},
	{"retention:max_gb", "0", CONFIG_REAL, FIELD(retention.max_gb), 0, 1000000, NULL},
	{"retention:min_free_gb", "2", CONFIG_REAL, FIELD(retention.min_free_gb), 0, 1000000, NULL},
	{"retention:motion_hours", "0", CONFIG_REAL, FIELD(retention.motion_hours), 0, 1000000, NULL},

	{"motion:enabled", "yes", CONFIG_YES_NO, FIELD(motion.enabled), 0, 0, NULL},
	{"motion:fps", "5", CONFIG_INTEGER, FIELD(motion.fps), 1, 10, NULL},
	{"motion:days", "0", CONFIG_REAL, FIELD(motion.days), 0, 100000, NULL},

	{"memory:minutes", "30", CONFIG_REAL, FIELD(memory.minutes), 0.1, 1440, NULL},
	{"memory:max_mb", "0", CONFIG_INTEGER, FIELD(memory.max_mb), 0, 1048576, NULL},

	{"clips:directory", "clips", CONFIG_FOLDER, FIELD(clips.directory), 0, 0, NULL},
	{"clips:require_mount", MOUNT_NEED_NO, CONFIG_MOUNT, FIELD(clips.require_mount), 0, 0, NULL},
	{"clips:cache", "yes", CONFIG_YES_NO, FIELD(clips.cache), 0, 0, NULL},
	{"clips:max_mb", "2048", CONFIG_INTEGER, FIELD(clips.max_mb), 1, 100000000, NULL},

	{"http:max_viewers", "500", CONFIG_INTEGER, FIELD(http.max_viewers), 1, 10000, NULL},
	{"http:max_event_clients", "500", CONFIG_INTEGER, FIELD(http.max_event_clients), 1, 10000, NULL},
	{"http:max_downloads", "64", CONFIG_INTEGER, FIELD(http.max_downloads), 1, 10000, NULL},
	{"http:max_clip_minutes", "360", CONFIG_INTEGER, FIELD(http.max_clip_minutes), 1, 10080, NULL},
	{"http:max_transcodes", "1", CONFIG_INTEGER, FIELD(http.max_transcodes), 0, 64, NULL},
	{"http:address_share", "75", CONFIG_INTEGER, FIELD(http.address_share), 1, 100, NULL},
	{"http:stall_seconds", "60", CONFIG_INTEGER, FIELD(http.stall_seconds), 1, 3600, NULL},
	{"http:proxies", "", CONFIG_NETWORKS, FIELD(http.proxies), 0, 0, NULL},
	{"http:allow_control", "no", CONFIG_ALLOW, FIELD(http.allow_control), 0, 0, NULL},
	{"http:hosts", "", CONFIG_HOSTS, FIELD(http.hosts), 0, 0, NULL},
	{"http:allow_origin", "", CONFIG_ORIGINS, FIELD(http.allow_origin), 0, 0, NULL},
	{"http:frame_ancestors", "", CONFIG_ORIGINS, FIELD(http.frame_ancestors), 0, 0, NULL},
	{"http:tokens", "tokens", CONFIG_FILE_PATH, FIELD(http.tokens), 0, 0, NULL},

	{"store:url", "", CONFIG_BUCKET, FIELD(store.url), 0, 0, NULL},
	{"store:region", "us-east-1", CONFIG_WORD, FIELD(store.region), 0, 0, NULL},
	{"store:key_file", "store.key", CONFIG_FILE_PATH, FIELD(store.key_file), 0, 0, NULL},
	{"store:ca_file", "", CONFIG_FILE_OR_NONE, FIELD(store.ca_file), 0, 0, NULL},
	{"store:directory", "store", CONFIG_FOLDER, FIELD(store.directory), 0, 0, NULL},
	{"store:piece_seconds", "5", CONFIG_INTEGER, FIELD(store.piece_seconds), 0, 60, NULL},
	{"store:max_mbit", "0", CONFIG_REAL, FIELD(store.max_mbit), 0, 100000, NULL},
	{"store:read_url", "", CONFIG_BUCKET, FIELD(store.read_url), 0, 0, NULL},
	{"store:read_key_file", "store-read.key", CONFIG_FILE_PATH, FIELD(store.read_key_file), 0, 0, NULL},
	{"store:cache", "cache", CONFIG_SHARED_FOLDER, FIELD(store.cache), 0, 0, NULL},
	{"store:cache_gb", "4", CONFIG_REAL, FIELD(store.cache_gb), 0.01, 1000000, NULL},
	{"store:expire_hours", "0", CONFIG_REAL, FIELD(store.expire_hours), 0, 1000000, NULL},
	{"store:wait_hours", "0", CONFIG_REAL, FIELD(retention.wait_hours), 0, 1000000, NULL},

	{"log:level", "info", CONFIG_CHOICE, FIELD(log_level), 0, 0, levels},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* The length of the section in section:key. */
static int section_length(const char *name)
{
	return (int)strcspn(name, ":");
}

static bool read_key(const struct config_key *key, const dictionary *dictionary, bool nested, struct config *out,
		     struct reason *why)
{
	const char *text = iniparser_getstring(dictionary, key->name, NULL);
	char preset[64], expected[192], shown[CONFIG_VALUE_SHOWN + 1];
	int section = section_length(key->name);

	if (!text) {
		bool by_name = nested && key->kind == CONFIG_FOLDER;
		snprintf(preset, sizeof(preset), "%s%s%s", key->preset, by_name ? "/" : "",
			 by_name ? out->camera.name : "");
		text = preset;
	}
	if (config_key_read(key, text, out->file, out))
		return true;
	config_key_describe(key, expected, sizeof(expected));
	if (key->kind == CONFIG_DEVICE) {
		camera_device_show(text, shown, sizeof(shown)); /* it may contain a password */
		text = shown;
	}
	return reason_set(why, "%s: [%.*s] %s = %.*s is invalid; expected %s", out->file, section, key->name,
			  key->name + section + 1, CONFIG_VALUE_SHOWN, text, expected);
}

static bool is_known_section(const char *name, size_t length)
{
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

	reason_set(why, "%s: [%.*s] has no key %.*s", config->file, section, name, CONFIG_VALUE_SHOWN,
		   name + section + 1);
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
				  out->file, CONFIG_VALUE_SHOWN, name[0] == ':' ? name + 1 : "[]");
	if (config_hooks_has_section(name))
		return config_hooks_check_entry(name, out, why);
	if (config_free_keys_has_section(name))
		return config_free_keys_add(name, value, out, why);
	if (!is_known_section(name, (size_t)section))
		return reason_set(
			why,
			"%s: there is no section [%.*s]; expected [camera], [record], [retention], [motion], [memory], "
			"[clips], [http], [store], [controls], [mask], [log] or [hook NAME]",
			out->file, section < CONFIG_VALUE_SHOWN ? section : CONFIG_VALUE_SHOWN, name);
	if (name[section] == '\0')
		return true;
	return is_known_key(name) || refuse_key(name, out, why);
}

/* Presets belong to an encoder. Only libx264's, which auto may use too, are known and passed on. */
static bool check_preset(const struct config *config, struct reason *why)
{
	const struct config_key allowed = {.kind = CONFIG_WORD, .choices = x264_presets};
	char expected[128];
	int choice;

	bool is_x264 = strcmp(config->record.encoder, "libx264") == 0 || strcmp(config->record.encoder, "auto") == 0;
	if (!is_x264 || config_read_choice(config->record.preset, x264_presets, &choice))
		return true;
	config_key_describe(&allowed, expected, sizeof(expected));
	return reason_set(why, "%s: [record] preset = %s is invalid; expected %s", config->file, config->record.preset,
			  expected);
}

const char *config_format_text(enum config_format format)
{
	return formats[format];
}

bool config_key_field(size_t number, struct config_field *out)
{
	if (number >= KEYS)
		return false;
	*out = (struct config_field){keys[number].name, keys[number].offset, keys[number].bytes};
	return true;
}

static bool has_section(const dictionary *dictionary, const char *section)
{
	size_t slots = (size_t)dictionary->size, length = strlen(section);

	for (size_t i = 0; i < slots; i++)
		if (dictionary->key[i] && strncmp(dictionary->key[i], section, length) == 0 &&
		    strchr(":", dictionary->key[i][length]))
			return true;
	return false;
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
	config_free_keys_sort(out);
	if (!config_hooks_read(dictionary, out, why))
		return false;
	out->viewer = out->store.read_url[0] && !out->store.url[0] && !has_section(dictionary, "camera");
	return check_preset(out, why) && config_folders_check(out, why);
}
