/* piece_state.c - reads and writes live.bin. */
#include "offsite/piece_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"

#define PART_FILE "." PIECE_STATE_FILE PART_SUFFIX

static uint32_t crc_of(const struct piece_state *state)
{
	return crc32c(0, state, offsetof(struct piece_state, crc));
}

static bool is_valid(const struct piece_state *state, const char *archive, const uint8_t *bucket)
{
	return state->magic == PIECE_STATE_MAGIC && state->crc == crc_of(state) &&
	       memchr(state->file, '\0', sizeof(state->file)) && segment_file_valid(state->file) &&
	       memchr(state->archive, '\0', sizeof(state->archive)) && strcmp(state->archive, archive) == 0 &&
	       memcmp(state->bucket, bucket, sizeof(state->bucket)) == 0 && clock_is_plausible(state->start_us) &&
	       clock_is_plausible(state->end_wall_us) && state->media_at <= INDEX_OFFSET_MAX &&
	       state->index_at <= INDEX_OFFSET_MAX;
}

bool piece_state_read(int folder, const char *archive, const uint8_t bucket[BUCKET_DIGEST_BYTES],
		      struct piece_state *out)
{
	bool good = false;
	int fd = openat(folder, PIECE_STATE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0) {
		good = read_at(fd, out, sizeof(*out), 0) == sizeof(*out) && is_valid(out, archive, bucket);
		close(fd);
	}
	if (!good)
		*out = (struct piece_state){0};
	return good;
}

bool piece_state_write(int folder, struct piece_state *state)
{
	int fd = openat(folder, PART_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return false;
	state->magic = PIECE_STATE_MAGIC;
	state->crc = crc_of(state);
	bool good = write_at(fd, state, sizeof(*state), 0);
	int error = errno;
	close(fd);
	errno = error;
	return good && renameat(folder, PART_FILE, folder, PIECE_STATE_FILE) == 0;
}
