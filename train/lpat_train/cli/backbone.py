"""lpat-backbone: what a backbone is, made from other networks, and tried."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lpat.backbones.appearance import NAME
from lpat.cli import app, options
from lpat.cli.app import DONE
from lpat.errors import BackboneError, UsageError
from lpat_train.cli import launch

CHECKPOINTS = (".pt", ".pth", ".safetensors")
_OF_I3D = ("name", "fps", "crops", "flow")
"""Options that a checkpoint of I3D leaves open."""


class Numbers(click.ParamType):
    """Numbers, separated by commas, or by an `x`."""

    def __init__(self, name: str, kind: type[int] | type[float]) -> None:
        self.name = name
        self._kind = kind

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """The numbers of a text."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._kind(word) for word in value.replace("x", ",").split(","))
        except ValueError:
            self.fail(f"expected {self.name}, not {value!r}", param, ctx)


@click.group("lpat-backbone")
@click.version_option(package_name="lpat")
def command() -> None:
    """Backbones: pretrained networks of clips whose features a model learns from.

    docs/backbones.md shows how to make one of a network of your own.
    """


@command.command("inspect")
@click.argument("files", type=options.FILE, nargs=-1, required=True)
@options.backbone
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
def inspect_command(
    files: tuple[Path, ...], backbone_paths: tuple[Path, ...], as_json: bool
) -> int:
    """Say what FILES are: backbones, models, or bundles of both.

    Of a model it says which backbones it needs, and where each is found.
    """
    from lpat.model.inspection import inspect

    places = replace(options.backbones_from(backbone_paths), for_others=True)
    found = [inspect(path, places) for path in files]
    if as_json:
        print(json.dumps([its.document() for its in found], ensure_ascii=False, indent=1))
    else:
        print("\n".join(line for its in found for line in its.lines()))
    return DONE


@command.command("check")
@click.argument("files", type=options.FILE, nargs=-1, required=True)
@click.option(
    "--reference",
    type=options.FILE,
    help="The checkpoint of I3D that it was converted from, to compare with in PyTorch.",
)
@options.device
@options.require_gpu
def check_command(
    files: tuple[Path, ...], reference: Path | None, device: str, require_gpu: bool
) -> int:
    """Run the backbones FILES, or those of bundles, on random clips.

    Features must be finite, the same for the same clip, alone and in a batch, and others for other
    clips. Exit code 1 says that something of that doesn't hold.
    """
    from lpat.backbones.checking import check
    from lpat.backbones.files import read_backbones

    if reference is not None and len(files) > 1:
        raise UsageError(f"--reference: expected one file, not {len(files)}")
    how = options.backbones_from((), device, require_gpu)
    for file in files:
        found = read_backbones(file)
        if not found:
            raise BackboneError(f"{file}: expected a backbone, or a model that brings its own")
        for backbone in found:
            print(f"{file}: {backbone.title}")
            for line in check(backbone, how):
                print(f"  {line}")
        if reference is not None:
            launch.expect("torch", "onnx")
            from lpat_train.backbones.i3d_export import compare

            print(f"  reference: PyTorch differs by at most {compare(found, reference):.1e}")
    return DONE


