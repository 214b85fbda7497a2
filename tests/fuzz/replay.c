/* replay.c - runs a target on the named files and folders of files, without a fuzzer. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static size_t count;

/* The bytes are in memory of exactly their size, so that a sanitizer notices reads beyond their end. */
static bool replay_file(const char *path)
{
	struct stat status;
	FILE *file = fopen(path, "r");
	bool good = file && fstat(fileno(file), &status) == 0;
	size_t size = good ? (size_t)status.st_size : 0;
	uint8_t *data = good ? malloc(size) : NULL;

	good = good && (size == 0 || (data && fread(data, 1, size, file) == size));
	if (file)
		fclose(file);
	if (good) {
		fprintf(stderr, "%s\n", path);
		LLVMFuzzerTestOneInput(data, size);
		count++;
	} else {
		fprintf(stderr, "%s: cannot be read\n", path);
	}
	free(data);
	return good;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay(const char *path)
{
	char file[4096];
	struct dirent **entries = NULL;
	int entry_count = scandir(path, &entries, is_visible, alphasort);
	bool good = true;

	if (entry_count < 0)
		return replay_file(path);
	for (int i = 0; i < entry_count; i++) {
		int length = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		good = length < (int)sizeof(file) && replay_file(file) && good;
		free(entries[i]);
	}
	free(entries);
	return good;
}

int main(int argc, char **argv)
{
	bool good = true;

	for (int i = 1; i < argc; i++)
		good = replay(argv[i]) && good;
	printf("%zu inputs\n", count);
	return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
