/*
 * fuzz_hook.c - packets of the socket of recorder-hooks, hours of the week, and what a program writes.
 *
 * Input: hours and the packet, separated by NUL. A packet that is taken leads only into its own bytes. Hours that are
 * read contain a minute of the week, and no other text than the documented one is read.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/notify/hook_socket.h"
#include "shared/program/output_lines.h"
#include "shared/text/week_hours.h"

static void check_packet(const uint8_t *data, size_t bytes)
{
	struct hook_news news;
	struct hook_hello hello;

	hook_hello_read(data, bytes, &hello);
	if (!hook_packet_read(data, bytes, &news))
		return;
	holds(news.kind < HOOK_PACKET_KINDS);
	if (news.kind == HOOK_NOTIFICATION) {
		const uint8_t *json = (const uint8_t *)news.notification.json;
		holds(json >= data && json + news.notification.record.json_bytes == data + bytes);
		holds(news.notification.record.kind < NOTIFICATION_KINDS);
	}
	holds(news.kind != HOOK_MOTION || motion_second_valid(news.motion.second));
}

static void check_hours(const char *text)
{
	struct week_hours hours;
	struct reason why = {0};
	size_t minutes = 0;

	if (!week_hours_parse(text, &hours, &why)) {
		holds(why.text[0] != '\0');
		return;
	}
	for (size_t i = 0; i < sizeof(hours.minutes); i++)
		minutes += (size_t)__builtin_popcount(hours.minutes[i]);
	holds(minutes > 0 && minutes <= WEEK_MINUTES);
	holds(text[strspn(text, "montuewdhrifsaMONTUEWDHRIFSA0123456789:-, \t")] == '\0');
}

static void count_line(void *context, const char *line)
{
	holds(strlen(line) <= OUTPUT_LINE_BYTES);
	++*(unsigned *)context;
}

static void check_output(const uint8_t *data, size_t bytes)
{
	unsigned shown = 0;
	struct output_lines lines = {.show = count_line, .context = &shown};

	holds(output_lines_take(&lines, (const char *)data, bytes) == (bytes <= OUTPUT_BYTES_MAX));
	output_lines_finish(&lines);
	holds(shown <= OUTPUT_LINES_SHOWN + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *hours = input_text(&input);

	check_hours(hours);
	check_packet(input.at, input.left);
	check_output(data, size);
	free(hours);
	return 0;
}
