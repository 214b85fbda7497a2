/* output_lines.c - what a program writes, as lines for the log. */
#include "shared/program/output_lines.h"

#include <stdio.h>
#include <string.h>

static void end_line(struct output_lines *lines)
{
	lines->line[lines->used] = '\0';
	if (lines->used > 0)
		memcpy(lines->last, lines->line, lines->used + 1);
	if (lines->used > 0 && lines->shown < OUTPUT_LINES_SHOWN) {
		lines->shown++;
		lines->show(lines->context, lines->line);
	} else if (lines->used > 0) {
		lines->dropped++;
	}
	lines->used = 0;
}

bool output_lines_take(struct output_lines *lines, const char *data, size_t bytes)
{
	lines->bytes += bytes;
	for (size_t i = 0; i < bytes; i++) {
		if (data[i] == '\n')
			end_line(lines);
		else if (data[i] != '\0' && lines->used < OUTPUT_LINE_BYTES)
			lines->line[lines->used++] = data[i];
	}
	return lines->bytes <= OUTPUT_BYTES_MAX;
}

void output_lines_finish(struct output_lines *lines)
{
	char text[64];

	end_line(lines);
	if (lines->dropped == 0)
		return;
	snprintf(text, sizeof(text), "(%llu more lines are not shown)", (unsigned long long)lines->dropped);
	lines->show(lines->context, text);
}
