/* archive_clock.c - whether the wall clock can be trusted. */
#include "recorderd/archive/archive_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "shared/segment/retention.h"

/*
 * A machine without a real-time clock starts in 1970, or with a time that was saved before it was switched off, and is
 * right only once NTP has synchronised it. That nobody synchronises a clock is no evidence of this: many machines have
 * a good clock and no NTP. So a clock that has not been synchronised since the boot is doubted only if it is earlier
 * than any recorder, if it is earlier than what has been recorded already, or if it is known to come from a saved time.
 *
 * Once the clock has been synchronised, it is trusted for the rest of the boot, whatever it is set to.
 */

#define RTC_MAX    10
#define SET_MIN_US US_PER_S /* less than this is not a clock that was wrong */

bool archive_clock_is_synchronised(void)
{
	struct timex state = {0};
	int answer = adjtimex(&state); /* -1: a sandbox does not allow the call */

	return answer >= 0 && answer != TIME_ERROR && !(state.status & STA_UNSYNC);
}

/* True if the kernel has set the system clock from a real-time clock. */
static bool has_rtc(int root)
{
	for (unsigned i = 0; i < RTC_MAX; i++) {
		char file[64], text[2] = "";
		snprintf(file, sizeof(file), "sys/class/rtc/rtc%u/hctosys", i);
		int fd = openat(root, file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		bool set = read(fd, text, 1) == 1 && text[0] == '1';
		close(fd);
		if (set)
			return true;
	}
	return false;
}

bool archive_clock_is_saved(int root)
{
	static const char *const saved[] = {"etc/fake-hwclock.data", "var/lib/systemd/timesync/clock"};

	if (has_rtc(root))
		return false;
	for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++)
		if (faccessat(root, saved[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

/* True if the clock has been set since a frame got its time. Encoders hold frames back for seconds. */
static bool was_set_since(wall_t wall, mono_t mono)
{
	int64_t set_by_us = clock_offset_us() - (wall.us - mono.us);

	return set_by_us >= SET_MIN_US || set_by_us <= -SET_MIN_US;
}

uint16_t archive_clock_flags(struct archive *archive, wall_t wall, mono_t mono)
{
	bool synchronised = archive_clock_is_synchronised();

	if (synchronised && !atomic_exchange(&archive->clock_synchronised, true) && was_set_since(wall, mono))
		return SEGMENT_CLOCK_DOUBTFUL;
	if (atomic_load(&archive->clock_synchronised))
		return SEGMENT_CLOCK_SYNCHRONISED;
	bool doubtful = wall.us < RETENTION_EARLIEST_US || wall.us < atomic_load(&archive->newest_wall_us) ||
			archive->clock_is_saved;
	return doubtful ? SEGMENT_CLOCK_DOUBTFUL : 0;
}

static bool is_of_boot(const struct catalogue_entry *entry, const uint8_t boot_id[16])
{
	return memcmp(entry->boot_id, boot_id, sizeof(entry->boot_id)) == 0;
}

static bool was_synchronised(const struct archive *archive, const uint8_t boot_id[16])
{
	for (size_t i = archive->count; i-- > 0;) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		if (entry->flags & SEGMENT_CLOCK_SYNCHRONISED && is_of_boot(entry, boot_id))
			return true;
	}
	return false;
}

void archive_clock_settle(struct archive *archive)
{
	uint8_t this_boot[16], last_boot[16] = {0};
	bool last_synchronised = false;
	int64_t newest_us = 0;

	clock_boot_id(this_boot);
	if (was_synchronised(archive, this_boot))
		atomic_store(&archive->clock_synchronised, true);
	for (size_t i = 0; i < archive->count; i++) {
		struct catalogue_entry *entry = &archive->segments[i].entry;

		if (!(entry->flags & SEGMENT_CLOCK_DOUBTFUL)) {
			newest_us = entry->end_wall_us;
			continue;
		}
		if (is_of_boot(entry, this_boot))
			continue;
		if (!is_of_boot(entry, last_boot))
			last_synchronised = was_synchronised(archive, entry->boot_id);
		memcpy(last_boot, entry->boot_id, sizeof(last_boot));
		if (!last_synchronised)
			entry->flags &= (uint8_t)~SEGMENT_CLOCK_DOUBTFUL;
	}
	atomic_store(&archive->newest_wall_us, newest_us);
}
