/*
 * make_scene.c - writes one of the scenes as a film, and prints what is true of each of its seconds.
 *
 *     make_scene [-s WIDTH] [-p] NAME FILE.mjpeg   the picture has WIDTH x WIDTH * 9 / 16 pixels (640); -p: progressive
 *     make_scene                                   prints the names
 *
 * One character per second: # something moves, . nothing does, ? not judged: while the detector learns, and the second
 * after a movement, in which it can still be seen that something is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>

#include "tests/motion/scene.h"

#define QUALITY 85

static char truth_of(const struct scene *scene, int second)
{
	int from = (int)scene->from_s, to = (int)scene->to_s;

	if (second < SCENE_LEARN_S || (to > from && second == to))
		return '?';
	return second >= from && second < to ? '#' : '.';
}

static void write_picture(const struct canvas *canvas, bool progressive, FILE *file)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned char row[4096];

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_stdio_dest(&jpeg, file);
	jpeg.image_width = (JDIMENSION)canvas->width;
	jpeg.image_height = (JDIMENSION)canvas->height;
	jpeg.input_components = 1;
	jpeg.in_color_space = JCS_GRAYSCALE;
	jpeg_set_defaults(&jpeg);
	jpeg_set_quality(&jpeg, QUALITY, TRUE);
	if (progressive)
		jpeg_simple_progression(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	for (int y = 0; y < canvas->height; y++) {
		JSAMPROW pointer = row;

		for (int x = 0; x < canvas->width; x++)
			row[x] = (unsigned char)(canvas->luma[y * canvas->width + x] + 0.5f);
		jpeg_write_scanlines(&jpeg, &pointer, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
}

static int make(const struct scene *scene, int width, bool progressive, const char *path)
{
	struct canvas canvas = {.width = width, .height = width * 9 / 16, .random = 20261130};
	FILE *file = fopen(path, "wb");

	canvas.luma = malloc((size_t)canvas.width * (size_t)canvas.height * sizeof(float));
	if (!file || !canvas.luma) {
		perror(path);
		return 1;
	}
	for (int i = 0; i < SCENE_SECONDS * SCENE_FPS; i++) {
		scene->draw(&canvas, (float)i / SCENE_FPS);
		canvas_noise(&canvas, scene->noise);
		write_picture(&canvas, progressive, file);
	}
	free(canvas.luma);
	if (fclose(file) != 0) {
		perror(path);
		return 1;
	}
	for (int second = 0; second < SCENE_SECONDS; second++)
		putchar(truth_of(scene, second));
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	bool progressive = false;
	int option, width = 640;

	while ((option = getopt(argc, argv, "ps:")) != -1) {
		if (option == 'p')
			progressive = true;
		else if (option == 's')
			width = atoi(optarg);
		else
			return 2;
	}
	if (width < 64 || width > 4096)
		return 2;
	for (const struct scene *scene = scenes; scene->name; scene++) {
		if (optind == argc)
			puts(scene->name);
		else if (optind + 2 == argc && strcmp(scene->name, argv[optind]) == 0)
			return make(scene, width, progressive, argv[optind + 1]);
	}
	return optind == argc ? 0 : 2;
}
