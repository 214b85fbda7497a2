/* status_command.c - see status_command.h. */
#include "recorderd/command/status_command.h"

#include <json-c/json.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/ring/leftovers.h"
#include "shared/base/json_value.h"
#include "shared/base/time_text.h"
#include "shared/ring/health.h"
#include "shared/ring/ring_reader.h"
#include "shared/ring/state_json.h"

struct sentences {
	struct json_object *failures, *warnings; /* arrays of texts */
};

static void take_sentence(void *context, enum health_kind kind, const char *sentence)
{
	struct sentences *sentences = context;

	json_object_array_add(kind == HEALTH_FAILURE ? sentences->failures : sentences->warnings,
			      json_string_or_null(sentence));
}

static void print_list(FILE *to, const char *label, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		fprintf(to, "  %-10s %s\n", label, json_object_get_string(json_object_array_get_idx(list, i)));
}

static const char *iso(int64_t wall_us, char text[TIME_ISO_BYTES])
{
	time_format_iso((wall_t){wall_us}, text);
	return text;
}

static void print_camera(FILE *to, const struct recorder_state *state)
{
	char since[TIME_ISO_BYTES];

	fprintf(to, "  %-10s %s since %s", "camera", camera_state_text(state->camera_state),
		iso(state->since_wall_us, since));
	if (state->camera_state == CAMERA_STREAMING)
		fprintf(to, ": %s%s%s%s, %ux%u %s, %g frames/s (%g measured)", state->device, *state->model ? " (" : "",
			state->model, *state->model ? ")" : "", state->width, state->height, state->format,
			state->fps_milli / 1e3, state->measured_fps_milli / 1e3);
	fprintf(to, "\n  %-10s %llu since %s, %llu lost, %llu damaged\n", "frames", (unsigned long long)state->frames,
		iso(state->started_wall_us, since), (unsigned long long)state->lost,
		(unsigned long long)state->damaged);
}

static void print_memory(FILE *to, const struct ring_reader *ring, const struct recorder_state *state)
{
	char words[HEALTH_MEMORY_TEXT_BYTES];
	struct ring_frame oldest, newest;
	uint64_t head = ring_reader_head(ring);
	double seconds = 0;

	if (head && ring_reader_get(ring, head, &newest) && ring_reader_get(ring, ring_reader_tail(ring), &oldest))
		seconds = (double)(newest.meta.mono_us - oldest.meta.mono_us) / US_PER_S;
	fprintf(to, "  %-10s the newest %.0f s, in %llu MiB\n", "memory", seconds,
		(unsigned long long)ring_reader_data_bytes(ring) >> 20);
	health_memory_text(state, words);
	if (*words)
		fprintf(to, "  %-10s %s\n", "", words);
}

static void print_recording(FILE *to, const struct recorder_state *state)
{
	char text[TIME_ISO_BYTES];

	fprintf(to, "  %-10s %s since %s", "recording", recording_state_text(state->recording_state),
		iso(state->recording_since_wall_us, text));
	if (state->recording_state == RECORDING_ON)
		fprintf(to, ": %s, by %s", state->open_segment, state->encoder);
	fprintf(to, "\n  %-10s %llu segments, %.1f GB", "disk", (unsigned long long)state->segments,
		(double)state->recordings_bytes / 1e9);
	if (state->oldest_wall_us)
		fprintf(to, " since %s", iso(state->oldest_wall_us, text));
	fprintf(to, "; %.1f GB are free\n", (double)state->disk_free_bytes / 1e9);
}

static void print_sandbox(FILE *to, const struct recorder_state *state)
{
	fprintf(to, "  %-10s ", "sandbox");
	if (!state->sandbox_known)
		fprintf(to, "of FFmpeg: not known, since none was started yet\n");
	else if (*state->sandbox_missing)
		fprintf(to, "of FFmpeg: incomplete: %s\n", state->sandbox_missing);
	else
		fprintf(to, "of FFmpeg: Landlock %u and seccomp\n", state->sandbox_landlock);
}

/* One camera, asked once: everything below is about the same moment. */
struct account {
	const char *camera;
	struct ring_reader *ring; /* NULL: none runs */
	struct recorder_state state;
	struct sentences sentences;
	enum status_outcome outcome;
	char leftover[LEFTOVER_TEXT_BYTES]; /* of one that is gone; empty: nothing */
};

