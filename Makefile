# Smart Camera Recorder: `make run` runs it, `make test` tests it, `make help` lists everything else.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
SAN     ?=
OPT     ?= -O2 -g
ifeq ($(origin CC),default)
CC = gcc
endif

# Warnings are errors in the tests (WERROR=1), never in a user's build: each new compiler has new warnings.
WERROR  ?=
WARNINGS = -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes $(if $(filter-out 0,$(WERROR)),-Werror)
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -I. -pthread -MMD -MP -fno-strict-aliasing $(WARNINGS) $(OPT) $(CFLAGS)
# Without libseccomp the sandboxes consist of Landlock alone.
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

# A folder is a library, and its list names its sources. The order of the lists is the order of the folders: a folder uses only
# those listed before it, of shared/ and of its own program. tests/layers checks this.
shared/base       = buffer clock crc32c disk_pulse file_io file_limit histogram log mono_cond reason
shared/text       = json_value stamp_format time_cursor time_day time_fields time_latest time_parse time_phrase time_text week_hours
shared/sandbox    = ffmpeg_files landlock sandbox seccomp
shared/event      = loop subprocess timer_heap
shared/program    = orphans output_lines program_check program_environment program_limits program_words
shared/net        = bucket_url ip_address origin unix_listener
shared/config     = camera_device config config_change config_folders config_free_keys config_hooks config_key config_keys config_text \
	config_value mount_need state_file token token_file
shared/ring       = control health health_disk helper_address live_stats ring_layout ring_reader shm_name state \
	state_json user_folder \
	video_ring
shared/media      = ffmpeg_args ffmpeg_stamp ivf mp4_box mp4_chunks mp4_durations mp4_moov mp4_write
shared/segment    = block_map catalogue catalogue_json clip_cache_files index segment segment_checksum segment_info segment_name \
	segment_reader segment_search segment_walk
shared/motion     = motion_area motion_area_cells motion_cells motion_event motion_list motion_live motion_polygon \
	motion_record motion_tamper
shared/timeline   = timeline_cache timeline_gaps timeline_items timeline_scan timeline_sum timeline_walk
shared/notify     = hook_rule hook_socket notification notification_json notification_ring notification_text
shared/source     = source_socket
shared/store      = archive_id bucket_digest object_name remote_cameras ship_list ship_status

recorderd/lock    = instance_lock
recorderd/ring    = leftover_sweep leftovers leftovers_free ring_carry ring_names ring_object ring_open ring_pages ring_size \
	ring_writer side_ring video_writer
recorderd/v4l2    = device device_holder device_json device_permission v4l2_controls v4l2_controls_apply v4l2_controls_json v4l2_modes v4l2_planes
recorderd/rewrite = jpeg_blocks jpeg_rewriter mask_blocks orientation privacy_mask
recorderd/rawjpeg = jpeg_compressor jpeg_pool raw_colour raw_format
recorderd/source  = damage_share frame_clock jpeg jpeg_scan jpeg_tables mjpeg_frame mpjpeg source_pattern source_v4l2 v4l2_buffers v4l2_format v4l2_open
recorderd/external = packet_stream source_external
recorderd/capture = bandwidth capture capture_frames capture_phases capture_results control_check device_link device_watch device_worker frame_rewriter other_cameras source_select
recorderd/lists   = folder_memory motion_day replacement segment_activity
recorderd/repair  = motion_file repair_steps segment_head segment_redate segment_repair set_aside
recorderd/archive = archive archive_adopt archive_age archive_boots archive_cached archive_clock archive_folder_lock archive_follow \
	archive_former archive_keeper archive_list archive_motion archive_motion_days archive_motion_scan archive_opening archive_order \
	archive_recover archive_redate archive_retention archive_store catalogue_writer
recorderd/storage = motion_queue motion_writer segment_rotation segment_writer storage
recorderd/ffmpeg  = encoder_args encoder_sandbox ffmpeg_errors fragment_parser
recorderd/probe   = encoder_probe encoder_trial probe_decode probe_pictures
recorderd/encoder = encoder encoder_child encoder_choice encoder_input encoder_output encoder_pictures \
	encoder_store frame_drop ring_feed
