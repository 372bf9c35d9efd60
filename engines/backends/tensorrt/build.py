"""From a graph to a plan."""

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from engines.backends.tensorrt.library import Library, parse_faults
from engines.backends.tensorrt.progress import Progress, Wishes, monitor
from engines.engine import UnusableError
from engines.interrupts import interrupts_noted

if TYPE_CHECKING:
    import tensorrt

Shape = tuple[int, ...]

MOST_TOLD = 4
"""Faults of a graph that are told; the rest mostly follow from them."""
MIB = 20


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """How a plan is built: for one shape only, `window`, with precisions as the graph has them."""

    window: Shape
    workspace_mib: int = 4096
    optimization_level: int = 3
    auxiliary_streams: int = 0

    @property
    def recipe(self) -> str:
        """All but the window, in words."""
        return (
            f"workspace {self.workspace_mib} MiB, optimization {self.optimization_level}, "
            f"{self.auxiliary_streams} auxiliary streams, no TF32"
        )


@dataclass(frozen=True, slots=True)
class Built:
    """A plan, and what was measured on the way: the next build is quicker with it."""

    plan: bytes
    timings: bytes


def build(
    library: Library, graph: bytes, spec: BuildSpec, timings: bytes, progress: Progress
) -> Built:
    """Return the plan of an ONNX graph; on a GPU, its session must be current.

    Raises:
        UnusableError: TensorRT does not understand the graph, or cannot build it; the message
            names operator, node and reason.
        CancelledError: `progress` said no.
        KeyboardInterrupt: Ctrl-C; it is heard after the step at hand.
    """
    wishes = Wishes(progress)
    watching = monitor(library.trt, wishes)
    library.complaints.forget()
    with interrupts_noted(wishes.interrupt):
        built = _built(library, graph, spec, timings, watching)
    wishes.insist()
    if built is None:
        raise UnusableError(f"TensorRT builds no plan: {library.complaints.summary()}")
    return built


def _built(
    library: Library,
    graph: bytes,
    spec: BuildSpec,
    timings: bytes,
    watching: "tensorrt.IProgressMonitor",
) -> Built | None:
    """Return the plan, None if there is none; builder and all are gone before what they borrow."""
    trt = library.trt
    builder = trt.Builder(library.logger)
    network = _network(trt, builder)
    parser = trt.OnnxParser(network, library.logger)  # the network borrows its weights
    _parse(parser, graph)
    config = _config(trt, builder, spec)
    config.progress_monitor = watching
    _profile(builder, config, network, spec.window)
    if library.measures:
        use_timings(config, timings)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        return None
    return Built(bytes(plan), timings_of(config) if library.measures else b"")


def _network(trt: ModuleType, builder: "tensorrt.Builder") -> "tensorrt.INetworkDefinition":
    """Return an empty network, strongly typed: each tensor will be what the graph says."""
    return builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))


def _parse(parser: "tensorrt.OnnxParser", graph: bytes) -> None:
    if not parser.parse(graph):
        faults = parse_faults(parser) or ["it does not say why"]
        raise UnusableError(f"TensorRT cannot read the graph: {'; '.join(faults[:MOST_TOLD])}")


def _config(
    trt: ModuleType, builder: "tensorrt.Builder", spec: BuildSpec
) -> "tensorrt.IBuilderConfig":
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, spec.workspace_mib << MIB)
    config.builder_optimization_level = spec.optimization_level
    config.max_aux_streams = spec.auxiliary_streams
    config.clear_flag(trt.BuilderFlag.TF32)  # on by default: 10 bits where fp32 is meant
    return config


def _profile(
    builder: "tensorrt.Builder",
    config: "tensorrt.IBuilderConfig",
    network: "tensorrt.INetworkDefinition",
    window: Shape,
) -> None:
    """Fix the shape of the one input to `window`."""
    if network.num_inputs != 1 or network.num_outputs != 1:
        raise UnusableError(
            f"the graph has {network.num_inputs} inputs and {network.num_outputs} outputs, not one"
        )
    taken = network.get_input(0)
    shape = tuple(taken.shape)
    fits = len(shape) == len(window) and all(
        side in {-1, wanted} for side, wanted in zip(shape, window, strict=True)
    )
    if not fits:
        raise UnusableError(f"the graph takes {shape}, the card's window is {window}")
    if -1 in shape:
        profile = builder.create_optimization_profile()
        profile.set_shape(taken.name, window, window, window)
        config.add_optimization_profile(profile)


def use_timings(config: "tensorrt.IBuilderConfig", timings: bytes) -> None:
    """Let earlier measurements be used; those of another GPU or version are not taken."""
    cache = config.create_timing_cache(timings)
    if not config.set_timing_cache(cache, ignore_mismatch=False):
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)


def timings_of(config: "tensorrt.IBuilderConfig") -> bytes:
    """Return what was measured so far, nothing if there was nothing to measure."""
    cache = config.get_timing_cache()
    return bytes(cache.serialize()) if cache else b""
