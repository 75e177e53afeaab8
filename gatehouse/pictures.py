"""Pictures of a run, drawn after it from its truth, so that drawing costs the run nothing."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from gatehouse.moments import Moment, Scene
from gatehouse.record import Columns
from gatehouse.run_facts import Picture, RunFacts
from sim.render import Camera, Image
from sim.truth import Truth
from sim.world import make_world

FRAME_PX = (720, 450)
CLIP_PX = (560, 350)
GAP_PX = 12
JPEG_QUALITY = 82
CLIP_QUALITY = 55
CLIP_FPS = 10
CLIP_BEFORE_S, CLIP_AFTER_S, CLIP_MAX_S = 1.0, 2.0, 24.0
TOUR_FRAMES_N = 120  # of a run without a scene: the whole of it in a dozen seconds


class Photographer:
    """Draws moments of one run; use it through `photographer`, it holds a graphics context.

    Args:
        run: with its truth.
    """

    def __init__(self, run: RunFacts) -> None:
        people = tuple(person.name for person in run.truth[0].truth.people)
        self._truth = [row.truth for row in run.truth]
        self._time_s = np.array([(row.stamp_ns - run.columns.start_ns) / 1e9 for row in run.truth])
        self._camera = Camera(run.profile, make_world(run.site, people))

    def frame(self, moment: Moment, *, view: str) -> Picture:
        """One moment as a JPEG."""
        return _jpeg(Pillow.fromarray(self._draw(self._at(moment.time_s), FRAME_PX, view)), moment)

    def clip(self, moment: Moment, times_s: Sequence[float], *, view: str) -> Picture:
        """Moments one after the other as an endless animation, WebP."""
        first, *others = [Pillow.fromarray(self._draw(self._at(t), CLIP_PX, view)) for t in times_s]
        out = io.BytesIO()
        pace = {"duration": 1000 // CLIP_FPS, "loop": 0}
        first.save(out, "WEBP", save_all=True, append_images=others, quality=CLIP_QUALITY, method=2, **pace)
        width, height = CLIP_PX
        return Picture(
            data=out.getvalue(), media_type="image/webp", width_px=width, height_px=height, moment=moment
        )

    def close(self) -> None:
        """Free the graphics context."""
        self._camera.close()

    def _at(self, time_s: float) -> Truth:
        return self._truth[int(np.argmin(np.abs(self._time_s - time_s)))]

    def _draw(self, truth: Truth, size_px: tuple[int, int], view: str) -> Image:
        return self._camera.frame(truth, *size_px, view)


@contextlib.contextmanager
def photographer(run: RunFacts) -> Iterator[Photographer]:
    """A `Photographer` that is closed in the end."""
    made = Photographer(run)
    try:
        yield made
    finally:
        made.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """All pictures of a run."""

    frames: list[Picture]
    clip: Picture
    strip: Picture | None  # the scene's frames in one picture


def take_pictures(run: RunFacts, scene: Scene | None, moments: Sequence[Moment]) -> Album:
    """The moments as frames, and a clip: of the scene, or of the whole run where there was none."""
    with photographer(run) as camera:
        frames = [camera.frame(moment, view=_view(moment, scene)) for moment in moments]
        clip = camera.clip(*clip_times(run.columns, scene), view="aisle" if scene else "overview")
    return Album(frames=frames, clip=clip, strip=side_by_side(frames[:3]) if scene else None)


def side_by_side(frames: Sequence[Picture]) -> Picture:
    """Frames in one picture, from left to right."""
    images = [Pillow.open(io.BytesIO(picture.data)) for picture in frames]
    height = max(image.height for image in images)
    width = sum(image.width for image in images) + GAP_PX * (len(images) - 1)
    strip, x = Pillow.new("RGB", (width, height), "white"), 0
    for image in images:
        strip.paste(image, (x, 0))
        x += image.width + GAP_PX
    return _jpeg(strip, frames[0].moment)


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


def _jpeg(image: Pillow.Image, moment: Moment) -> Picture:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return Picture(
        data=out.getvalue(),
        media_type="image/jpeg",
        width_px=image.width,
        height_px=image.height,
        moment=moment,
    )


def _view(moment: Moment, scene: Scene | None) -> str:
    in_scene = scene is not None and scene.before_s <= moment.time_s <= scene.after_s
    return "aisle" if in_scene else "follow"