recorderd/motion  = captured_seconds child_messages motion_child motion_process motion_program motion_records record_check
recorderd/notify  = condition hook_peer hook_server motion_ring_writer notification_writer notifier
recorderd/setup   = config_edit config_replace setup_choice setup_writer
recorderd/control = control_request control_server
recorderd/command = memory_command probe_command report_command status_command token_command token_edit
recorderd         = disk_need main options publish recorder recorder_drain recorder_notify recorder_open recorder_recording recorder_setup recorder_stop reload schedule sd_notify service

fcgi/http         = accept cache_buster percent problem query range
fcgi/sandbox      = broker program_sandbox sandbox_folders
fcgi/io           = config_watch fastcgi fastcgi_listen fastcgi_validate job lazy_files pace response_writer \
	virtual_file virtual_file_missing virtual_file_partial zero_copy
fcgi/auth         = authorize client_address cross_site local_client own_host_name site_headers token_store trusted_host
fcgi/motion       = motion_hour motion_query motion_question motion_scan motion_sources motion_spans motion_summary motion_walk \
	second_bits
fcgi/clip         = clip_build clip_cache clip_final clip_label clip_pack clip_plan clip_slice clip_times kept_clips nearest_footage timelapse
fcgi/transcode    = clip_spool still transcode transcode_adopt transcode_input transcode_plan
fcgi/pool         = address_shares address_turn camera fetch_client handover pass_table remote_board snapshot_cache snapshot_queue worker_groups \
	worker_sandbox worker_slots
fcgi/server       = client_probe master master_workers pending permits request request_context request_fetch request_pass request_wait \
	response worker
fcgi/events       = event_links event_list event_text events heatmap motion_answer motion_steps
fcgi/footage      = cached_response clip_headers clip_problems clip_request footage moving_headers moving_parts \
	no_footage playlist
fcgi/api          = camera_info clip_list clips control health main metrics misrouted_live prometheus recorder_call recordings remote remote_json route \
	setup snapshot snapshot_remote timeline
fcgi/video        = hls_playlist video_chunk video_feed video_frame video_sender
fcgi/notify       = event_blocks event_filter event_position event_question event_state event_stream notification_feed second_feed
fcgi/feed         = live_events live_feed live_frame ring_notifier
fcgi/live         = event_client hls_reply live live_client live_page live_permits live_request live_response live_viewer main video_viewer
fcgi/listen       = main

offsite/store     = body credentials curl_memory list_document multipart sigv4 store store_answer store_client store_put store_reader store_request \
	store_sandbox
offsite/cache     = cache cache_files cache_folder in_flight
offsite/remote    = camera_days camera_list camera_live camera_span day_list fetcher live_entry piece_join segment_list
offsite/fetch     = fetch_options main media requests restore server thread_pool upkeep
offsite           = clip_shipping main piece_state piece_thread segment_files segment_thread ship_sandbox shipped_file shipper

motion/detector   = cells detector fit history light limit measure residual
motion            = main motion_sandbox picture pictures resample sampler second watch

hooks             = main hook hook_environment hook_process hook_queue hook_set options recorder_link test_run

source            = command delivery fetch jpeg_splitter main options password redact run session

# The folders in that order, and in reverse for the linker, which needs users before the libraries that they use.
FOLDERS  := $(shell sed -nE 's,^((shared|recorderd|fcgi|motion|hooks|source|offsite)(/[a-z0-9]+)?) *= .*,\1,p' $(firstword $(MAKEFILE_LIST)))
REVERSED := $(foreach f,$(FOLDERS),$(eval SEEN := $f $(SEEN)))$(SEEN)
TREES    := $(sort $(foreach f,$(FOLDERS),$(firstword $(subst /, ,$f))))

# The libraries of folders, and those that they may use: $(call libraries,fcgi/clip recorderd/ring).
up_to     = $(firstword $2) $(if $(filter-out $1,$(firstword $2)),$(call up_to,$1,$(wordlist 2,$(words $2),$2)))
reach     = $(call up_to,$1,$(filter shared/% $(firstword $(subst /, ,$1)) $(firstword $(subst /, ,$1))/%,$(FOLDERS)))
libraries = $(patsubst %,$(BUILD)/%.a,$(filter $(foreach f,$1,$(call reach,$f)),$(REVERSED)))

