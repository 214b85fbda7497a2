/* input.c - splits an input, and makes files from it. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char folder_path[64];

uint64_t input_number(struct input *input, size_t bytes)
{
	uint8_t little[8] = {0};
	uint64_t value = 0;

	input_bytes(input, little, bytes);
	for (size_t i = 0; i < sizeof(little); i++)
		value |= (uint64_t)little[i] << 8 * i;
	return value;
}

size_t input_bytes(struct input *input, void *out, size_t bytes)
{
	size_t taken = bytes < input->left ? bytes : input->left;

	if (taken > 0)
		memcpy(out, input->at, taken);
	input->at += taken;
	input->left -= taken;
	return taken;
}

char *input_text(struct input *input)
{
	size_t length = input->left ? strnlen((const char *)input->at, input->left) : 0;
	char *text = malloc(length + 1);

	holds(text);
	input_bytes(input, text, length);
	text[length] = '\0';
	input->at += input->left > 0;
	input->left -= input->left > 0;
	return text;
}

uint8_t *input_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	holds(copy || size == 0);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

static void remove_folder(void)
{
	DIR *folder = opendir(folder_path);

	for (struct dirent *entry; folder && (entry = readdir(folder));)
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(folder_path);
}

const char *scratch_path(void)
{
	if (folder_path[0] == '\0') {
		snprintf(folder_path, sizeof(folder_path), "/dev/shm/recorder-fuzz-XXXXXX");
		holds(mkdtemp(folder_path));
		holds(atexit(remove_folder) == 0);
	}
	return folder_path;
}

int scratch_folder(void)
{
	static int folder = -1;

	if (folder < 0)
		folder = open(scratch_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	holds(folder >= 0);
	return folder;
}

static void write_all(int fd, const void *data, size_t size)
{
	holds(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

void scratch_write(const char *name, const void *data, size_t size)
{
	int fd = openat(scratch_folder(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	write_all(fd, data, size);
	close(fd);
}

void scratch_remove(const char *name)
{
	unlinkat(scratch_folder(), name, 0);
}

int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	write_all(fd, data, size);
	return fd;
}
