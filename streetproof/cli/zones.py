"""`streetproof zones preview`: draws a camera's zones on a frame of its footage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetproof.cli.output import counted, out, print_json
from streetproof.errors import StreetproofError

app = typer.Typer(help="Zones on a camera's image.", no_args_is_help=True, rich_markup_mode=None)


@app.command(
    epilog="Example: streetproof zones preview configs/demo/site.yaml configs/demo/footage/vtest-h264.mp4 "
    "--out zones.png    Exit codes: 0 drawn · 2 usage · 4 the site or the recording cannot be used"
)
def preview(
    site: Annotated[Path, typer.Argument(help="The site file (YAML).")],
    recording: Annotated[Path, typer.Argument(help="A recording of the camera; its first keyframe is drawn on.")],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="The picture (PNG) to write.")] = Path("zones.png"),
    camera: Annotated[
        str | None, typer.Option(help="Camera id; may be left out where the site has one camera.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was drawn as JSON.")] = False,
) -> None:
    """Draw the zones of a camera on a frame, to see whether they lie where they are meant to.

    With the camera's `ground`, a grid of metres and outlines of cars show whether that is right.
    """
    from streams.archive.still import still
    from streetproof.batch.plan import camera_named
    from streetproof.preview import draw_zones
    from streetproof.settings.load import load_site

    loaded = load_site(site)
    cameras = loaded.site.cameras
    if camera is None and len(cameras) > 1:
        raise StreetproofError(
            f"the site has {len(cameras)} cameras", remedy=f"Say which: --camera {' or '.join(c.id for c in cameras)}"
        )
    chosen = cameras[0] if camera is None else camera_named(loaded.site, camera)
    image = still(recording)
    draw_zones(image, chosen.zones, out_file, chosen.ground)
    if as_json:
        zones = [{"id": zone.id, "name": zone.name, "rules": list(zone.rules)} for zone in chosen.zones]
        print_json(
            {"camera": chosen.id, "picture": str(out_file), "size": [image.shape[1], image.shape[0]], "zones": zones}
        )
        return
    out.print(f"{counted(len(chosen.zones), 'zone')} of {chosen.id} drawn: {out_file}", markup=False)
