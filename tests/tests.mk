# Everything that tests the recorder: unit tests, fuzzing, benchmarks, and campaigns that run for hours. Included by the Makefile.

test: ## installs missing packages, builds, and runs every test
	@deploy/install-packages test
	@$(MAKE) --no-print-directory check

check: ## the same as test, without installing packages
	@$(PARALLEL) WERROR=1 all units test-tools fuzz-tools
	@BUILD=$(BUILD) SAN=$(SAN) tests/run $(UNITS)

asan: ## runs the tests in a build with AddressSanitizer, in build/asan
	@$(MAKE) --no-print-directory check SAN=address,undefined BUILD=build/asan

tsan: ## runs the tests in a build with ThreadSanitizer, in build/tsan
	@$(MAKE) --no-print-directory check SAN=thread BUILD=build/tsan

# Only the compiler's front end, which is fast enough to use a second compiler as well.
syntax: ## checks every source with the compiler's front end
	@find $(TREES) tests -name '*.c' -not -path '*/node_modules/*' -print0 | xargs -0 -P $(shell nproc) -n 8 \
		$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -fsyntax-only

# --- unit tests ----------------------------------------------------------------------------------------------------------

# The tests of a folder are linked with it and with what it may use, so a test that needs more does not link.
tests/shared/base       = buffer crc32c log reason
tests/shared/text       = json_value time_parse time_phrases time_text week_hours
tests/shared/event      = loop subprocess subprocess_kinds timers
tests/shared/program    = program_check program_words
tests/shared/net        = bucket_url origin
tests/shared/config     = camera_device config config_change config_files config_refused mount_need token
tests/shared/ring       = health state
tests/shared/media      = ffmpeg_args ffmpeg_stamp mp4_box mp4_moov mp4_offsets
tests/shared/sandbox    = ffmpeg_files
tests/shared/segment    = block_map catalogue index segment segment_damage
tests/shared/motion     = motion_event motion_list motion_record motion_tamper
tests/shared/store      = archive_id object_name remote_cameras ship_list
tests/shared/notify     = hook_rule notification
tests/recorderd/lock    = instance_lock
tests/recorderd/ring    = leftovers ring ring_crash ring_left ring_names ring_pages ring_size video_ring
tests/recorderd/rewrite = jpeg_rewriter
tests/recorderd/rawjpeg = jpeg_pool
tests/recorderd/source  = damage_share frame_clock jpeg jpeg_markers mjpeg_frame source_pattern
tests/recorderd/external = source_external
tests/recorderd/capture = capture capture_epochs capture_external capture_rewrite device_claims device_worker \
	source_select source_v4l2 \
	v4l2_bandwidth v4l2_format v4l2_open
tests/recorderd/repair  = segment_repair segment_salvage set_aside
tests/recorderd/archive = archive archive_adopt archive_age archive_age_mixtures archive_cached archive_copies \
	archive_folder_lock archive_follow archive_hang archive_motion archive_motion_kept archive_redate archive_retention \
	archive_retention_disk archive_stop archive_store
tests/recorderd/ffmpeg  = ffmpeg_errors fragment_parser
tests/recorderd/encoder = encoder encoder_choice encoder_faults encoder_pauses encoder_pictures encoder_sandbox encoder_store \
	file_limit frame_drop motion_writer recording_off ring_feed storage
tests/recorderd/motion  = motion_check motion_process
tests/recorderd/notify  = hook_server notification_rings notifier
tests/recorderd/setup   = config_edit
tests/recorderd/control = control_request control_server
tests/recorderd/command = token_edit
tests/recorderd         = disk_need other_cameras recorder schedule sd_notify
tests/fcgi/http         = accept range
tests/fcgi/sandbox      = program_sandbox
tests/fcgi/io           = config_watch fastcgi ffmpeg_sandbox pace partial_files response_writer
tests/fcgi/auth         = authorize client_address cross_site local_client trusted_host
tests/fcgi/motion       = motion_area motion_query
tests/fcgi/clip         = clip_build clip_cache clip_final clip_label clip_parts clip_plan clock_walks kept_clips kept_whole many_segments \
	timelapse timeline_sum timeline_walk
