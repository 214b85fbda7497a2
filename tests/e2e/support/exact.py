"""What a clip must be: exactly the frames that the camera's log has for that time, at exactly their times."""
from support.times import US

EDGE_US = 300     # a frame this near to a border may fall on either side: two readings of two clocks
TICK_US = 12      # clips count in 1/90000 s
BEHIND_US = 5000  # less than what lies between two frames at 120 a second, and more than what two clocks differ by


def second_behind(frame):
    """The first whole second behind a frame. The API widens a range to its whole second: one from here on reaches into nothing before."""
    return (frame.wall_us // US + 1) * US


def just_behind(frame):
    """The end of a range whose last frame this is."""
    return frame.wall_us + BEHIND_US


def frames_within(frames, from_us, to_us):
    return [frame for frame in frames if from_us <= frame.wall_us < to_us]


def assert_numbers(shown, frames, from_us, to_us, count):
    """`shown` are the numbers of a clip of [from, to); count: of the frames file, after which numbers begin anew."""
    sure = [frame.number % count for frame in frames_within(frames, from_us + EDGE_US, to_us - EDGE_US)]
    most = [frame.number % count for frame in frames_within(frames, from_us - EDGE_US, to_us + EDGE_US)]
    first = most.index(shown[0]) if shown and shown[0] in most else None
    assert first is not None, f"begins with {shown[:3]}, not {most[:3]}; {len(shown)} frames, not {len(most)}"
    assert shown == most[first:first + len(shown)], difference(shown, most[first:])
    assert len(shown) >= len(sure), f"{len(shown)} frames, not {len(sure)}; ends with {shown[-1]}, not {sure[-1]}"


def difference(shown, wanted):
    for at, (one, other) in enumerate(zip(shown, wanted)):
        if one != other:
            return f"frame {at} is number {one}, not {other}"
    return f"{len(shown)} frames, not {len(wanted)}"


def assert_times(clip, frames, count):
    """The frames of a clip without a gap lie as far apart as they were taken."""
    taken = {}
    for frame in frames:
        taken[frame.number % count] = frame.mono_us
    start_us = taken[clip[0][1]] - clip[0][0]
    for pts_us, number in clip:
        off_us = taken[number] - start_us - pts_us
        assert abs(off_us) <= TICK_US, f"number {number} stands {off_us} us from its time"


def assert_exact(rig, from_us, to_us, count=9000):
    clip = rig.clip(from_us, to_us)
    frames = rig.camera.frames()
    assert_numbers([number for _, number in clip], frames, from_us, to_us, count)
    assert_times(clip, frames, count)
    return clip


def whole_seconds(frames, margin_us=0):
    """[first, end) in whole seconds of wall time that the frames cover for certain."""
    first = -(-frames[0].wall_us // US) * US
    end = (frames[-1].wall_us - margin_us) // US * US
    return first, end
