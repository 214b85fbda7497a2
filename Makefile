# Smart Camera Recorder: `make run` runs it, `make test` tests it, `make help` lists the rest.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
SAN     ?=
OPT     ?= -O2 -g
ifeq ($(origin CC),default)
CC = gcc
endif

# A warning is an error in the tests (WERROR=1), never in a user's build: each new compiler has warnings of its own.
WERROR  ?=
WARNINGS = -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes $(if $(filter-out 0,$(WERROR)),-Werror)
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -I. -pthread -MMD -MP -fno-strict-aliasing $(WARNINGS) $(OPT) $(CFLAGS)
# Without libseccomp the sandboxes are made by Landlock alone.
SECCOMP := $(shell pkg-config --libs libseccomp 2>/dev/null)
ifneq ($(SECCOMP),)
CFLAGS_ALL += -DHAVE_SECCOMP
endif
CFLAGS_PLAIN := $(CFLAGS_ALL)
# V=1 shows the commands.
Q = $(if $(V),,@echo '  $@';)
ifneq ($(SAN),)
CFLAGS_ALL += -fsanitize=$(SAN) -fno-omit-frame-pointer
LDFLAGS    += -fsanitize=$(SAN)
endif

# Who may use what. shared/ is linked by all; its writers by recorderd alone.
SHARED = ip_address reason origin clock control timeform timeparse log config config_keys config_value config_text config_change buffer crc32c file_io histogram jpeg state \
	event/loop event/subprocess event/timer_heap \
	ring_layout ring_reader index segment_info \
	segment_name segment segment_walk segment_check json_value state_json health mp4_box mp4_write mp4_header catalogue catalogue_json file_limit cached_clips user_folder shm_name token token_file ffmpeg_command mount_need sandbox/landlock sandbox/seccomp sandbox/ffmpeg_files sandbox/sandbox
SHARED_WRITERS = ring_object ring_names ring_pages ring_writer ring_carry ring_open 

RECORDERD = recorder recorder_open leftovers leftover_sweep memory_command control control_request options status notify service reload other_cameras ring_size name_lock publish \
	capture capture_answers capture_frames device_watch opener source_select source_v4l2 v4l2_setup v4l2_format v4l2_modes v4l2_planes v4l2_buffers v4l2_controls v4l2_controls_json frame_clock \
	camera_jpeg raw_format raw_colour raw_encoder raw_jpeg source_pattern mpjpeg device device_holder device_json \
	encoder encoder_input encoder_output encoder_pictures encoder_child encoder_sandbox encoder_command feed thinning fragment_stream storage storage_segment segment_writer \
	archive archive_list archive_follow archive_left archive_lock archive_opening catalogue_writer folder_memory archive_recover archive_found archive_order archive_boots archive_keeper archive_age archive_retain archive_cached segment_repair segment_mend segment_head set_aside token_edit token_command

# Both workers
WORKER = pace client_address address_shares page_sharing fastcgi fastcgi_listen fastcgi_scan problem query live_books config_follow outside token_store who_may cross_site site_headers host_name host_own lock_up lock_folders
LIVE   = live_places live live_answer live_bell live_feed live_picture live_request live_viewer
API    = api_places api_master api_workers api_groups api_passes api_pass disk_pulse api_handover api_worker api_intake api_confine api_request api_permit web_client api_slots api_child api_outflow late_files api_vfile api_range api_answer api_route api_camera \
	api_clip api_no_footage api_footage api_recordings api_timeline api_playlist api_snapshot api_clips api_clip_list api_control api_info api_health api_metrics metrics_text \
	clip_segment clip_plan clip_final clip_build clip_lapse clip_encode clip_feed clip_spool clip_memory clip_nearest clip_gaps clip_timeline clip_still still_shelf clip_keep clip_cache api_cached

