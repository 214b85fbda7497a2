/* status_command.c - prints how the running recorders are doing. */
#include "recorderd/command/status_command.h"

#include <json-c/json.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/ring/leftovers.h"
#include "shared/ring/health.h"
#include "shared/ring/health_disk.h"
#include "shared/ring/ring_reader.h"
#include "shared/ring/state_json.h"
#include "shared/text/json_value.h"
#include "shared/text/time_text.h"

struct findings {
	struct json_object *failures, *warnings; /* arrays of sentences */
};

static void add_finding(void *context, enum health_kind kind, const char *sentence)
{
	struct findings *findings = context;

	json_object_array_add(kind == HEALTH_FAILURE ? findings->failures : findings->warnings,
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
	struct ring_frame oldest, newest;
	uint64_t head = ring_reader_head(ring);
	double seconds = 0;

	if (head && ring_reader_get(ring, head, &newest) && ring_reader_get(ring, ring_reader_tail(ring), &oldest))
		seconds = (double)(newest.meta.mono_us - oldest.meta.mono_us) / US_PER_S;
	fprintf(to, "  %-10s the newest %.0f s, in %llu MiB\n", "memory", seconds,
		(unsigned long long)ring_reader_data_bytes(ring) >> 20);

	char note[HEALTH_MEMORY_TEXT_BYTES];

	health_memory_text(state, note);
	if (*note)
		fprintf(to, "  %-10s %s\n", "", note);
}

static void print_recording(FILE *to, const struct recorder_state *state)
{
	char text[TIME_ISO_BYTES];

	fprintf(to, "  %-10s %s since %s", "recording", recording_state_text(state->recording_state),
		iso(state->recording_since_wall_us, text));
	if (state->recording_state == RECORDING_ON)
		fprintf(to, ": %s, encoded by %s", state->open_segment, state->encoder);
	fprintf(to, "\n  %-10s %llu segments, %.1f GB", "disk", (unsigned long long)state->segments,
		(double)state->recordings_bytes / 1e9);
	if (state->oldest_wall_us)
		fprintf(to, " since %s", iso(state->oldest_wall_us, text));
	fprintf(to, "; %.1f GB free\n", (double)state->disk_free_bytes / 1e9);

	char note[HEALTH_DISK_TEXT_BYTES];

	health_disk_text(state, note);
	if (*note)
		fprintf(to, "  %-10s %s\n", "", note);
}

static void print_store(FILE *to, const struct recorder_state *state)
{
	char text[TIME_ISO_BYTES];

	if (state->store_state == STORE_OFF)
		return;
	fprintf(to, "  %-10s %s", "store", store_state_text(state->store_state));
	if (state->store_shipped_wall_us)
		fprintf(to, ", has footage until %s", iso(state->store_shipped_wall_us, text));
	fprintf(to, "; %llu segments wait, %.1f GB\n", (unsigned long long)state->store_waiting_segments,
		(double)state->store_waiting_bytes / 1e9);
}

static void print_motion(FILE *to, const struct recorder_state *state)
{
	char text[TIME_ISO_BYTES];

	if (state->motion_state == MOTION_UNKNOWN)
		return;
	fprintf(to, "  %-10s %s", "motion", motion_state_text(state->motion_state));
	if (state->motion_second_wall_us)
		fprintf(to, ", %llu seconds noted, until %s", (unsigned long long)state->motion_records,
			iso(state->motion_second_wall_us, text));
	fprintf(to, ", %u restarts\n", state->motion_restarts);
}

static void print_sandbox(FILE *to, const struct recorder_state *state)
{
	fprintf(to, "  %-10s ", "sandbox");
	if (!state->sandbox_known)
		fprintf(to, "FFmpeg: unknown until it starts\n");
	else if (*state->sandbox_missing)
		fprintf(to, "FFmpeg: incomplete: %s\n", state->sandbox_missing);
	else
		fprintf(to, "FFmpeg: Landlock ABI %u and seccomp\n", state->sandbox_landlock);
}

/* The status of one camera. The state is read once, so that all of the report is about the same moment. */
struct report {
	const char *camera;
	struct ring_reader *ring; /* NULL: no recorder is running */
	struct recorder_state state;
	struct findings findings;
	enum status_outcome outcome;
	char leftover[LEFTOVER_TEXT_BYTES]; /* empty: none */
};

static void report_open(struct report *report, const struct config *config)
{
	const struct health_listener listener = {add_finding, &report->findings};
	struct reason why = {""};
	char name[64];

	*report = (struct report){.camera = config->camera.name};
	report->findings = (struct findings){json_object_new_array(), json_object_new_array()};
	config_ring_name(config, name);
	report->ring = ring_reader_open_any_user(name, &why);
	if (report->ring &&
	    (!ring_reader_state(report->ring, &report->state) || !ring_reader_is_alive(report->ring, &report->state))) {
		ring_reader_close(report->ring);
		report->ring = NULL;
	}
	if (report->ring || !why.text[0])
		health_check(report->ring ? &report->state : NULL, &listener);
	else
		add_finding(&report->findings, HEALTH_FAILURE, why.text);
	if (!report->ring)
		report->outcome = STATUS_ABSENT;
	else if (json_object_array_length(report->findings.failures) > 0)
		report->outcome = STATUS_FAILED;

	struct leftover left;
	if (!report->ring && leftover_find(report->camera, &left))
		leftover_describe(&left, report->leftover);
}

static void report_close(struct report *report)
{
	ring_reader_close(report->ring);
	json_object_put(report->findings.failures);
	json_object_put(report->findings.warnings);
}

#define USER_NUMBER_BYTES 16

/* Returns the user's name; if it has none, its number, formatted into `number`. */
static const char *user_name(uid_t uid, char number[USER_NUMBER_BYTES])
{
	const struct passwd *user = getpwuid(uid);

	snprintf(number, USER_NUMBER_BYTES, "%u", (unsigned)uid);
	return user ? user->pw_name : number;
}

static void report_print(const struct report *report, FILE *to)
{
	static const char *const texts[] = {
		[STATUS_OK] = "recording",
		[STATUS_FAILED] = "NOT recording as it should",
		[STATUS_ABSENT] = "no recorder is running",
	};

	fprintf(to, "%s: %s", report->camera, texts[report->outcome]);
	if (report->ring && ring_reader_owner(report->ring) != geteuid()) {
		char number[USER_NUMBER_BYTES];

		fprintf(to, " (the recorder of user %s)", user_name(ring_reader_owner(report->ring), number));
	}
	fputs("\n", to);
	print_list(to, "failure", report->findings.failures);
	print_list(to, "warning", report->findings.warnings);
	if (report->leftover[0])
		fprintf(to, "  %-10s %s\n", "memory", report->leftover);
	if (!report->ring)
		return;
	print_camera(to, &report->state);
	print_memory(to, report->ring, &report->state);
	print_recording(to, &report->state);
	print_motion(to, &report->state);
	print_store(to, &report->state);
	print_sandbox(to, &report->state);
}

static struct json_object *report_json(const struct report *report)
{
	static const char *const names[] = {
		[STATUS_OK] = "ok",
		[STATUS_FAILED] = "failed",
		[STATUS_ABSENT] = "absent",
	};
	bool warned = json_object_array_length(report->findings.warnings) > 0;
	struct json_object *json;

	if (report->ring) {
		json = state_json(report->camera, report->ring, &report->state);
	} else {
		json = json_object_new_object();
		json_object_object_add(json, "camera", json_string_or_null(report->camera));
	}
	json_object_object_add(
		json, "status",
		json_object_new_string(report->outcome == STATUS_OK && warned ? "warning" : names[report->outcome]));
	json_object_object_add(json, "failures", json_object_get(report->findings.failures));
	json_object_object_add(json, "warnings", json_object_get(report->findings.warnings));
	if (report->leftover[0])
		json_object_object_add(json, "leftover", json_string_or_null(report->leftover));
	return json;
}

static bool is_among(const char *camera, const struct config *cameras, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(cameras[i].camera.name, camera) == 0)
			return true;
	return false;
}

