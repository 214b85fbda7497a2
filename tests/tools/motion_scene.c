/*
 * motion_scene.c - shows a film to recorder-motion, faster than real time, and writes the records that come back.
 *
 *     motion_scene [-f FPS] [-s SECONDS] [-S FIRST_SECOND] PROGRAM FILE.mjpeg >RECORDS
 *
 * The film is a row of JPEGs of one size, FPS (5) pictures per second, the first one on a whole second. It is repeated
 * until it has the wanted length. The program reads the pictures from a ring as from a recorder's. On standard error
 * comes one line of JSON: what the program used.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jpeglib.h>

#include "recorderd/ring/ring_writer.h"
#include "shared/base/clock.h"
#include "shared/motion/motion_record.h"

#define RING_BYTES   (96u << 20)
#define RING_ENTRIES 4096
#define AHEAD_S      10                /* pictures that the program has not looked at yet */
#define AHEAD_OF_NOW (1000 * US_PER_S) /* of the monotonic clock: no second is over because time passes */
#define SILENCE_MS   30000
#define FIRST_SECOND INT64_C(1800000000)

struct film {
	uint8_t *data;
	size_t *at; /* count + 1 offsets */
	size_t count;
	unsigned width, height;
};

struct show {
	struct film film;
	long fps, seconds;
	int64_t first_second, mono_us;
	const char *program;
	pid_t child;
	int records;               /* the program's standard output */
	int64_t answered;          /* seconds that have a record, or were passed over */
	long rss_anon_kb, seccomp; /* of the program, after the last picture */
	int descriptors;
};

static struct ring_writer *ring; /* closed whatever happens, so that it does not stay in /dev/shm */

static void die(const char *what)
{
	fprintf(stderr, "motion_scene: %s: %s\n", what, strerror(errno));
	ring_writer_close(ring);
	exit(1);
}

static void load(const char *path, struct film *out)
{
	FILE *file = fopen(path, "rb");
	struct stat status;

	if (!file || fstat(fileno(file), &status) != 0)
		die(path);
	size_t bytes = (size_t)status.st_size;
	out->data = malloc(bytes);
	out->at = calloc(bytes / 100 + 2, sizeof(*out->at));
	if (!out->data || !out->at || fread(out->data, 1, bytes, file) != bytes)
		die(path);
	fclose(file);
	for (size_t i = 0; i + 3 <= bytes; i++)
		if (memcmp(out->data + i, "\xff\xd8\xff", 3) == 0)
			out->at[out->count++] = i;
	out->at[out->count] = bytes;
}

static void read_size(struct film *film)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, film->data + film->at[0], film->at[1] - film->at[0]);
	jpeg_read_header(&jpeg, TRUE);
	film->width = jpeg.image_width;
	film->height = jpeg.image_height;
	jpeg_destroy_decompress(&jpeg);
}

static void start(struct show *show, const char *camera)
{
	char fps[24];
	int ends[2];

	snprintf(fps, sizeof(fps), "%ld", show->fps);
	if (pipe2(ends, O_CLOEXEC) != 0 || (show->child = fork()) < 0)
		die("cannot start the program");
	if (show->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		execl(show->program, show->program, "--camera", camera, "--fps", fps, (char *)NULL);
		die(show->program);
	}
	close(ends[1]);
	show->records = ends[0];
}

static void put(struct show *show, long number)
{
	const struct film *film = &show->film;
	size_t picture = (size_t)number % film->count;
	int64_t since_us = number * US_PER_S / show->fps;
	struct iovec part = {film->data + film->at[picture], film->at[picture + 1] - film->at[picture]};
	struct ring_meta meta = {.wall_us = show->first_second * US_PER_S + since_us,
				 .mono_us = show->mono_us + since_us,
				 .epoch = 1,
				 .width = (uint16_t)film->width,
				 .height = (uint16_t)film->height};

	if (ring_writer_put(ring, &meta, &part, 1) == 0) {
		errno = EFBIG;
		die("a picture");
	}
}

/* Reads the record of the next second that has one. */
static void take_record(struct show *show)
{
	struct pollfd ready = {.fd = show->records, .events = POLLIN};
	struct motion_record record;

	if (poll(&ready, 1, SILENCE_MS) <= 0 || read(show->records, &record, sizeof(record)) != sizeof(record) ||
	    !motion_record_valid(&record, 0)) {
		kill(show->child, SIGKILL);
		errno = EPROTO;
		die("no valid record");
	}
	show->answered = record.second + 1 - show->first_second;
	if (fwrite(&record, sizeof(record), 1, stdout) != 1)
		die("standard output");
}

static void look_at_process(struct show *show)
{
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)show->child);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		(void)sscanf(line, "RssAnon: %ld", &show->rss_anon_kb);
		(void)sscanf(line, "Seccomp: %ld", &show->seccomp);
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)show->child);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		show->descriptors += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
}

static void run(struct show *show)
{
	for (long second = 0; second < show->seconds; second++) {
		for (long i = 0; i < show->fps; i++)
			put(show, second * show->fps + i);
		while (second - show->answered >= AHEAD_S)
			take_record(show);
	}
	put(show, show->seconds * show->fps); /* ends the last second */
	while (show->answered < show->seconds)
		take_record(show);
	look_at_process(show);
}

static void finish(struct show *show)
{
	struct rusage used;
	int status;

	ring_writer_close(ring);
	if (wait4(show->child, &status, 0, &used) != show->child || status != 0) {
		errno = ECHILD;
		die("the program failed");
	}
	double cpu_ms = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
	fprintf(stderr,
		"{\"pictures\": %ld, \"cpu_ms_per_picture\": %.3f, \"rss_anon_kb\": %ld, \"seccomp\": %ld, "
		"\"descriptors\": %d}\n",
		show->seconds * show->fps, cpu_ms / (double)(show->seconds * show->fps), show->rss_anon_kb,
		show->seccomp, show->descriptors);
}

int main(int argc, char **argv)
{
	struct show show = {.fps = 5, .first_second = FIRST_SECOND};
	struct reason why;
	uint64_t bytes, adopted;
	char camera[64], name[80];
	int option;

	while ((option = getopt(argc, argv, "f:s:S:")) != -1) {
		if (option == 'f')
			show.fps = atol(optarg);
		else if (option == 's')
			show.seconds = atol(optarg);
		else if (option == 'S')
			show.first_second = atoll(optarg);
		else
			return 2;
	}
	if (optind + 2 != argc || show.fps < 1) {
		fputs("usage: motion_scene [-f FPS] [-s SECONDS] [-S FIRST_SECOND] PROGRAM FILE.mjpeg\n", stderr);
		return 2;
	}
	show.program = argv[optind];
	load(argv[optind + 1], &show.film);
	read_size(&show.film);
	if (show.seconds == 0)
		show.seconds = (long)show.film.count / show.fps;
	snprintf(camera, sizeof(camera), "motion-scene-%d", (int)getpid());
	snprintf(name, sizeof(name), "/recorder.%s", camera);
	ring = ring_writer_open(&(struct ring_request){.name = name,
						       .data_bytes = RING_BYTES,
						       .index_entries = RING_ENTRIES,
						       .keep_us = 60 * US_PER_S,
						       .exact = true},
				&bytes, &adopted, &why);
	if (!ring) {
		fprintf(stderr, "motion_scene: %s\n", why.text);
		return 1;
	}
	show.mono_us = mono_now().us + AHEAD_OF_NOW;
	start(&show, camera);
	run(&show);
	finish(&show);
	return 0;
}
