/* ini_files.c - writes .ini files and loads them, or expects them to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/ini_files.h"

char ini_folder[PATH_MAX];

int ini_folder_make(void **state)
{
	char template[] = "/tmp/test-config-XXXXXX";

	(void)state;
	return mkdtemp(template) && realpath(template, ini_folder) ? 0 : -1;
}

int ini_folder_remove(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", ini_folder);
	return system(command);
}

const char *ini_path(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", ini_folder, name);
	return path;
}

const char *ini_write_bytes(const char *name, const void *bytes, size_t length)
{
	const char *path = ini_path(name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	return path;
}

const char *ini_write(const char *name, const char *text)
{
	return ini_write_bytes(name, text, strlen(text));
}

struct config ini_loaded(const char *text)
{
	struct config config;
	struct reason why;

	if (!config_load(ini_write("good.ini", text), &config, &why))
		fail_msg("%s", why.text);
	return config;
}

void ini_refused(const char *text, const char *word, const char *another)
{
	static struct config config;
	struct reason why = {0};
	const char *path = ini_write("bad.ini", text);

	if (config_load(path, &config, &why))
		fail_msg("accepted: %s", text);
	if (!strstr(why.text, path) || !strstr(why.text, word) || !strstr(why.text, another))
		fail_msg("%s\n says: %s", text, why.text);
}
