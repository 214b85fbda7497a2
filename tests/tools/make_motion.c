/*
 * make_motion.c - writes the .motion files of an archive that exists, and the lists of the days, as the recorder does.
 *
 *     make_motion [-r SEED] [-u SEGMENTS] [-g SEGMENTS] [-n] FOLDER <SCENE
 *
 * Each second of each segment gets a record. -r: things that move for 20 seconds, about one second in 12; -u: the newest
 * segments are in no list; -g: the oldest segments lose their footage; -n: no lists. The lines of SCENE, with times in
 * seconds since 1970:
 *
 *     move FROM TO COLUMN ROW WIDTH HEIGHT STRENGTH    cells move in [FROM, TO)
 *     mark FROM TO FLAGS                               enum motion_flags, as a number
 *     unknown FROM TO                                  no records
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/base/clock.h"
#include "shared/motion/motion_list.h"

#define SCENE_MAX    4096
#define DAY_S        86400
#define SEGMENT_MAX  86400
#define ENTRIES_MAX  DAY_S
#define BLOCKS_MAX   (2 * DAY_S)
#define RANDOM_ODDS  240
#define RANDOM_LASTS 20

enum kind { MOVE, MARK, UNKNOWN };

struct line {
	enum kind kind;
	int64_t from, to;
	int column, row, width, height, value;
};

static struct {
	struct line lines[SCENE_MAX];
	size_t count;
	uint64_t random; /* 0: nothing moves but what the scene says */
	int left, column, row;
} scene;

static struct {
	int64_t day;
	struct motion_list_entry entries[ENTRIES_MAX];
	struct motion_list_block blocks[BLOCKS_MAX];
	uint32_t entry_count, block_count;
} list;

static bool with_lists = true;

static void die(const char *what)
{
	fprintf(stderr, "make_motion: %s\n", what);
	exit(1);
}

static void scene_read(void)
{
	char text[256], kind[16];

	while (fgets(text, sizeof(text), stdin)) {
		struct line *line = &scene.lines[scene.count++];
		if (scene.count == SCENE_MAX ||
		    sscanf(text, "%15s %" SCNd64 " %" SCNd64, kind, &line->from, &line->to) != 3)
			die("a line of the scene is wrong");
		line->kind = strcmp(kind, "move") == 0 ? MOVE : strcmp(kind, "mark") == 0 ? MARK : UNKNOWN;
		if (line->kind == MOVE && sscanf(text, "%*s %*d %*d %d %d %d %d %d", &line->column, &line->row,
						 &line->width, &line->height, &line->value) != 5)
			die("a move needs COLUMN ROW WIDTH HEIGHT STRENGTH");
		if (line->kind == MARK && sscanf(text, "%*s %*d %*d %d", &line->value) != 1)
			die("a mark needs FLAGS");
	}
}

/* xorshift64 (Marsaglia, 2003) */
static uint64_t next_random(void)
{
	scene.random ^= scene.random << 13;
	scene.random ^= scene.random >> 7;
	return scene.random ^= scene.random << 17;
}

static void raise_cells(struct motion_record *record, int column, int row, int width, int height, int strength)
{
	for (int y = row; y < row + height; y++)
		for (int x = column; x < column + width; x++)
			motion_cells_raise(&record->cells, x, y, (enum motion_strength)strength);
}

static void add_random(struct motion_record *record)
{
	if (scene.left == 0 && next_random() % RANDOM_ODDS == 0) {
		scene.left = RANDOM_LASTS;
		scene.column = (int)(next_random() % (MOTION_COLUMNS - 2));
		scene.row = (int)(next_random() % (MOTION_ROWS - 3));
	}
	if (scene.left == 0)
		return;
	scene.left--;
	scene.column = (scene.column + (int)(next_random() % 3)) % (MOTION_COLUMNS - 2);
	scene.row = (scene.row + (int)(next_random() % 2)) % (MOTION_ROWS - 3);
	raise_cells(record, scene.column, scene.row, 2, 3, 1 + (int)(next_random() % 3));
}

/* False: the second has no record. */
static bool record_make(int64_t second, struct motion_record *record)
{
	bool known = true;

	*record = (struct motion_record){
		.second = second, .mean_luma = 100, .sharpness = 60, .likeness = 120, .frames = 5};
	for (size_t i = 0; i < scene.count; i++) {
		const struct line *line = &scene.lines[i];
		if (second < line->from || second >= line->to)
			continue;
		if (line->kind == MOVE)
			raise_cells(record, line->column, line->row, line->width, line->height, line->value);
		else if (line->kind == MARK)
			record->flags |= (uint8_t)line->value;
		else
			known = false;
	}
	if (scene.random)
		add_random(record);
	record->moving_cells = (uint16_t)motion_cells_count(&record->cells);
	return known;
}

static void file_write(int folder, const char *name, const void *data, size_t bytes)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || close(fd) != 0)
		die("cannot write a file");
}