LIBS     = -Wl,--as-needed -ljpeg -lm -lfcgi $(SECCOMP) -ljson-c -liniparser -lmd -lcurl -lexpat
PROGRAMS = $(BUILD)/recorderd/recorderd $(BUILD)/motion/recorder-motion $(BUILD)/hooks/recorder-hooks \
	$(BUILD)/offsite/recorder-ship $(BUILD)/offsite/fetch/recorder-fetch $(patsubst \
	%,$(BUILD)/fcgi/recorder-%,live api listen) $(BUILD)/source/recorder-source

all: $(PROGRAMS) ## builds; settings: BUILD=folder CC=clang SAN=address,undefined OPT="-O0 -g" WERROR=1 V=1

$(BUILD)/recorderd/recorderd: $(BUILD)/recorderd/main.o $(call libraries,recorderd)
$(BUILD)/motion/recorder-motion: $(BUILD)/motion/main.o $(call libraries,motion)
$(BUILD)/hooks/recorder-hooks: $(BUILD)/hooks/main.o $(call libraries,hooks)
$(BUILD)/source/recorder-source: $(BUILD)/source/main.o $(call libraries,source)
$(BUILD)/offsite/recorder-ship: $(BUILD)/offsite/main.o $(call libraries,offsite)
$(BUILD)/offsite/fetch/recorder-fetch: $(BUILD)/offsite/fetch/main.o $(call libraries,offsite/fetch)
$(foreach p,live api listen,$(eval $(BUILD)/fcgi/recorder-$p: $(BUILD)/fcgi/$p/main.o $(call libraries,fcgi/$p)))
$(PROGRAMS):
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

# The detector computes on whole planes of floats. With these options compilers make vector instructions of its loops.
$(BUILD)/motion/%.o: CFLAGS_ALL += $(if $(filter -O2,$(OPT)),-O3) -fno-math-errno -fno-trapping-math -fno-signed-zeros -fassociative-math

# Rebuilt whenever the Makefile changes, so that an object that has moved to another folder does not stay.
$(foreach f,$(FOLDERS),$(eval $(BUILD)/$f.a: $(patsubst %,$(BUILD)/$f/%.o,$(filter-out main,$($f))) Makefile))
$(BUILD)/%.a:
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# Everything is compiled again after a change of compiler or flags, except for flags about warnings.
FLAGS = $(CC) $(filter-out $(WARNINGS),$(CFLAGS_ALL)) $(LDFLAGS)
ifneq ($(file <$(BUILD)/flags),$(strip $(FLAGS)))
$(BUILD)/flags: FORCE
endif
$(BUILD)/flags:
	@mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(strip $(FLAGS)))' >$@
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

PARALLEL = $(MAKE) --no-print-directory -j$(shell nproc)

help: ## prints this list
	@sed -n 's/^\([a-z][a-z -]*\):[^=]*## \(.*\)/make \1|\2/p' Makefile tests/tests.mk | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

run: ## [PORT=5000] [HOST=127.0.0.1] [ACCESS=access] [OPEN=no] [CONFIG=recorder.ini] installs missing packages, builds, and runs until Ctrl-C
	@deploy/install-packages run
	@$(PARALLEL) all
	@exec deploy/run

deps: ## installs the packages for building, running and testing
	@deploy/install-packages run
	@deploy/install-packages test

SYSTEMD = $(PREFIX)/lib/systemd/system
install: all ## [PREFIX=/usr/local] [DESTDIR=] [SYSTEMD=PREFIX/lib/systemd/system]
	@BUILD='$(BUILD)' PREFIX='$(PREFIX)' SYSTEMD='$(SYSTEMD)' DESTDIR='$(DESTDIR)' deploy/install

uninstall: ## [PREFIX=, DESTDIR=, SYSTEMD= as for install] removes what install installed; keeps configuration and recordings
	@PREFIX='$(PREFIX)' SYSTEMD='$(SYSTEMD)' DESTDIR='$(DESTDIR)' deploy/uninstall

deb: ## builds a Debian package of the last commit, in BUILD/deb
	@deploy/install-packages deb
	@BUILD='$(BUILD)' deploy/build-deb

clean: ## removes BUILD
	rm -rf $(BUILD)

.PHONY: all help run deps install uninstall deb clean FORCE
.SECONDARY:

include tests/tests.mk
-include $(shell find $(addprefix $(BUILD)/,$(TREES) tests) -name '*.d' 2>/dev/null)
