"""A generated archive (tests/tools/make_archive.c): one second of video repeated in consecutive segments."""
import json
import os
import subprocess
import time

from support import BUILD

FFMPEG = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i"]
ENCODER = ["-c:v", "libx264", "-preset", "superfast", "-crf", "30", "-tune", "zerolatency", "-bf", "0", "-g", "1000", "-sc_threshold", "0",
           "-bsf:v", "dump_extra=freq=keyframe", "-pix_fmt", "yuv420p", "-video_track_timescale", "1000000",
           "-movflags", "empty_moov+default_base_moof+frag_every_frame", "-f", "mp4"]


def make_archive(folder, segments, seconds=600, fps=1, size="64x48", link=True, jitter_us=0):
    """Makes consecutive segments of that many seconds, the last of which ended a few seconds ago. link: hard links share the media, so a year fits on any disk."""
    os.makedirs(folder, exist_ok=True)
    second = folder + ".second.mp4"
    subprocess.run([*FFMPEG, f"testsrc2=s={size}:r={fps}:d=1", *ENCODER, second], check=True, stdin=subprocess.DEVNULL)
    end = int(time.time()) - 5
    subprocess.run([os.path.join(BUILD, "tests", "tools", "make_archive"), *(["-l"] if link else []), "-n", str(segments), "-s", str(seconds),
                    "-e", str(end), "-j", str(jitter_us), second, folder], check=True)
    os.unlink(second)
    return end - segments * seconds, end


def listed(folder):
    with open(os.path.join(folder, "recording_index.json"), encoding="utf-8") as index:
        return json.load(index)


def make_motion(folder, scene=(), *options):
    """Adds records of motion, and their lists, to an archive. scene: lines as in tests/tools/make_motion.c."""
    subprocess.run([os.path.join(BUILD, "tests", "tools", "make_motion"), *options, folder], input="".join(line + "\n" for line in scene), text=True,
                   check=True)