/* Writes the list of the day that has been collected. */
static void list_flush(int folder)
{
	struct motion_list_header header = {.entries = list.entry_count, .blocks = list.block_count};
	char name[MOTION_LIST_FILE_BYTES];

	if (list.entry_count == 0 || !with_lists)
		return;
	header.first_second = list.entries[0].first_second;
	for (uint32_t i = 0; i < list.entry_count; i++)
		if (list.entries[i].end_second > header.end_second)
			header.end_second = list.entries[i].end_second;
	motion_list_header_seal(&header);
	motion_list_name(list.day * DAY_S, name);
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		die("cannot write a list");
	fwrite(&header, sizeof(header), 1, file);
	fwrite(list.entries, sizeof(list.entries[0]), list.entry_count, file);
	fwrite(list.blocks, sizeof(list.blocks[0]), list.block_count, file);
	if (fclose(file) != 0)
		die("cannot write a list");
	list.entry_count = list.block_count = 0;
}

static void list_add_block(const struct motion_list_entry *entry, const struct motion_record *record)
{
	int64_t second = record->second / MOTION_BLOCK_SECONDS * MOTION_BLOCK_SECONDS;
	struct motion_list_block *block = &list.blocks[list.block_count];

	if (list.block_count > entry->first_block && block[-1].second == second) {
		block--;
	} else {
		if (++list.block_count >= BLOCKS_MAX)
			die("too many blocks");
		*block = (struct motion_list_block){.second = second, .segment_no = (uint32_t)entry->segment_no};
	}
	motion_cells_join(&block->cells, &record->cells);
	motion_list_block_seal(block);
}

static void list_add(int folder, const struct catalogue_entry *segment, const struct motion_record *records,
		     size_t count, bool footage)
{
	int64_t first = count > 0 ? records[0].second : segment->start_wall_us / US_PER_S;

	if (list.entry_count > 0 && first / DAY_S != list.day)
		list_flush(folder);
	list.day = first / DAY_S;
	if (list.entry_count == ENTRIES_MAX)
		die("too many segments in a day");
	struct motion_list_entry *entry = &list.entries[list.entry_count++];
	*entry = (struct motion_list_entry){
		.segment_no = segment->segment_no,
		.first_second = first,
		.end_second = count > 0 ? records[count - 1].second + 1 : first,
		.records = (uint32_t)count,
		.first_block = list.block_count,
		.footage = footage,
	};
	memcpy(entry->file, segment->file, sizeof(entry->file));
	for (size_t i = 0; i < count; i++) {
		entry->flags |= records[i].flags;
		motion_cells_join(&entry->cells, &records[i].cells);
		list_add_block(entry, &records[i]);
	}
	entry->blocks = list.block_count - entry->first_block;
	motion_list_entry_seal(entry);
}

static void segment_make(int folder, const struct catalogue_entry *segment, bool listed, bool footage)
{
	static struct {
		struct motion_header header;
		struct motion_record records[SEGMENT_MAX];
	} file;
	int64_t second = segment->start_wall_us / US_PER_S, end = segment->end_wall_us / US_PER_S;
	char name[SEGMENT_FILE_BYTES + 8];
	size_t count = 0;

	motion_header_init(&file.header, segment->segment_no);
	for (; second < end && count < SEGMENT_MAX; second++) {
		if (!record_make(second, &file.records[count]))
			continue;
		motion_record_seal(&file.records[count++], segment->segment_no);
	}
	if (!motion_file_name(segment->file, name, sizeof(name)))
		die("a name is too long");
	if (count > 0)
		file_write(folder, name, &file, sizeof(file.header) + count * sizeof(file.records[0]));
	if (listed)
		list_add(folder, segment, file.records, count, footage);
}

/* The oldest segments lose everything but their records. */
static void footage_remove(int folder, struct catalogue_entry *entries, uint64_t gone, uint64_t count)
{
	char name[SEGMENT_FILE_BYTES];
	struct reason why;

	for (uint64_t i = 0; i < gone; i++) {
		unlinkat(folder, entries[i].file, 0);
		if (index_name(entries[i].file, name, sizeof(name)))
			unlinkat(folder, name, 0);
	}
	if (gone > 0 && (!catalogue_write(folder, 2, entries + gone, count - gone, false, &why) ||
			 !catalogue_write_json(folder, entries + gone, count - gone, "camera", &why)))
		die(why.text);
}

int main(int argc, char **argv)
{
	uint64_t unlisted = 0, gone = 0;
	struct catalogue catalogue;
	int option;

	while ((option = getopt(argc, argv, "r:u:g:n")) != -1) {
		if (option == 'r')
			scene.random = (uint64_t)atoll(optarg) * 88172645463325252u + 1;
		else if (option == 'u')
			unlisted = (uint64_t)atoll(optarg);
		else if (option == 'g')
			gone = (uint64_t)atoll(optarg);
		else if (option == 'n')
			with_lists = false;
		else
			die("usage: make_motion [-r SEED] [-u SEGMENTS] [-g SEGMENTS] [-n] FOLDER <SCENE");
	}
	int folder = optind < argc ? open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (folder < 0 || catalogue_open(folder, &catalogue) != CATALOGUE_OK)
		die("the folder has no list of segments");
	struct catalogue_entry *entries = calloc(catalogue.entries, sizeof(*entries));
	if (!entries || catalogue_read(&catalogue, 0, catalogue.entries, entries) != catalogue.entries)
		die("cannot read the list of segments");
	scene_read();
	for (uint64_t i = 0; i < catalogue.entries; i++)
		segment_make(folder, &entries[i], i + unlisted < catalogue.entries, i >= gone);
	list_flush(folder);
	footage_remove(folder, entries, gone, catalogue.entries);
	free(entries);
	close(folder);
	return 0;
}
