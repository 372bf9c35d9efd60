"""The engines' speeds for people to read."""

from collections.abc import Iterator

COLUMNS = (
    "network",
    "contender",
    "images/s",
    "ratio",
    "of processor time",
    "others had",
    "GFLOP/s",
    "of peak",
    "PSNR, dB",
    "tolerated",
)


def markdown(measured: dict, peer: str) -> str:
    """Return the report; `peer` is the contender that regions are compared with."""
    return "\n".join(_lines(measured, peer)) + "\n"


def _lines(measured: dict, peer: str) -> Iterator[str]:
    amx = "AMX" if measured["amx"] else "no AMX"
    yield f"It has {amx}; torch {measured['torch']};"
    yield f"other processes had {measured['others_on_the_machine']:.0%} of the machine."
    yield ""
    reached = measured["peaks_gflop_per_second"]
    yield "GEMM peak: " + ", ".join(f"{one:.0f} GFLOP/s in {key}" for key, one in reached.items())
    yield f"({measured['peaks_are']})."
    yield ""
    yield f"A ratio is to {peer} on the graph as published (ConvTranspose, MaxUnpool), in its best"
    yield "tile size where it is tiled. GFLOP/s count the work of the network as published,"
    yield "whatever form runs it. Tolerance: the card's, against ONNX Runtime on the same windows."
    yield "Where others had much of the machine in the best round, look at processor time."
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "| --- " * len(COLUMNS) + "|"
    for name, network in measured["networks"].items():
        for contender, found in network["contenders"].items():
            yield _row(f"{name}, {_work(network)}", contender, found, reached)


def _work(network: dict) -> str:
    images, _, rows, columns = network["batch"]
    return "full field" if network["unit"] == "fields" else f"{images} x {rows} x {columns}"


def _row(network: str, contender: str, found: dict, peaks: dict[str, float]) -> str:
    peak = peaks["bf16" if "bf16" in contender else "fp32"]
    verified = found["verification"]
    strays = f"{verified['psnr']:.1f}" if verified else ""
    tolerated = "reference"
    if verified:
        tolerated = "yes" if verified["passed"] else f"no: {verified['reason']}"
    return (
        f"| {network} | {contender} | {found['per_second']:.3g} | {found['ratio']:.2f} | "
        f"{found['processor_ratio']:.2f} | {found['others_in_the_best_round']:.0%} | "
        f"{found['gflop_per_second']:.0f} | {found['gflop_per_second'] / peak:.0%} | "
        f"{strays} | {tolerated} |"
    )