static void account_open(struct account *account, const struct config *config)
{
	const struct health_listener listener = {take_sentence, &account->sentences};
	struct reason why = {""};
	char name[64];

	*account = (struct account){.camera = config->camera.name};
	account->sentences = (struct sentences){json_object_new_array(), json_object_new_array()};
	config_ring_name(config, name);
	account->ring = ring_reader_open_any_user(name, &why);
	if (account->ring && (!ring_reader_state(account->ring, &account->state) ||
			      !ring_reader_is_alive(account->ring, &account->state))) {
		ring_reader_close(account->ring);
		account->ring = NULL;
	}
	if (account->ring || !why.text[0])
		health_check(account->ring ? &account->state : NULL, &listener);
	else
		take_sentence(&account->sentences, HEALTH_FAILURE, why.text);
	account->outcome = !account->ring                                              ? STATUS_ABSENT
			   : json_object_array_length(account->sentences.failures) > 0 ? STATUS_FAILED
										       : STATUS_OK;
	struct leftover left;
	if (!account->ring && leftover_find(account->camera, &left))
		leftover_describe(&left, account->leftover);
}

static void account_close(struct account *account)
{
	ring_reader_close(account->ring);
	json_object_put(account->sentences.failures);
	json_object_put(account->sentences.warnings);
}

#define USER_NUMBER_BYTES 16

/* `number` is used where the user has no name. */
static const char *user_name(uid_t uid, char number[USER_NUMBER_BYTES])
{
	const struct passwd *user = getpwuid(uid);

	snprintf(number, USER_NUMBER_BYTES, "%u", (unsigned)uid);
	return user ? user->pw_name : number;
}

static void account_print(const struct account *account, FILE *to)
{
	char number[USER_NUMBER_BYTES];
	static const char *const words[] = {[STATUS_OK] = "it records",
					    [STATUS_FAILED] = "it does NOT record as it should",
					    [STATUS_ABSENT] = "no recorder"};

	fprintf(to, "%s: %s", account->camera, words[account->outcome]);
	if (account->ring && ring_reader_owner(account->ring) != geteuid())
		fprintf(to, ", says the user %s", user_name(ring_reader_owner(account->ring), number));
	fputs("\n", to);
	print_list(to, "failure", account->sentences.failures);
	print_list(to, "warning", account->sentences.warnings);
	if (account->leftover[0])
		fprintf(to, "  %-10s %s\n", "memory", account->leftover);
	if (!account->ring)
		return;
	print_camera(to, &account->state);
	print_memory(to, account->ring, &account->state);
	print_recording(to, &account->state);
	print_sandbox(to, &account->state);
}

static struct json_object *account_json(const struct account *account)
{
	static const char *const words[] = {[STATUS_OK] = "ok", [STATUS_FAILED] = "failed", [STATUS_ABSENT] = "absent"};
	bool warned = json_object_array_length(account->sentences.warnings) > 0;
	struct json_object *json;

	if (account->ring) {
		json = state_json(account->camera, account->ring, &account->state);
	} else {
		json = json_object_new_object();
		json_object_object_add(json, "camera", json_string_or_null(account->camera));
	}
	json_object_object_add(
		json, "status",
		json_object_new_string(account->outcome == STATUS_OK && warned ? "warning" : words[account->outcome]));
	json_object_object_add(json, "failures", json_object_get(account->sentences.failures));
	json_object_object_add(json, "warnings", json_object_get(account->sentences.warnings));
	if (account->leftover[0])
		json_object_object_add(json, "leftover", json_string_or_null(account->leftover));
	return json;
}

static bool is_among(const char *camera, const struct config *cameras, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(cameras[i].camera.name, camera) == 0)
			return true;
	return false;
}

/* What recorders of cameras that are none of these have left. */
static void print_others(FILE *to, const struct config *cameras, size_t count)
{
	char text[LEFTOVER_TEXT_BYTES];
	struct leftover *all;
	size_t found = leftovers_find(&all);

	for (size_t i = 0; i < found; i++) {
		if (is_among(all[i].camera, cameras, count))
			continue;
		leftover_describe(&all[i], text);
		fprintf(to, "%s: no recorder, and none of these cameras\n  %-10s %s\n", all[i].camera, "memory", text);
	}
	free(all);
}

enum status_outcome status_print(FILE *to, const struct config *cameras, size_t count, bool json, bool others)
{
	struct json_object *array = json ? json_object_new_array() : NULL;
	enum status_outcome worst = STATUS_OK;

	for (size_t i = 0; i < count; i++) {
		struct account account;

		account_open(&account, &cameras[i]);
		if (account.outcome > worst)
			worst = account.outcome;
		if (json)
			json_object_array_add(array, account_json(&account));
		else
			account_print(&account, to);
		account_close(&account);
	}
	if (others && !json) /* a program asks for its cameras, and gets these */
		print_others(to, cameras, count);
	if (json)
		fprintf(to, "%s\n",
			json_object_to_json_string_ext(array,
						       JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(array);
	return worst;
}