tests/fcgi/transcode    = clip_spool transcode_plan transcode_undecodable
tests/fcgi/pool         = address_shares handover pass_table snapshot_cache snapshot_queue
tests/fcgi/server       = client_probe master permits request_pass slow_clients
tests/fcgi/api          = camera_info clips prometheus query
tests/fcgi/video        = video_sender
tests/fcgi/live         = live live_events live_page live_questions live_responses live_video
tests/offsite/store     = credentials list_document multipart sigv4 store_answer
tests/offsite/remote    = remote_list
tests/offsite           = ship_sandbox
tests/motion/detector   = detector
tests/motion            = picture second watch
tests/source            = delivery jpeg_splitter run
tests/hooks             = hook hook_process

# Some tests need other folders as well, which make what the tested code reads.
beside/authorize = recorderd/command
beside/clip_build = recorderd/archive
beside/clip_final = recorderd/ring
beside/clip_parts = recorderd/archive
beside/clip_plan = recorderd/archive
beside/clip_spool = recorderd/ring
beside/clock_walks = recorderd/archive
beside/config_watch = recorderd/ring
beside/live = recorderd/ring
beside/live_events = recorderd/notify
beside/live_page = recorderd/ring
beside/live_questions = recorderd/notify
beside/live_responses = recorderd/ring
beside/live_video = recorderd/ring
beside/many_segments = recorderd/archive
beside/motion_query = recorderd/archive
beside/timeline_sum = recorderd/archive
beside/timeline_walk = recorderd/archive
beside/transcode_plan = recorderd/archive
beside/transcode_undecodable = recorderd/archive
beside/watch = recorderd/ring
beside/file_limit = fcgi/clip
beside/catalogue = recorderd/archive
beside/mp4_box = shared/segment
beside/mp4_moov = shared/segment

# What tests share, in tests/unit/support. The linker takes only what a program uses from the archive, so a part of it may need
# a folder that most programs are not linked with.
support = api_pool archive_cases break_out break_out_files break_out_kernel break_out_processes break_out_rings camera_jpegs clips_folder \
	capture_rig child_processes clip_cases colour_bars event_cases fastcgi_client received_frames delayed_ffmpeg ini_files live_client live_server media_cases motion_files notifier_cases plan_archives pushed_media \
	recording_rig repair_cases ring_cases salvage_cases segment_cases subprocess_cases taken_over video_cases

# The fakes of tests/unit/fakes, and the programs that use them in place of functions of the C library or the recorder. They are
# not in the archive, from which every program that calls such a function would get them.
fakes = camera clock disk ntp video
on_archive  = archive archive_adopt archive_age_mixtures archive_copies archive_follow archive_hang archive_motion archive_motion_kept \
	archive_redate archive_retention archive_retention_disk archive_stop archive_store
fake_camera = capture capture_epochs capture_external capture_rewrite device_worker
fake_clock  = $(on_archive) archive_age capture capture_epochs capture_external capture_rewrite encoder_choice \
	encoder_faults encoder_pauses \
	encoder_sandbox encoder_store motion_process motion_writer notifier
fake_disk   = $(on_archive)
fake_ntp    = $(on_archive)
fake_video  = source_select source_v4l2 v4l2_bandwidth v4l2_format v4l2_open

UNITS :=
define unit_test
UNITS += $(BUILD)/tests/unit/$(firstword $(subst /, ,$1))/test_$2
$(BUILD)/tests/unit/$(firstword $(subst /, ,$1))/test_$2: $(BUILD)/tests/unit/$(firstword $(subst /, ,$1))/test_$2.o \
	$(foreach k,$(fakes),$(if $(filter $2,$(fake_$k)),$(BUILD)/tests/unit/fakes/fake_$k.o)) $(BUILD)/tests/unit/support.a \
	$(call libraries,$1 $(beside/$2))
endef
$(foreach f,$(FOLDERS),$(foreach t,$(tests/$f),$(eval $(call unit_test,$f,$t))))
$(BUILD)/tests/unit/support.a: $(patsubst %,$(BUILD)/tests/unit/support/%.o,$(support))
$(UNITS):
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS) -lm

