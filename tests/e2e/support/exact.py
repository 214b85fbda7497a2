"""What a clip must be: exactly the frames that the camera's log has for that range, at exactly their times."""
from support.times import US

EDGE_US = 300     # a frame this near to a border may be on either side, because two clocks were read
TICK_US = 12      # a tick of a clip is 1/90000 s
AFTER_US = 5000  # less than the time between two frames at 120 per second, more than two clocks differ by


def second_after(frame):
    """The first whole second after a frame. The API widens a range to its whole second, so one that begins here has no earlier frames."""
    return (frame.wall_us // US + 1) * US


def just_after(frame):
    """The end of a range whose last frame this is."""
    return frame.wall_us + AFTER_US


def frames_within(frames, from_us, to_us):
    return [frame for frame in frames if from_us <= frame.wall_us < to_us]


def assert_numbers(shown, frames, from_us, to_us, count):
    """`shown` are the frame numbers in a clip of [from_us, to_us). Numbers start again after `count`, the size of the frames file."""
    sure = [frame.number % count for frame in frames_within(frames, from_us + EDGE_US, to_us - EDGE_US)]
    most = [frame.number % count for frame in frames_within(frames, from_us - EDGE_US, to_us + EDGE_US)]
    first = most.index(shown[0]) if shown and shown[0] in most else None
    assert first is not None, f"begins with {shown[:3]}, expected {most[:3]}; {len(shown)} frames, expected {len(most)}"
    assert shown == most[first:first + len(shown)], difference(shown, most[first:])
    assert len(shown) >= len(sure), f"{len(shown)} frames, expected {len(sure)}; ends with {shown[-1]}, expected {sure[-1]}"


def difference(shown, wanted):
    for at, (one, other) in enumerate(zip(shown, wanted)):
        if one != other:
            return f"frame {at} is number {one}, expected {other}"
    return f"{len(shown)} frames, expected {len(wanted)}"


def assert_times(clip, frames, count):
    """The frames of a clip without a gap are as far apart as when they were taken."""
    taken = {}
    for frame in frames:
        taken[frame.number % count] = frame.mono_us
    start_us = taken[clip[0][1]] - clip[0][0]
    for pts_us, number in clip:
        off_us = taken[number] - start_us - pts_us
        assert abs(off_us) <= TICK_US, f"number {number} is {off_us} us off"


def assert_exact(rig, from_us, to_us, count=9000):
    clip = rig.clip(from_us, to_us)
    frames = rig.camera.frames()
    assert_numbers([number for _, number in clip], frames, from_us, to_us, count)
    assert_times(clip, frames, count)
    return clip


def whole_seconds(frames, margin_us=0):
    """[first, end) of the whole seconds of wall time that the frames certainly cover."""
    first = -(-frames[0].wall_us // US) * US
    end = (frames[-1].wall_us - margin_us) // US * US
    return first, end
