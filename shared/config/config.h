/*
 * config.h - the configuration: recorder.ini, one file per camera.
 *
 * iniparser defines the format, and recorder.ini.example lists the keys. A missing key has its default. An unknown
 * section or key, or an invalid value, is refused with the file, the key and what is expected. Relative paths count
 * from the folder of the .ini file; all paths are stored as absolute ones. Any thread may load a configuration.
 */
#ifndef SHARED_CONFIG_CONFIG_H
#define SHARED_CONFIG_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/log.h"
#include "shared/base/reason.h"
#include "shared/text/stamp_format.h"

#define CONFIG_NAME_BYTES   32
#define CONFIG_DEVICE_BYTES 512
#define CONFIG_CONTROLS_MAX 64
#define CONFIG_HOOKS_MAX    16
#define CONFIG_CACHE_MAX    94 /* bytes of store.cache, since a socket is in it */
#define CONFIG_MASKS_MAX    16

enum config_fallback { FALLBACK_ANY, FALLBACK_TEST, FALLBACK_NONE };
enum config_format {
	FORMAT_AUTO,
	FORMAT_MJPEG,
	FORMAT_YUYV,
	FORMAT_UYVY,
	FORMAT_YVYU,
	FORMAT_VYUY,
	FORMAT_NV12,
	FORMAT_NV21,
	FORMAT_YU12,
	FORMAT_YV12,
	FORMAT_RGB24,
	FORMAT_BGR24,
	FORMAT_GREY,
	FORMAT_Y16,
};
enum config_rotate { ROTATE_0, ROTATE_90, ROTATE_180, ROTATE_270 }; /* clockwise */
enum config_flip { FLIP_NONE, FLIP_HORIZONTAL, FLIP_VERTICAL };
enum config_codec { CODEC_H264, CODEC_MJPEG };
enum config_allow { ALLOW_NO, ALLOW_YES, ALLOW_LOCAL }; /* nobody, everybody, this machine (fcgi/auth/local_client.h) */

struct config_camera {
	char name[CONFIG_NAME_BYTES];     /* a-z 0-9 _ -, not empty, no - first */
	char device[CONFIG_DEVICE_BYTES]; /* camera_device.h (a bare number N becomes /dev/videoN) */
	char password_file[PATH_MAX];     /* for recorder-source (source/password.h); empty: none */
	enum config_fallback fallback;
	int width, height; /* 16 to 8192 */
	int fps;           /* 1 to 240 */
	enum config_format format;
	enum config_rotate rotate;
	enum config_flip flip; /* after that */
};

/* What the camera does outside of record.hours. */
enum config_outside { OUTSIDE_LIVE, OUTSIDE_OFF };

struct config_record {
	bool enabled;
	char hours[256]; /* shared/text/week_hours.h; empty: always */
	enum config_outside outside_hours;
	char directory[PATH_MAX];
	char require_mount[PATH_MAX]; /* mount_need.h */
	int segment_seconds;          /* 10 to 86400 */
	int sync_seconds;             /* 1 to 600 */
	enum config_codec codec;
	bool sandbox;     /* FFmpeg runs in a sandbox */
	char encoder[32]; /* one of FFmpeg's, or auto (shared/media/ffmpeg_args.h) */
	char preset[32];
	int quality; /* 1 to 51 */
	bool stamp;  /* the time is drawn into the picture */
	char stamp_format[STAMP_FORMAT_BYTES];
	enum stamp_corner stamp_corner;
};

struct config_retention {
	double hours;        /* 0: no limit */
	double max_gb;       /* 0: no limit; 1 GB = 10^9 bytes */
	double min_free_gb;  /* 0: no limit */
	double motion_hours; /* for segments with an event (shared/motion/motion_event.h); 0: as long as the others */
	double wait_hours;   /* [store]: how much longer a segment is kept that is not in the store; 0: not at all */
};

struct config_motion {
	bool enabled; /* recorder-motion runs */
	int fps;      /* pictures per second that it looks at: 1 to 10 */
	double days;  /* for .motion files; 0: as long as the footage */
};

struct config_memory {
	double minutes; /* 0.1 to 1440 */
	int max_mb;     /* 0: a quarter of RAM; MiB */
};

struct config_clips {
	char directory[PATH_MAX];
	char require_mount[PATH_MAX]; /* mount_need.h */
	bool cache;
	int max_mb; /* MiB, at least 1 */
};

struct config_http {
	int max_viewers, max_event_clients, max_downloads; /* 1 to 10000 */
	int max_clip_minutes;                              /* 1 to 10080 */
	int max_transcodes;                                /* 0 to 64 */
	int address_share;                                 /* percentage of these that one address may use: 1 to 100 */
	int stall_seconds;               /* how long a client may read next to nothing (fcgi/io/pace.h): 1 to 3600 */
	enum config_allow allow_control; /* who may make changes without a token */
	char hosts[512]; /* names of this recorder, separated by blanks or commas; *: any (fcgi/auth/trusted_host.h) */
	char allow_origin[512];    /* sites whose pages may read (shared/net/origin.h); *: any that sends a token */
	char frame_ancestors[512]; /* sites whose pages may have ours in a frame (origin.h); *: any */
	char proxies[256];     /* networks of proxies in front (shared/net/ip_address.h, fcgi/auth/client_address.h) */
	char tokens[PATH_MAX]; /* a file that may be missing (token.h) */
};