units: $(UNITS) ## builds the unit tests

# --- tools for tests -----------------------------------------------------------------------------------------------------

# Built without sanitizers, because these run inside other programs or next to them.
PLAIN = $(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN))

# A camera, a wall clock and a disk for LD_PRELOAD, which tests control.
PRELOAD = $(patsubst %,tests/preload/%.c,intercept camera stream v4l2 v4l2_format v4l2_buffer)
$(BUILD)/tests/preload/camera.so: $(PRELOAD) $(wildcard tests/preload/*.h) tests/tools/frames.h
	@mkdir -p $(@D)
	$(PLAIN) -fPIC -shared -o $@ $(PRELOAD)

$(BUILD)/tests/preload/%.so: tests/preload/%.c tests/preload/%.h
	@mkdir -p $(@D)
	$(PLAIN) -fPIC -shared -o $@ $<

$(BUILD)/tests/tools/make_frames: tests/tools/make_frames.c tests/tools/frames.h
	@mkdir -p $(@D)
	$(PLAIN) -o $@ $< -ljpeg

# Writes archives of any length as the recorder does.
$(BUILD)/tests/tools/make_archive: $(BUILD)/tests/tools/make_archive.o $(call libraries,recorderd/encoder)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

# Shows a film to recorder-motion.
$(BUILD)/tests/tools/motion_scene: $(BUILD)/tests/tools/motion_scene.o $(call libraries,recorderd/ring shared/motion)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

# Adds records of motion to such an archive.
$(BUILD)/tests/tools/make_motion: $(BUILD)/tests/tools/make_motion.o $(call libraries,recorderd/archive)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

# Kills a program after its N-th system call.
$(BUILD)/tests/tools/kill_after: tests/tools/kill_after.c
	@mkdir -p $(@D)
	$(PLAIN) -o $@ $<

# Makes films with movement and without.
$(BUILD)/tests/motion/make_scene: $(patsubst %,tests/motion/%.c,make_scene canvas scenes) tests/motion/scene.h
	@mkdir -p $(@D)
	$(PLAIN) -o $@ $(filter %.c,$^) -ljpeg -lm

# Numbered frames for the camera: files, and the options of make_frames.
FRAMES = $(BUILD)/tests/frames
$(FRAMES)/small.frames:   SHAPE = -s 320x180 -b 7000 -n 9000
$(FRAMES)/moving.frames:  SHAPE = -s 320x180 -b 7000 -n 900 -m 420-540
$(FRAMES)/hd.frames:      SHAPE = -c -s 1280x720 -b 80000 -n 1200
$(FRAMES)/full_hd.frames: SHAPE = -c -s 1920x1080 -b 150000 -n 600
$(FRAMES)/%.frames: $(BUILD)/tests/tools/make_frames
	@mkdir -p $(@D)
	$(Q)$< $(SHAPE) $@

test-tools: $(patsubst %,$(BUILD)/tests/preload/%.so,camera clock disk) $(patsubst %,$(BUILD)/tests/tools/%,kill_after make_archive make_motion motion_scene) \
	$(BUILD)/tests/motion/make_scene $(patsubst %,$(FRAMES)/%.frames,small moving)

$(BUILD)/tests/bench/viewers: $(patsubst %,tests/bench/%.c,viewers stream ages) tests/bench/stream.h tests/bench/ages.h
$(BUILD)/tests/bench/sink_reader: $(patsubst %,tests/bench/%.c,sink_reader ages) $(call libraries,shared/ring)
$(BUILD)/tests/bench/ring_readers: $(patsubst %,tests/bench/%.c,ring_readers ages) $(call libraries,recorderd/ring)
$(BUILD)/tests/bench/fetch: tests/bench/fetch.c
BENCH_TOOLS = $(patsubst %,$(BUILD)/tests/bench/%,viewers fetch ring_readers sink_reader)
$(BENCH_TOOLS):
	@mkdir -p $(@D)
	$(PLAIN) -o $@ $(filter %.c %.a,$^) $(LIBS)

bench-tools: test-tools $(patsubst %,$(FRAMES)/%.frames,hd full_hd) $(BENCH_TOOLS)

# --- fuzzing -------------------------------------------------------------------------------------------------------------

# A target of tests/fuzz, with a main() that replays its corpus, or (FUZZ_MAIN empty) libFuzzer's.
FUZZ_TARGETS = address area time origin query control range names store config index mp4 segment repair \
	fragment_parser catalogue jpeg mpjpeg ring fastcgi clip token live_video motion notification picture hook remote rewrite source
FUZZ_MAIN = $(BUILD)/tests/fuzz/replay.o
FUZZ_FLAGS = OPT='-O1 -g' CFLAGS=-fno-sanitize-recover=all
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/input.o $(BUILD)/tests/fuzz/seal.o $(FUZZ_MAIN) \
		$(patsubst %,$(BUILD)/%.a,$(REVERSED))
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $(FUZZ_LINK) -o $@ $^ $(LIBS) -lm

fuzz-programs: $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%,$(FUZZ_TARGETS))

fuzz-tools:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/replay SAN=address,undefined $(FUZZ_FLAGS) fuzz-programs

fuzz-replay: fuzz-tools ## replays the corpora: seeds, and inputs that have failed before
	@BUILD=$(BUILD) tests/fuzz/replay

SECONDS = 60
TARGET  = $(FUZZ_TARGETS)
fuzz: ## [SECONDS=60] [TARGET=name] searches for inputs that fail (clang)
	@$(PARALLEL) BUILD=$(BUILD)/fuzz CC=clang SAN=fuzzer-no-link,address,undefined $(FUZZ_FLAGS) \
		FUZZ_MAIN= FUZZ_LINK=-fsanitize=fuzzer FUZZ_TARGETS='$(TARGET)' fuzz-programs
	@BUILD=$(abspath $(BUILD)/fuzz) SECONDS_EACH=$(SECONDS) tests/fuzz/run $(TARGET)

# --- other systems and machines ------------------------------------------------------------------------------------------

test-camera: all test-tools ## tests cameras of a real kernel, and power cuts, in a virtual machine
	@BUILD=$(BUILD) prove --exec '' tests/camera/test_*

# make test has a short form of this.
MINUTES = 10
test-motion: all test-tools ## [MINUTES=10] shows films to the whole recorder and to Debian's motion (15 minutes), then still ones for MINUTES
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/motion/product.py -m $(MINUTES)

# make test has a short form of this.
test-package: ## builds the Debian package and installs it on a fresh Debian (root, some minutes)
	@deploy/install-packages test-package
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 prove --verbose --exec '' tests/install/fresh_package.py tests/install/boot_package.py \
		tests/install/container_package.py

# make test has a short form of this: tests/e2e/test_store.py.
test-store: all test-tools ## tests shipping and serving against a real Ceph and a real Swift, and against every fault of a store (root, some minutes)
	@deploy/install-packages test-store
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/prove tests/store/test_*

# make test has a short form of this: tests/e2e/test_field.py, the cases of tests/e2e/support behind each web server, and hls.js.
test-field: ## tests with ZoneMinder, Motion, Caddy, HAProxy, VLC, mpv, video.js and others (root, some minutes)
	@deploy/install-packages test-field
	@$(PARALLEL) WERROR=1 all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/prove tests/field/test_*

# make test has a short form for Debian 13.
SYSTEMS = bookworm trixie testing
test-systems: ## tests on fresh Debian 12, 13 and testing, and cross-built for arm64 and armhf (root, network, two hours)
	@deploy/install-packages test
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/systems/run $(SYSTEMS) arm64 armhf

# --- campaigns: long searches for failures; make test has a short form of each ---------------------------------------------

# A test that fails occasionally is broken.
TESTS =
campaign-tests: N = 5
campaign-tests: ## [N=5] [BUSY=1] [TESTS=all] runs every test N times, with BUSY=1 next to a busy processor
	@$(PARALLEL) WERROR=1 all units test-tools fuzz-tools
	@BUILD=$(BUILD) SAN=$(SAN) BUSY='$(BUSY)' tests/campaign $(N) $(if $(filter-out all,$(TESTS)),$(TESTS),all $(UNITS))

N = 200
campaign-kills: all test-tools ## [N=200] kills recorder and encoder N times
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/kills.py $(N)

campaign-ranges: all test-tools ## [N=200] requests N clips of random ranges
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/ranges.py $(N)

campaign-remote: N = 1000
campaign-remote: all test-tools ## [N=1000] asks a machine without a camera, and its recorder, N random questions; and with a store that hangs
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/remote.py $(N)

campaign-walks: N = 100000
campaign-walks: $(BUILD)/tests/unit/fcgi/test_clock_walks ## [N=100000] checks the timeline after N random walks of the clock
	@WALKS=$(N) $<

campaign-salvage: N = 500
campaign-salvage: $(BUILD)/tests/unit/recorderd/test_segment_salvage ## [N=500] repairs N damaged segments
	@SALVAGE_FILES=$(N) $<

campaign-crowd: N = 10000
campaign-crowd: all test-tools ## [N=10000] N hostile clients, behind each web server
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/crowd.py $(N)

campaign-motion: N = 60
campaign-motion: all test-tools ## [N=60] kills recorder-motion every second for N seconds, then stops it for as long
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/motion.py $(N)

campaign-store: N = 50
campaign-store: all test-tools $(FRAMES)/hd.frames ## [N=50] [UPLINK=3] kills recorder and recorder-ship together N times; UPLINK: times the bitrate, 1mbit, or 0: cost (root)
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/store.py $(N) $(or $(UPLINK),3)

campaign-ship-kills: EVERY = 1
campaign-ship-kills: all test-tools ## [EVERY=1] kills recorder-ship after each of its system calls, one after the other
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/ship_kills.py $(EVERY)

campaign-replug: N = 1000
campaign-replug: all test-tools ## [N=1000] unplugs a camera and plugs it in again N times
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/replug.py $(N)

campaign-viewers: N = 10000
campaign-viewers: all test-tools ## [N=10000] N viewers come and go without leaving anything
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/viewers.py $(N)

campaign-power: N = 20
campaign-power: all ## [N=20] cuts the power N times while recording
	@BUILD=$(BUILD) CUTS=$(N) tests/camera/test_power

HOURS = 1
soak: all test-tools ## [HOURS=1] viewers, clips and random faults; counts leaks and losses at the end
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaigns/soak.py $(HOURS)

# --- benchmarks ----------------------------------------------------------------------------------------------------------

ONLY   =
ROUNDS = 3
bench: ## [ONLY="live clips"] [ROUNDS=3] compares the recorder with other programs, in under 10 minutes (tests/bench/bench.py)
	@deploy/install-packages bench
	@$(PARALLEL) all bench-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/bench.py -r $(ROUNDS) $(ONLY)

bench-docs: ## puts the tables of the last bench into README.md and docs/
	@PYTHONDONTWRITEBYTECODE=1 tests/bench/table.py -d $(BUILD)/bench.json

bench-capture: SECONDS = 20
bench-capture: all bench-tools ## [SECONDS=20] measures what taking a frame from a camera costs, against uStreamer
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/capture.py $(SECONDS)

bench-source: SECONDS = 15
bench-source: all bench-tools ## [SECONDS=15] measures what an external source costs, against a V4L2 camera
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/source.py $(SECONDS)

bench-webservers: all bench-tools ## measures what each web server costs
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/webservers.py

SEGMENTS = 52560
bench-archive: all bench-tools ## [SEGMENTS=52560] measures a year of footage against a day, and clips of six hours
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/archive.py $(SEGMENTS)

.PHONY: test check asan tsan syntax units test-tools bench-tools fuzz-programs fuzz-tools fuzz-replay fuzz test-camera test-field test-motion test-package test-store \
	test-systems campaign-tests campaign-kills campaign-ranges campaign-remote campaign-walks campaign-salvage campaign-motion campaign-crowd campaign-store campaign-ship-kills campaign-replug campaign-viewers \
	campaign-power soak bench bench-docs bench-capture bench-source bench-webservers bench-archive