/* Prints the leftovers of cameras that are not among `cameras`. */
static void print_others(FILE *to, const struct config *cameras, size_t count)
{
	struct leftover *all;
	size_t found = leftovers_find(&all);

	for (size_t i = 0; i < found; i++) {
		char text[LEFTOVER_TEXT_BYTES];

		if (is_among(all[i].camera, cameras, count))
			continue;
		leftover_describe(&all[i], text);
		fprintf(to, "%s: not in this configuration, and no recorder is running\n  %-10s %s\n", all[i].camera,
			"memory", text);
	}
	free(all);
}

enum status_outcome status_print(FILE *to, const struct config *cameras, size_t count, bool json, bool others)
{
	struct json_object *array = json ? json_object_new_array() : NULL;
	enum status_outcome worst = STATUS_OK;

	for (size_t i = 0; i < count; i++) {
		struct report report;

		report_open(&report, &cameras[i]);
		if (report.outcome > worst)
			worst = report.outcome;
		if (json)
			json_object_array_add(array, report_json(&report));
		else
			report_print(&report, to);
		report_close(&report);
	}
	if (others && !json) /* a program that reads the JSON expects its own cameras only */
		print_others(to, cameras, count);
	if (json)
		fprintf(to, "%s\n",
			json_object_to_json_string_ext(array,
						       JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(array);
	return worst;
}
