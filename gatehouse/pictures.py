"""Pictures of a run, drawn after it from its truth, so that drawing costs the run nothing."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image as Pillow

from gatehouse.moments import Moment, Scene
from gatehouse.record import Columns
from gatehouse.run_facts import Picture
from shield.profile import RobotProfile
from shield.site import Site
from sim.render import Camera, Image
from sim.truth import Truth
from sim.truth_log import TruthRow
from sim.world import make_world

FRAME_PX = (720, 450)
CLIP_PX = (560, 350)
JPEG_QUALITY = 82
CLIP_QUALITY = 55
CLIP_FPS = 10
CLIP_BEFORE_S, CLIP_AFTER_S, CLIP_MAX_S = 1.0, 2.0, 24.0
TOUR_FRAMES_N = 120  # of a run without a scene: the whole of it in a dozen seconds


class Photographer:
    """Draws moments of one run; use it as a context, it holds a graphics context.

    Args:
        profile: of the robot.
        site: the hall.
        truth: of the run.
        start_ns: the stack's time that moments count from.
    """

    def __init__(self, profile: RobotProfile, site: Site, truth: Sequence[TruthRow], start_ns: int) -> None:
        people = tuple(person.name for person in truth[0].truth.people) if truth else ()
        self._truth = [row.truth for row in truth]
        self._time_s = np.array([(row.stamp_ns - start_ns) / 1e9 for row in truth])
        self._camera = Camera(profile, make_world(site, people))

    def frame(self, moment: Moment, *, view: str) -> Picture:
        """One moment as a JPEG."""
        width, height = FRAME_PX
        out = io.BytesIO()
        Pillow.fromarray(self._draw(self._at(moment.time_s), FRAME_PX, view)).save(
            out, "JPEG", quality=JPEG_QUALITY
        )
        return Picture(
            data=out.getvalue(), media_type="image/jpeg", width_px=width, height_px=height, moment=moment
        )

    def clip(self, moment: Moment, times_s: Sequence[float], *, view: str, as_gif: bool = False) -> Picture:
        """Moments one after the other as an endless animation (WebP, or GIF where that is asked for)."""
        width, height = CLIP_PX
        images = [Pillow.fromarray(self._draw(self._at(time_s), CLIP_PX, view)) for time_s in times_s]
        out = io.BytesIO()
        more = {"optimize": True} if as_gif else {"quality": CLIP_QUALITY, "method": 2}
        images[0].save(
            out, "GIF" if as_gif else "WEBP", save_all=True, append_images=images[1:], duration=1000 // CLIP_FPS,
            loop=0, **more,
        )  # fmt: skip
        media_type = "image/gif" if as_gif else "image/webp"
        return Picture(
            data=out.getvalue(), media_type=media_type, width_px=width, height_px=height, moment=moment
        )

    def close(self) -> None:
        """Free the graphics context."""
        self._camera.close()

    def _at(self, time_s: float) -> Truth:
        return self._truth[int(np.argmin(np.abs(self._time_s - time_s)))]

    def _draw(self, truth: Truth, size_px: tuple[int, int], view: str) -> Image:
        return self._camera.frame(truth, *size_px, view)


@contextlib.contextmanager
def photographer(
    profile: RobotProfile, site: Site, truth: Sequence[TruthRow], start_ns: int
) -> Iterator[Photographer]:
    """A `Photographer` that is closed in the end."""
    made = Photographer(profile, site, truth, start_ns)
    try:
        yield made
    finally:
        made.close()


def take_pictures(
    profile: RobotProfile, site: Site, truth: Sequence[TruthRow], columns: Columns, scene: Scene | None,
    moments: Sequence[Moment],
) -> tuple[list[Picture], Picture | None]:  # fmt: skip
    """The moments as frames, and a clip: of the scene, or of the whole run where there was none."""
    if not truth:
        return [], None
    with photographer(profile, site, truth, columns.start_ns) as camera:
        frames = [camera.frame(moment, view=_view(moment, scene)) for moment in moments]
        return frames, camera.clip(*clip_times(columns, scene), view="aisle" if scene else "overview")


def clip_times(columns: Columns, scene: Scene | None) -> tuple[Moment, list[float]]:
    """What the clip shows, and the times of its frames."""
    if scene is None:
        times = np.linspace(0.0, columns.duration_s, TOUR_FRAMES_N)
        return Moment(time_s=0.0, caption="The whole run, faster than it was"), times.tolist()
    start_s = max(0.0, scene.before_s - CLIP_BEFORE_S)
    end_s = min(columns.duration_s, scene.after_s + CLIP_AFTER_S, start_s + CLIP_MAX_S)
    times = np.arange(start_s, end_s, 1.0 / CLIP_FPS)
    caption = f"The same scene from {start_s:.0f} to {end_s:.0f} s, as fast as it was"
    return Moment(time_s=start_s, caption=caption), times.tolist()


def _view(moment: Moment, scene: Scene | None) -> str:
    in_scene = scene is not None and scene.before_s <= moment.time_s <= scene.after_s
    return "aisle" if in_scene else "follow"