UNIT_TESTS = pace address_shares client_address mount_need metrics control control_request api_info opener ring ring_crash ring_left ring_names leftovers health ring_pages ring_size fastcgi live live_answers time timeform config config_files config_change config_follow notify \
	crc32c cached_yield still_shelf buffer jpeg jpeg_markers log state reason index mp4_box ffmpeg_command segment segment_damage segment_salvage file_limit mp4_header catalogue \
	source source_v4l2 v4l2_setup claims source_pattern raw_jpeg frame_clock api_range query api_outflow api_clips api_master api_handover api_passes api_hang api_places \
	clip_plan clip_final clip_timeline clock_walks clip_build many_segments clip_lapse clip_memory clip_undecodable clip_spool clip_cache clip_keep encoder encoder_sandbox encoder_faults encoder_pauses encoder_pictures recording_off retain thinning feed fragment_stream \
	segment_repair set_aside archive archive_found archive_lock archive_follow archive_stop archive_hang archive_retain archive_copies retain_disk retain_mixtures storage capture capture_stretches recorder loop timers subprocess subprocess_kinds neighbours name_lock lock_up lock_ffmpeg token token_edit who_may origin cross_site host_name web_client

LIBS_SHARED = -ljson-c -liniparser -lmd $(SECCOMP)
LIBS_WORKER = -lfcgi
LIBS_RECORDERD = -ljpeg

object = $(patsubst %,$(BUILD)/$(1)/%.o,$(2))

all: $(BUILD)/recorderd/recorderd $(patsubst %,$(BUILD)/fcgi/recorder-%,live api listen)

$(BUILD)/libshared.a: $(call object,shared,$(SHARED))
$(BUILD)/libwriters.a: $(call object,shared,$(SHARED_WRITERS))
$(BUILD)/librecorderd.a: $(call object,recorderd,$(RECORDERD))
$(BUILD)/libworker.a: $(call object,fcgi,$(WORKER))
$(BUILD)/liblive.a: $(call object,fcgi,$(LIVE))
$(BUILD)/libapi.a: $(call object,fcgi,$(API))

$(BUILD)/%.a:
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/recorderd/recorderd: $(BUILD)/recorderd/main.o $(BUILD)/librecorderd.a $(BUILD)/libwriters.a $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS_RECORDERD) $(LIBS_SHARED)

$(BUILD)/fcgi/recorder-live: $(BUILD)/fcgi/live_main.o $(BUILD)/liblive.a $(BUILD)/libworker.a $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS_WORKER) $(LIBS_SHARED)

$(BUILD)/fcgi/recorder-listen: $(BUILD)/fcgi/listen_main.o $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^

$(BUILD)/fcgi/recorder-api: $(BUILD)/fcgi/api_main.o $(BUILD)/libapi.a $(BUILD)/libworker.a $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS_WORKER) $(LIBS_SHARED)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

# A unit test is one program, linked with what it needs of everything.
UNITS = $(patsubst %,$(BUILD)/tests/unit/test_%,$(UNIT_TESTS))
$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/libapi.a $(BUILD)/liblive.a $(BUILD)/libworker.a \
		$(BUILD)/librecorderd.a $(BUILD)/libwriters.a $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_RECORDERD) $(LIBS_WORKER) $(LIBS_SHARED) -lm

# These meet a driver of the test's own.
$(patsubst %,$(BUILD)/tests/unit/test_%,source source_v4l2 v4l2_setup): $(BUILD)/tests/unit/fake_video.o

units: $(UNITS)