struct config_store {
	char url[512]; /* shared/net/bucket_url.h; empty: nothing is shipped */
	char region[32];
	char key_file[PATH_MAX];  /* a file that only recorder-ship reads (offsite/store/credentials.h) */
	char ca_file[PATH_MAX];   /* certificates that sign the store's; empty: those of the system */
	char directory[PATH_MAX]; /* where recorder-ship keeps what it knows (shared/store) */
	int piece_seconds;        /* 0 to 60; 0: whole segments only */
	double max_mbit;          /* for whole segments; 0: no limit; 1 Mbit = 10^6 bits */
	double expire_hours;      /* after which a Swift deletes objects by itself (X-Delete-After); 0: not asked to */

	char read_url[512];           /* the same form; empty: this machine serves no footage of a store */
	char read_key_file[PATH_MAX]; /* a file that only recorder-fetch reads */
	char cache[PATH_MAX];         /* for footage of the store (shared/store/fetch_socket.h) */
	double cache_gb;              /* 1 GB = 10^9 bytes */
};

struct config_control {
	char name[48]; /* as in the file, in lower case: brightness, exposure_dynamic_framerate */
	char value[48];
};

/* A key of [mask]: a part of the picture that is black before anything keeps or shows it. */
struct config_mask {
	char name[CONFIG_NAME_BYTES]; /* in lower case */
	char area[448];               /* shared/motion/motion_area.h */
};

enum config_strength { STRENGTH_FAINT, STRENGTH_CLEAR, STRENGTH_STRONG };

/*
 * A section [hook NAME]: a program that recorder-hooks runs when something happens. shared/notify/hook_rule.h reads the
 * texts.
 */
struct config_hook {
	char name[CONFIG_NAME_BYTES];
	char run[512];      /* an absolute path, and arguments, separated by blanks */
	char events[256];   /* kinds of notifications, or all */
	int quiet_seconds;  /* after an event, in which others of its kind do not count: 0 to 86400 */
	int limit_seconds;  /* that the program may run: 1 to 3600 */
	char hours[256];    /* shared/text/week_hours.h; empty: always */
	char area[896];     /* areas that are looked at, separated by blanks; empty: the whole picture */
	char not_area[896]; /* areas that are not */
	enum config_strength strength;
};

struct config {
	char file[PATH_MAX]; /* absolute */
	bool nested; /* one file of a directory: its folders default to recordings/NAME, clips/NAME and store/NAME */
	bool remote; /* its recorder is elsewhere: record.directory is in store.cache (shared/store/remote_cameras.h) */
	bool viewer; /* it has no [camera] and no store.url, but a store.read_url: it configures no recorder */
	struct config_camera camera;
	struct config_record record;
	struct config_retention retention;
	struct config_motion motion;
	struct config_memory memory;
	struct config_clips clips;
	struct config_http http;
	struct config_store store;
	struct config_control controls[CONFIG_CONTROLS_MAX];
	size_t control_count;
	struct config_hook hooks[CONFIG_HOOKS_MAX]; /* sorted by name */
	size_t hook_count;
	struct config_mask masks[CONFIG_MASKS_MAX]; /* sorted by name; unused ones are zero */
	size_t mask_count;
	enum log_level log_level;
};

struct config_set {
	struct config *cameras; /* owned by the set, sorted by file name; the first is the default camera */
	size_t count;           /* 0 if there is only a viewer; then cameras is NULL */
	struct config *viewer;  /* owned by the set: the file that configures no recorder; NULL: there is none */
};

/* Reads one file. Returns false and sets *why if it is not valid. */
bool config_load(const char *file, struct config *out, struct reason *why);

/*
 * Reads one file, or every *.ini in a directory, which must have at least one. In a directory, folders that a file does
 * not name default to recordings/NAME, clips/NAME and store/NAME beside it, and no two files may share a name or a
 * folder, or serve different stores. Returns false and sets *why, with an empty set. Free a set with config_set_free(),
 * which is safe for a zeroed one.
 */
bool config_set_load(const char *path, struct config_set *out, struct reason *why);
void config_set_free(struct config_set *set);

/* Reads the file of `running` again, in the same way. `running` does not change. */
bool config_reload(const struct config *running, struct config *out, struct reason *why);

/*
 * Reads a file beside that of `running` in the same way, to find out whether it could replace that one. `running` does
 * not change.
 */
bool config_load_candidate(const struct config *running, const char *file, struct config *out, struct reason *why);

/* Keys as people write them (retention.hours, controls), separated by commas; empty if there are none. */
struct config_changes {
	char applied[448];
	char needs_restart[320];
	bool controls; /* [controls] are among those applied */
	bool hooks;    /* [hook NAME] are */
	bool masks;    /* [mask] is */
};

/* Copies from `fresh` what may change while a program runs, and lists the keys that differ. */
void config_apply(struct config *running, const struct config *fresh, struct config_changes *out);

/* The camera of that name, or the first one for NULL or "". Returns NULL if there is none. */
const struct config *config_set_find(const struct config_set *set, const char *name);

/* Whose settings count where no camera is meant: the first camera, or the viewer. NULL only if the set is empty. */
const struct config *config_set_first(const struct config_set *set);

/* The viewer, or the first camera, with a store.read_url. NULL: this machine serves no footage of a store. */
const struct config *config_set_reader(const struct config_set *set);

/* The path of recorder-fetch's socket (shared/store/fetch_socket.h), in store.cache of the reader. */
void config_fetch_socket(const struct config *reader, char out[PATH_MAX]);
/*
 * A number that tells what is masked, for the ring (shared/ring/ring.h, `mask`): the areas, and how the picture is turned
 * under them. 0: nothing is.
 */
uint64_t config_mask_id(const struct config *config);

/* The word for a format in the file: auto, mjpeg, yuyv. */
const char *config_format_text(enum config_format format);

/* The POSIX shared memory name of a camera's ring: /recorder.NAME. */
void config_ring_name(const struct config *config, char out[64]);

#endif