@command.command("convert")
@click.argument("source", type=options.FILE)
@click.argument("output", type=options.FILE, required=False)
@click.option("--name", help="What it is to be called.  [default: the name of SOURCE]")
@click.option(
    "--stream",
    type=click.Choice(["rgb", "flow"]),
    help="What it sees.  [default: as it has 3 or 2 channels]",
)
@click.option(
    "--frames", type=click.IntRange(1), help="Frames of a clip.  [default: its own, or 16]"
)
@click.option("--fps", type=float, help="Frames a second.  [default: 25]")
@click.option(
    "--short-side", type=click.IntRange(1),
    help="Pixels of a frame's shorter side.  [default: 256/224 of the crop's longer one]",
)  # fmt: skip
@click.option(
    "--crop", type=Numbers("HEIGHTxWIDTH", int), metavar="HEIGHTxWIDTH",
    help="Pixels of what is cut from a frame.  [default: its own, or 224x224]",
)  # fmt: skip
@click.option(
    "--crops", type=click.Choice(["center", "ten"]),
    help="The centre, or ten crops whose features are averaged.  [default: center]",
)  # fmt: skip
@click.option(
    "--mean", type=Numbers("NUMBER,...", float),
    help="Subtracted from levels of 0 to 255, for all channels or each.  [default: 127.5]",
)  # fmt: skip
@click.option(
    "--deviation", type=Numbers("NUMBER,...", float), help="What that is divided by, in the same "
    "units.  [default: 127.5]",
)  # fmt: skip
@click.option(
    "--colour", type=click.Choice(["rgb", "bgr"]), help="Order of channels.  [default: rgb]"
)
@click.option(
    "--flow", type=click.Choice(["tvl1", "tvl1-opencv", "dis"]),
    help="Method of optical flow.  [default: tvl1]",
)  # fmt: skip
@click.option("--bound", type=float, help="Pixels at which flow is cut off.  [default: 20]")
def convert_command(source: Path, output: Path | None, **settings: Any) -> int:
    """Make the backbone OUTPUT of SOURCE: any ONNX network, or a checkpoint of I3D.

    SOURCE efficientnet-lite0 is the network of --features appearance, whose weights come with the
    package that the extra `appearance` installs; OUTPUT is the user's folder of backbones then,
    unless it is given.

    An ONNX network takes clips (N, C, T, H, W), or images (N, C, H, W): then it is run on every
    frame, and its features are averaged over the clip. A checkpoint (.pt, .pth, .safetensors) is
    one of I3D's PyTorch port; its stream follows from its first layer. OUTPUT is run before it
    takes its place.
    """
    launch.expect("onnx")
    given = {name: value for name, value in settings.items() if value is not None}
    if str(source) == NAME:
        output = _make_efficientnet(output, given)
    elif output is None:
        raise UsageError(f"expected OUTPUT, the backbone's file, beside {source}")
    elif source.suffix.lower() in CHECKPOINTS:
        _convert_checkpoint(source, output, given)
    else:
        from lpat_train.backbones.conversion import convert_network

        convert_network(source, output, given)
    from lpat.model.inspection import inspect

    print("\n".join(inspect(output, options.backbones_from(())).lines()))
    return DONE


def _make_efficientnet(output: Path | None, given: dict[str, Any]) -> Path:
    """Write the network that comes with a package; its file."""
    launch.expect("torch")
    from lpat.backbones.appearance import appearance_file
    from lpat_train.backbones.efficientnet_export import convert_efficientnet

    if given:
        option = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{option}: expected an ONNX network; {NAME}'s own is known")
    output = output or appearance_file()
    convert_efficientnet(output)
    return output


def _convert_checkpoint(source: Path, output: Path, given: dict[str, Any]) -> None:
    launch.expect("torch", "onnxscript")
    from lpat.backbones.metadata import BackboneMetadata
    from lpat_train.backbones.i3d_checkpoint import read_checkpoint, stream_of
    from lpat_train.backbones.i3d_export import convert_i3d

    if others := [name for name in given if name not in _OF_I3D]:
        option = others[0].replace("_", "-")
        raise UsageError(f"--{option}: expected an ONNX network; I3D's own is known")
    state = read_checkpoint(source)
    metadata = BackboneMetadata(
        **{"name": source.stem, **given, "stream": stream_of(state), "dimension": 1024}
    )
    difference = convert_i3d(state, output, metadata.to_json())
    print(f"PyTorch and ONNX Runtime differ by at most {difference:.1e} of the largest feature")


def main() -> None:
    """Entry point."""
    app.run(command)


if __name__ == "__main__":
    main()