# What the tests work with: a camera for LD_PRELOAD, and numbered frames for it. Never sanitized: they run inside other programs.
PRELOAD = $(patsubst %,tests/preload/%.c,intercept camera stream v4l2 v4l2_format v4l2_buffer)
$(BUILD)/tests/preload/camera.so: $(PRELOAD) $(wildcard tests/preload/*.h) tests/tools/frames.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -fPIC -shared -o $@ $(PRELOAD)

# The wall clock and the disk, as a test wants them.
$(BUILD)/tests/preload/%.so: tests/preload/%.c tests/preload/%.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -fPIC -shared -o $@ $<

$(BUILD)/tests/tools/make_frames: tests/tools/make_frames.c tests/tools/frames.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -o $@ $< -ljpeg

# Archives of any length, written as the recorder writes them.
$(BUILD)/tests/tools/make_archive: $(BUILD)/tests/tools/make_archive.o $(BUILD)/librecorderd.a $(BUILD)/libwriters.a $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS_SHARED)

FRAMES = $(BUILD)/tests/frames/small.frames
$(FRAMES): $(BUILD)/tests/tools/make_frames
	@mkdir -p $(@D)
	$(Q)$< -s 320x180 -b 7000 -n 9000 $@

test-tools: $(patsubst %,$(BUILD)/tests/preload/%.so,camera clock disk) $(BUILD)/tests/tools/make_archive $(FRAMES)

HD_FRAMES = $(BUILD)/tests/frames/hd.frames
$(HD_FRAMES): $(BUILD)/tests/tools/make_frames
	@mkdir -p $(@D)
	$(Q)$< -c -s 1280x720 -b 80000 -n 1200 $@

$(BUILD)/tests/bench/viewers: $(patsubst %,tests/bench/%.c,viewers stream ages) tests/bench/stream.h tests/bench/ages.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -o $@ $(filter %.c,$^)

test-camera: all test-tools
	@BUILD=$(BUILD) prove --exec '' tests/camera/test_*

$(BUILD)/tests/bench/sink_reader: $(patsubst %,tests/bench/%.c,sink_reader ages) $(BUILD)/libshared.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -o $@ $^ $(LIBS_SHARED)

$(BUILD)/tests/bench/fetch: tests/bench/fetch.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -o $@ $<

$(BUILD)/tests/bench/ring_readers: $(patsubst %,tests/bench/%.c,ring_readers ages) $(BUILD)/libwriters.a $(BUILD)/libshared.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -o $@ $^ $(LIBS_SHARED)

FULL_HD_FRAMES = $(BUILD)/tests/frames/full_hd.frames
$(FULL_HD_FRAMES): $(BUILD)/tests/tools/make_frames
	@mkdir -p $(@D)
	$(Q)$< -c -s 1920x1080 -b 150000 -n 600 $@

bench-tools: test-tools $(HD_FRAMES) $(FULL_HD_FRAMES) $(patsubst %,$(BUILD)/tests/bench/%,viewers fetch ring_readers sink_reader)

# A target of tests/fuzz, with a main() that replays its corpus, or (FUZZ_MAIN empty) libFuzzer's.
FUZZ_TARGETS = address time origin query control range names config index mp4 segment repair fragment_stream catalogue jpeg mpjpeg ring fastcgi clip token
FUZZ_MAIN = $(BUILD)/tests/fuzz/replay.o
FUZZ_FLAGS = OPT='-O1 -g' CFLAGS=-fno-sanitize-recover=all
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/input.o $(BUILD)/tests/fuzz/seal.o $(FUZZ_MAIN) \
		$(BUILD)/libapi.a $(BUILD)/liblive.a $(BUILD)/libworker.a $(BUILD)/librecorderd.a $(BUILD)/libwriters.a $(BUILD)/libshared.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $(FUZZ_LINK) -o $@ $^ $(LIBS_RECORDERD) $(LIBS_WORKER) $(LIBS_SHARED) -lm

fuzz-programs: $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%,$(FUZZ_TARGETS))

fuzz-tools:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/replay SAN=address,undefined $(FUZZ_FLAGS) fuzz-programs

# Every source through the compiler's front end alone: quick enough to ask another compiler too.
syntax:
	@find fcgi recorderd shared tests -name '*.c' -not -path '*/node_modules/*' -print0 | xargs -0 -P $(shell nproc) -n 8 \
		$(CC) $(filter-out -MMD -MP,$(CFLAGS_PLAIN)) -fsyntax-only

# --- for people ---------------------------------------------------------------------------------------------------------

PARALLEL = $(MAKE) --no-print-directory -j$(shell nproc)

help:
	@echo 'make run [PORT=5000] [HOST=127.0.0.1] [ACCESS=access] [OPEN=no] [CONFIG=recorder.ini]'
	@echo '                installs what is missing, builds, and runs until Ctrl-C'
	@echo 'make test       installs what is missing, builds, and runs every test'
	@echo 'make            builds'
	@echo 'make units      builds the unit tests; make check runs everything without installing'
	@echo 'make deps       installs what building, running and testing need'
	@echo 'make install    [PREFIX=/usr/local] [DESTDIR=] [SYSTEMD=PREFIX/lib/systemd/system]'
	@echo 'make deb        a Debian package of what is committed, in $(BUILD)/deb; make test-package installs it on a fresh Debian'
	@echo 'make test-systems  Debian 12, 13 and testing from nothing, and arm64 and armhf by cross-building (root, two hours)'
	@echo 'make campaign-tests [N=5] [BUSY=1] [TESTS=all] every test so many times, with BUSY=1 beside a busy processor'
	@echo 'make asan tsan  the tests in a build with sanitizers (build/asan, build/tsan)'
	@echo 'make fuzz       [SECONDS=60] [TARGET=name] searches for inputs that go wrong (clang); make fuzz-replay runs the known ones'
	@echo 'make campaign-kills campaign-ranges    [N=200] recorder and encoder killed, and clips of random ranges, so many times'
	@echo 'make campaign-walks [N=100000] campaign-salvage  [N=500] so many random walks damaged segments, and what the timeline makes is kept of each' the clock, them'
	@echo 'make test-camera the recorder on cameras of a real kernel, and after power cuts, in a virtual machine'
	@echo 'make campaign-replug   [N=1000] a camera unplugged and plugged in again so many times'
	@echo 'make campaign-power    [N=20] so many power cuts while recording'
	@echo 'make bench-capture  [SECONDS=20] what taking a frame off a camera costs, beside uStreamer'
	@echo 'make campaign-crowd    [N=10000] so many who mean harm, behind each web server'
	@echo 'make bench-webservers  what each web server costs'
	@echo 'make bench-archive  [SEGMENTS=52560] what a year of footage costs against a day, and clips of six hours'
	@echo 'make soak       [HOURS=1] viewers, clips and random faults; leaks and losses are counted at the end'
	@echo 'make campaign-viewers  [N=10000] so many viewers come and go, and nothing may be left of them'
	@echo 'make bench      [ONLY="live clips"] [ROUNDS=3] measures the recorder beside others, under 10 minutes (tests/bench/bench.py); make bench-docs puts the tables into README.md and docs/'
	@echo 'make clean      removes $(BUILD)'
	@echo 'Settings: BUILD=folder CC=clang SAN=address,undefined OPT="-O0 -g" WERROR=1 V=1'

deps:
	@deploy/install-packages run
	@deploy/install-packages test

run:
	@deploy/install-packages run
	@$(PARALLEL) all
	@exec deploy/run

test:
	@deploy/install-packages test
	@$(MAKE) --no-print-directory check

check:
	@$(PARALLEL) WERROR=1 all units test-tools fuzz-tools
	@BUILD=$(BUILD) SAN=$(SAN) tests/run $(UNITS)

asan:
	@$(MAKE) --no-print-directory check SAN=address,undefined BUILD=build/asan

tsan:
	@$(MAKE) --no-print-directory check SAN=thread BUILD=build/tsan

fuzz-replay: fuzz-tools
	@BUILD=$(BUILD) tests/fuzz/replay

SECONDS = 60
TARGET  = $(FUZZ_TARGETS)
fuzz:
	@$(PARALLEL) BUILD=$(BUILD)/fuzz CC=clang SAN=fuzzer-no-link,address,undefined $(FUZZ_FLAGS) \
		FUZZ_MAIN= FUZZ_LINK=-fsanitize=fuzzer FUZZ_TARGETS='$(TARGET)' fuzz-programs
	@BUILD=$(abspath $(BUILD)/fuzz) SECONDS_EACH=$(SECONDS) tests/fuzz/run $(TARGET)

SYSTEMD = $(PREFIX)/lib/systemd/system
install: all
	@BUILD=$(BUILD) PREFIX=$(PREFIX) SYSTEMD=$(SYSTEMD) DESTDIR=$(DESTDIR) deploy/install

# Of what is committed, in a folder of its own: $(BUILD)/deb.
deb:
	@deploy/install-packages deb
	@BUILD=$(BUILD) deploy/build-deb

# The package on a Debian that was just made (root, some minutes); make test has a short form of it.
test-package:
	@deploy/install-packages test-package
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 prove --verbose --exec '' tests/install/fresh_package.py tests/install/boot_package.py \
		tests/install/container_package.py

# Other releases of Debian and other processors, each from nothing (root, a network); make test has a short form for Debian 13.
SYSTEMS = bookworm trixie testing
test-systems:
	@deploy/install-packages test
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/systems/run $(SYSTEMS) arm64 armhf

# All tests again and again, also beside a processor that is kept busy: a test that fails now and then is broken.
TESTS =
campaign-tests: N = 5
campaign-tests:
	@$(PARALLEL) WERROR=1 all units test-tools fuzz-tools
	@BUILD=$(BUILD) SAN=$(SAN) BUSY='$(BUSY)' tests/campaign $(N) $(if $(filter-out all,$(TESTS)),$(TESTS),all $(UNITS))

# Long searches for what goes wrong; make test has a short form of each.
N = 200
campaign-kills: all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaign_kills.py $(N)

SEGMENTS = 52560
bench-capture: SECONDS = 20
bench-capture: all bench-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/capture.py $(SECONDS)

bench-webservers: all bench-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/webservers.py

bench-archive: all bench-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/archive.py $(SEGMENTS)

 campaign-walks: $(BUILD)/tests/unit/test_clock_walks @WALKS=$(N)# Segments with random damage: N files, 60 in make test.
campaign-salvage: N = 100000 campaign-walks: 500
campaign-salvage: $(BUILD)/tests/unit/test_segment_salvage
	@SALVAGE_FILES=$(N) $<

campaign-ranges: all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaign_ranges.py $(N)

HOURS = 1
ONLY   =
ROUNDS = 3
bench:
	@deploy/install-packages bench
	@$(PARALLEL) all bench-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/bench/bench.py -r $(ROUNDS) $(ONLY)

bench-docs:
	@PYTHONDONTWRITEBYTECODE=1 tests/bench/table.py -d $(BUILD)/bench.json


soak: all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaign_soak.py $(HOURS)

campaign-crowd: N = 10000
campaign-crowd: all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaign_crowd.py $(N)

campaign-replug: N = 1000
campaign-replug: all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaign_replug.py $(N)

campaign-viewers: N = 10000
campaign-viewers: all test-tools
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 tests/e2e/campaign_viewers.py $(N)

campaign-power: N = 20
campaign-power: all
	@BUILD=$(BUILD) CUTS=$(N) tests/camera/test_power

clean:
	rm -rf $(BUILD)

.PHONY: all campaign-salvage test-systems campaign-tests campaign-crowd bench-webservers deb test-package units syntax test-tools test-camera campaign-replug campaign-power bench-archive bench-capture bench-tools fuzz-programs fuzz-tools fuzz-replay fuzz help deps run test check asan tsan install campaign-kills campaign-ranges campaign-walks campaign-viewers bench bench-docs soak clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
