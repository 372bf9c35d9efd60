"""`senoscope train`: recipes, from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Json, examples
from service.cli.train import shelving
from service.cli.train.asked import Asked, Preset
from service.cli.train.learning import learn
from service.cli.train.searching import search

Shared = Annotated[Path, typer.Option(help="The shared data: mammo/ and natural/ are in there.")]
Out = Annotated[
    Path | None, typer.Option(help="Checkpoints, curves, figures and weights go there.")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="As in the recipe unless given.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Batches in an epoch.")]
Seed = Annotated[int | None, typer.Option(help="Same seed, same threads: same weights.")]
Threads = Annotated[int, typer.Option(min=1)]
Device = Annotated[str, typer.Option(help="cpu, cuda or cuda:0.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")]
Which = Annotated[Preset, typer.Option(help="The paper's hyper-parameters, or ours.")]
Own = Annotated[
    Path | None, typer.Option("--recipe", help="TOML with what is to be other than in the preset.")
]
Scale = Annotated[int, typer.Option(min=2, max=4, help="How many times to enlarge.")]
Init = Annotated[
    Path | None,
    typer.Option(
        help="Weights to start from: a checkpoint of a run, weights of the shelf (.onnx), or your "
        "own, such as torchvision's state_dict."
    ),
]
Before = Annotated[
    str | None,
    typer.Option(help="A model of the shelf that enlarges regions before, such as edsr-x2."),
]
Models = Annotated[Path | None, typer.Option(help="The shelf; default: the packaged one.")]
Grid = Annotated[
    Path | None,
    typer.Option(help="TOML of lists to try, all with all, instead of the recipe's [grid]."),
]
Search = Annotated[bool, typer.Option("--search", help="Try all of the recipe's [grid].")]
Tensorboard = Annotated[
    bool, typer.Option("--tensorboard", help="Write curves for TensorBoard, an extra, too.")
]

SHARED = Path("../shared/data")

app = typer.Typer(help="Train networks; needs the extra `train`.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train networks; needs the extra `train`."""


def _go(asked: Asked, grid: Path | None, *, searched: bool) -> None:
    if searched or grid is not None:
        search(asked, grid)
    else:
        learn(asked)


def _enlarging(name: str, said: str, usual: int) -> None:
    """Give `app` the command that trains a network that enlarges."""

    @app.command(
        name,
        help=said,
        epilog=examples(
            f"senoscope train {name} --scale {usual}",
            f"senoscope train {name} --preset paper --out run2 --resume",
            f"senoscope train {name} --scale 3 --init .work/training/{name}-x2/best.pt",
        ),
    )
    def command(
        *,
        scale: Scale = usual,
        preset: Which = Preset.BEST,
        recipe: Own = None,
        init: Init = None,
        data: Shared = SHARED,
        out: Out = None,
        resume: Resume = False,
        epochs: Epochs = None,
        steps: Steps = None,
        seed: Seed = None,
        threads: Threads = 1,
        device: Device = "cpu",
        grid: Grid = None,
        searched: Search = False,
        tensorboard: Tensorboard = False,
        as_json: Json = False,
    ) -> None:
        asked = Asked(
            network=name,
            preset=preset,
            own=recipe,
            scale=scale,
            init=init,
            data=data,
            out=out or Path(f".work/training/{name}-x{scale}"),
            plan={"epochs": epochs, "steps": steps, "seed": seed, "threads": threads,
                  "device": device},
            resume=resume,
            as_json=as_json,
            tensorboard=tensorboard,
        )  # fmt: skip
        _go(asked, grid, searched=searched)


def _on_regions(name: str, said: str) -> None:
    """Give `app` the command that trains a network that is shown mammograms or parts of them."""

    @app.command(
        name,
        help=said,
        epilog=examples(
            f"senoscope train {name} --threads 2",
            f"senoscope train {name} --preset paper --init weights.pth",
            f"senoscope train {name} --recipe mine.toml --out run2 --resume",
        ),
    )
    def command(
        *,
        preset: Which = Preset.BEST,
        recipe: Own = None,
        init: Init = None,
        before: Before = None,
        models: Models = None,
        data: Shared = SHARED,
        out: Out = None,
        resume: Resume = False,
        epochs: Epochs = None,
        steps: Steps = None,
        seed: Seed = None,
        threads: Threads = 1,
        device: Device = "cpu",
        grid: Grid = None,
        searched: Search = False,
        tensorboard: Tensorboard = False,
        as_json: Json = False,
    ) -> None:
        asked = Asked(
            network=name,
            preset=preset,
            own=recipe,
            init=init,
            before=before,
            models=models,
            data=data,
            out=out or Path(f".work/training/{name}"),
            plan={"epochs": epochs, "steps": steps, "seed": seed, "threads": threads,
                  "device": device},
            resume=resume,
            as_json=as_json,
            tensorboard=tensorboard,
        )  # fmt: skip
        _go(asked, grid, searched=searched)


shelving.register(app)
_enlarging("fsrcnn", "Train FSRCNN (Dong 2016; Honjo 2022) to enlarge 2, 3 or 4 times.", 2)
_enlarging("edsr", "Train EDSR (Lim 2017; Jimenez-Gaona 2024) to enlarge.", 3)
_enlarging("rdn", "Train RDN (Zhang 2018; Jimenez-Gaona 2024) to enlarge.", 4)
_on_regions("unet", "Train U-Net (Ronneberger 2015) to outline a mass in its region.")
_on_regions("segnet", "Train SegNet (Badrinarayanan 2017) to outline a mass in its region.")
_on_regions("resnet50", "Train ResNet-50 (He 2015) to tell benign from malignant masses.")
_on_regions("densenet121", "Train DenseNet-121 (Huang 2017) to tell benign from malignant masses.")
_on_regions("vgg16", "Train VGG-16 (Simonyan 2015) to tell benign from malignant masses.")
_on_regions("detector", "Train the detector of masses: a U-Net on whole mammograms, shrunk.")
