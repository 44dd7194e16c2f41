"""Writes ops/*.json: operators, forward and vector-Jacobian product, by torch autograd in float64.
One file for each source file of src/ops, and one for the functions of src/nn.

Made with Python 3.11, torch 2.15.0, numpy 2.4.6:
    python test/golden/make_ops.py

Inputs and cotangents are standard normal, rounded to multiples of 2^-5, so float32 holds them too.
Max, min and reduceMax see no ties; abs and relu see no zeros. Data are flat and row-major, bools
0 or 1. A cotangent is null for an output that is not float, a gradient where there is none.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
rng = np.random.default_rng(0)
cases = []
names = set()
errors = []
DTYPES = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.int32: "int32",
    torch.bool: "bool",
}


def on_grid(numbers):
    """Multiples of 2^-5, none of them 0."""
    steps = np.round(np.asarray(numbers) * 32)
    return torch.tensor(np.where(steps == 0, 1, steps) / 32)


def normal(*shape, scale=1.0, center=0.0):
    return on_grid(center + scale * rng.normal(size=shape))


def positive(*shape):
    return on_grid(0.25 + rng.exponential(size=shape))


def distinct(*shape):
    """Normal numbers of which no two are equal."""
    count = int(np.prod(shape))
    steps = np.round(32 * rng.normal(size=8 * count + 64)).astype(int)
    unique = np.array(list(dict.fromkeys(steps[steps != 0].tolist())))[:count]
    return torch.tensor(unique.reshape(shape) / 32)


def ints(below, *shape):
    return torch.tensor(rng.integers(0, below, shape), dtype=torch.int32)


def bools(*shape):
    return torch.tensor(rng.integers(0, 2, shape), dtype=torch.bool)


def as_list(f, inputs):
    outputs = f(*inputs)
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def pulled_back(f, inputs, outputs, cotangents):
    """One gradient per input, None for those without one."""
    pairs = [(y, dy) for y, dy in zip(outputs, cotangents) if y.requires_grad]
    sources = [x for x in inputs if x.requires_grad]
    if not pairs or not sources:
        return [None] * len(inputs)
    ys, dys = zip(*pairs)
    found = iter(torch.autograd.grad(ys, sources, dys))
    return [next(found) if x.requires_grad else None for x in inputs]


def difference_error(f, inputs, cotangents, grads):
    """Of the vjp from a central difference in a random direction, relative to its terms."""
    step, expected, size, moved = 1e-6, 0.0, 1e-3, ([], [])
    for x, g in zip(inputs, grads):
        direction = torch.zeros_like(x) if g is None else torch.tensor(rng.normal(size=x.shape))
        if g is not None:
            expected += float((g * direction).sum())
            size += float((g * direction).abs().sum())
        for sign, side in zip((1, -1), moved):
            side.append(x if g is None else x + sign * step * direction)
    with torch.no_grad():
        sides = [as_list(f, side) for side in moved]
    slope = 0.0
    for up, down, dy in zip(*sides, cotangents):
        if dy is not None:
            slope += float(((up - down) * dy).sum()) / (2 * step)
    return abs(slope - expected) / size


def tensor(x):
    return {"shape": list(x.shape), "data": x.detach().flatten().to(plain(x)).tolist()}


def plain(x):
    return torch.int32 if x.dtype == torch.bool else x.dtype


def typed(x):
    return {"dtype": DTYPES[x.dtype], **tensor(x)}


def case(op, variant, inputs, f, **options):
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    outputs = as_list(f, inputs)
    cotangents = [
        normal(*y.shape).to(y.dtype) if y.is_floating_point() else None for y in outputs
    ]
    grads = pulled_back(f, inputs, outputs, cotangents)
    detached = [x.detach() for x in inputs]
    if op != "cast":
        errors.append(difference_error(f, detached, cotangents, grads))
        assert errors[-1] < 1e-6, (op, variant, errors[-1])
    cases.append(
        {
            "name": f"{op}/{variant}",
            "op": op,
            "inputs": [typed(x) for x in inputs],
            "options": options,
            "outputs": [typed(y) for y in outputs],
            "cotangents": [None if dy is None else dy.flatten().tolist() for dy in cotangents],
            "grads": [None if g is None else tensor(g) for g in grads],
        }
    )


def elementwise():
    shapes = {
        "same": ((2, 3), (2, 3)),
        "row": ((2, 3), (3,)),
        "column": ((2, 1), (2, 3)),
        "both": ((2, 1, 2), (3, 1)),
        "scalar-left": ((), (2, 2)),
        "scalar-right": ((3,), ()),
        "scalars": ((), ()),
        "rank-4": ((1, 2, 1, 1), (2, 1, 1, 2)),
    }
    binary = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
    for op, f in binary.items():
        for variant, (a, b) in shapes.items():
            divisor = positive(*b) * torch.where(bools(*b), 1, -1) if op == "div" else normal(*b)
            case(op, variant, [normal(*a), divisor], f)
    for op, f in {"max": torch.maximum, "min": torch.minimum}.items():
        for variant in ("same", "row", "both", "scalar-right"):
            a, b = shapes[variant]
            values = distinct(int(np.prod(a)) + int(np.prod(b)))
            cut = int(np.prod(a))
            case(op, variant, [values[:cut].reshape(a), values[cut:].reshape(b)], f)

    for variant, shape in {"scalar": (), "vector": (3,), "rank-3": (2, 1, 2)}.items():
        for op in ("neg", "abs", "exp", "tanh", "sigmoid", "sin", "cos"):
            case(op, variant, [normal(*shape)], getattr(torch, op))
        for op in ("log", "sqrt"):
            case(op, variant, [positive(*shape)], getattr(torch, op))
    wide = torch.tensor([-40.0, -12.5, -4.0, 4.0, 12.5, 40.0], dtype=torch.float64)
    for op in ("tanh", "sigmoid"):
        case(op, "wide", [wide], getattr(torch, op))
    far = torch.tensor([-1000.0, -40.5, 100.25, 511.0], dtype=torch.float64)
    for op in ("sin", "cos"):
        case(op, "far-from-0", [far], getattr(torch, op))
    for exponent in (2, 3):
        case("pow", f"{exponent}", [normal(2, 3)], lambda x: x**exponent, exponent=exponent)
    for exponent in (-1, 0.5, -0.5, 1.7):
        case("pow", f"{exponent}", [positive(2, 3)], lambda x: x**exponent, exponent=exponent)
    case("scale", "vector", [normal(4)], lambda x: x * -2.5, factor=-2.5)
    case("scale", "scalar", [normal()], lambda x: x * 0.125, factor=0.125)
    case("shift", "matrix", [normal(2, 2)], lambda x: x + 0.75, offset=0.75)

    case("where", "same", [bools(2, 3), normal(2, 3), normal(2, 3)], torch.where)
    case("where", "condition-row", [bools(3), normal(2, 3), normal(2, 3)], torch.where)
    case("where", "all-broadcast", [bools(2, 1), normal(3), normal(2, 1, 1)], torch.where)
    case("where", "scalars", [bools(2, 3), normal(2, 3), normal()], torch.where)
    few = {
        "matrix": (ints(3, 2, 3).double(), ints(3, 2, 3).double()),
        "int32": (ints(3, 6), ints(3)),
        "broadcast": (ints(3, 2, 1).double(), ints(3, 4).double()),
    }
    for op, f in {"less": torch.lt, "equal": torch.eq}.items():
        for variant, (a, b) in few.items():
            case(op, variant, [a, b], f)

    numbers = torch.tensor([0.25, -1.75], dtype=torch.float64)
    case("round", "vector", [numbers], torch.round)

    for variant, x, to in (
        ("float-to-float32", normal(2, 3), torch.float32),
        ("float-to-int32", normal(6, scale=4), torch.int32),
        ("int32-to-float64", ints(9, 5), torch.float64),
        ("int32-to-float32", ints(9, 5), torch.float32),
        ("bool-to-float64", bools(5), torch.float64),
        ("bool-to-int32", bools(5), torch.int32),
    ):
        case("cast", variant, [x], lambda x: x.to(to), dtype=DTYPES[to])


def movement():
    for before, after in (((2, 3), (6,)), ((2, 2), (1, 4, 1)), ((), (1, 1)), ((2, 1, 3), (3, 2))):
        variant = f"{len(before)}-to-{len(after)}"
        case("reshape", variant, [normal(*before)], lambda x: x.reshape(after), shape=after)
    for order in ((1, 0), (0, 2, 1), (2, 0, 1), (0, 2, 1, 3), (3, 1, 0, 2)):
        x = normal(*(2, 3, 1, 2)[: len(order)])
        name = "".join(map(str, order))
        case("transpose", name, [x], lambda x: x.permute(order), permutation=order)
    for shape, axis in (((3,), 0), ((2, 3), 1), ((2, 3), -1), ((), 0)):
        variant = f"rank-{len(shape)}-axis-{axis}"
        case("unsqueeze", variant, [normal(*shape)], lambda x: x.unsqueeze(axis), axis=axis)
    for before, after in (
        ((), (2, 3)),
        ((3,), (2, 3)),
        ((2, 1), (2, 4)),
        ((1, 2, 1), (2, 1, 2, 2)),
    ):
        variant = f"{len(before)}-to-{len(after)}"
        case("expand", variant, [normal(*before)], lambda x: x.expand(after), shape=after)
    for shape, axis, start, end in (((6,), 0, 1, 4), ((3, 4), 1, 0, 2), ((2, 3, 2), -2, 2, 3)):
        f = lambda x: x.narrow(axis, start, end - start)
        case("slice", f"rank-{len(shape)}", [normal(*shape)], f, axis=axis, start=start, end=end)
    for shape, axis, before, after in (((3,), 0, 2, 1), ((2, 3), -1, 0, 2), ((2, 2, 2), 1, 1, 0)):
        widths = [0, 0] * (len(shape) - 1 - axis % len(shape)) + [before, after]
        f = lambda x: F.pad(x, widths)
        options = {"axis": axis, "before": before, "after": after}
        case("pad", f"rank-{len(shape)}", [normal(*shape)], f, **options)
    for shapes, axis in (
        (((2,), (3,)), 0),
        (((2, 1), (2, 3)), 1),
        (((1, 2), (2, 2), (1, 2)), 0),
        (((1, 2, 1), (1, 2, 2), (1, 2, 1)), -1),
        (((2, 1, 1), (2, 2, 1)), 1),
    ):
        variant = f"{len(shapes)}-of-rank-{len(shapes[0])}-axis-{axis}"
        values = [normal(*shape) for shape in shapes]
        case("concat", variant, values, lambda *xs: torch.cat(xs, axis), axis=axis)
    for shape, parts, axis in (((6,), 3, 0), ((2, 4), 2, -1), ((3, 2), 3, 0), ((2, 2, 1), 2, 1)):
        variant = f"{parts}-of-rank-{len(shape)}"
        f = lambda x: x.chunk(parts, axis)
        case("split", variant, [normal(*shape)], f, parts=parts, axis=axis)


def reductions():
    functions = {
        "reduceSum": lambda x, axes, keep: x.sum(axes, keep),
        "reduceMean": lambda x, axes, keep: x.mean(axes, keep),
        "reduceMax": lambda x, axes, keep: x.amax(axes, keep),
        "sumSquares": lambda x, axes, keep: (x * x).sum(axes, keep),
    }
    for op, f in functions.items():
        for shape, axes, keep in (
            ((4,), (0,), False),
            ((2, 3), (0,), False),
            ((2, 3), (-1,), True),
            ((2, 3), (0, 1), False),
            ((2, 3), (0, 1), True),
            ((2, 2, 2), (1,), True),
            ((2, 2, 1, 2), (-3, -1), False),
        ):
            variant = f"rank-{len(shape)}-axes{''.join(f'_{axis}' for axis in axes)}"
            variant += "-kept" if keep else ""
            options = {"axes": axes, "keepDims": keep}
            case(op, variant, [distinct(*shape)], lambda x: f(x, axes, keep), **options)


def scans():
    for shape, axis in (((4,), 0), ((2, 3), 0), ((2, 3), -1), ((2, 2, 2), 1)):
        f = lambda x: x.cumsum(axis)
        case("cumulativeSum", f"rank-{len(shape)}-axis-{axis}", [normal(*shape)], f, axis=axis)


def products():
    for variant, a, b in (
        ("matrices", (2, 3), (3, 2)),
        ("row-column", (1, 3), (3, 1)),
        ("outer", (3, 1), (1, 2)),
        ("shared-right", (2, 2, 3), (3, 1)),
        ("batch", (2, 1, 3), (2, 3, 2)),
        ("batch-of-one", (1, 2, 3), (2, 3, 1)),
        ("shared-left", (2, 3), (2, 3, 1)),
        ("double-broadcast", (2, 1, 2, 2), (3, 2, 1)),
        ("rank-4", (2, 2, 1, 2), (2, 2, 2, 1)),
        ("rank-4-shared", (2, 2, 1, 2), (2, 2)),
    ):
        case("matmul", variant, [normal(*a), normal(*b)], torch.matmul)


def indexing():
    def gather(axis):
        return lambda x, i: x.index_select(axis, i.flatten()).reshape(
            x.shape[:axis] + i.shape + x.shape[axis + 1 :]
        )

    for variant, shape, indices, axis in (
        ("rows", (5, 3), [4, 0, 4, 2], 0),
        ("rows-by-matrix", (4, 2), [[3, 1, 3], [0, 3, 1]], 0),
        ("columns", (2, 4), [1, 1, 3], 1),
        ("middle-by-matrix", (2, 3, 2), [[2, 2], [0, 2]], 1),
        ("vector", (4,), [3, 0, 3], 0),
    ):
        i = torch.tensor(indices, dtype=torch.int32)
        case("gather", variant, [normal(*shape), i], gather(axis), axis=axis)
    for variant, rows, columns, indices in (
        ("duplicates", 4, 3, [2, 0, 2, 2, 3]),
        ("permutation", 3, 2, [2, 0, 1]),
        ("one-column", 5, 1, [4, 4]),
    ):
        i = torch.tensor(indices, dtype=torch.int32)
        inputs = [normal(rows, columns), i, normal(len(indices), columns)]
        case("scatterAdd", variant, inputs, lambda x, i, u: x.index_add(0, i, u))
    for variant, shape, axis, picked in (
        ("rows", (4, 5), 1, (4, 1)),
        ("columns", (3, 4), 0, (1, 4)),
    ):
        f = lambda x, i: x.gather(axis, i.long())
        case("gatherElements", variant, [normal(*shape), ints(shape[axis], *picked)], f, axis=axis)
    repeated = torch.tensor([[1, 1, 0], [2, 2, 2]], dtype=torch.int32)
    f = lambda x, i: x.gather(1, i.long())
    case("gatherElements", "duplicates", [normal(2, 3), repeated], f, axis=1)
    for variant, shape, count in (
        ("one", (5,), 1),
        ("some", (3, 4), 2),
        ("all", (2, 2, 3), 3),
    ):
        f = lambda x: x.topk(count).indices.to(torch.int32)
        case("largest", variant, [distinct(*shape)], f, count=count)


def normalisation():
    for variant, shape, center in (
        ("matrix", (2, 4), 0),
        ("rank-3", (2, 1, 3), 0),
        ("vector", (4,), 0),
        ("far-from-0", (1, 4), 8),
    ):
        width = shape[-1]
        x, weight, bias = normal(*shape, center=center), normal(width), normal(width)
        for eps in (1e-5, 0.1) if variant == "matrix" else (1e-5,):
            name = variant if eps == 1e-5 else f"{variant}-eps-{eps}"
            f = lambda x, w, b: F.layer_norm(x, [width], w, b, eps)
            case("layerNorm", name, [x, weight, bias], f, eps=eps)
            f = lambda x, w: F.rms_norm(x, [width], w, eps)
            case("rmsNorm", name, [x, weight], f, eps=eps)


def extreme():
    return torch.tensor([[80.0, -80.0, 79.0, 0.0], [-80.0, -79.5, -80.0, -78.0]]).double()


def exponentials(op, f):
    for variant, x in (
        ("vector", normal(5)),
        ("matrix", normal(2, 4)),
        ("rank-4", normal(2, 1, 1, 2)),
        ("one-column", normal(3, 1)),
        ("extreme", extreme()),
    ):
        case(op, variant, [x], f)


def softmax():
    exponentials("softmax", lambda x: torch.softmax(x, -1))


def activations():
    wide = torch.tensor([-30.0, -6.0, -3.0, -0.75, 0.75, 3.0, 6.0, 30.0], dtype=torch.float64)
    for op, f in {
        "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
        "gelu": F.gelu,
        "silu": F.silu,
        "relu": F.relu,
    }.items():
        case(op, "scalar", [normal()], f)
        case(op, "rank-3", [normal(2, 1, 2)], f)
        case(op, "wide", [wide], f)


def heads_of(x, heads):
    """[B, T, H D] to [B, H, T, D]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attended(q, k, v, heads, kv_heads=None, scale=None, softcap=None, mask=None):
    """Attention written out, with keys and values repeated for their groups of heads."""
    kv_heads = kv_heads or heads
    q, k, v = heads_of(q, heads), heads_of(k, kv_heads), heads_of(v, kv_heads)
    k, v = (x.repeat_interleave(heads // kv_heads, 1) for x in (k, v))
    scores = q @ k.mT * (scale or q.shape[-1] ** -0.5)
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


def attention():
    def causal(heads):
        def apply(*qkv):
            split = [heads_of(x, heads) for x in qkv]
            mixed = F.scaled_dot_product_attention(*split, is_causal=True)
            return mixed.transpose(1, 2).flatten(2)

        return apply

    for variant, shape, heads in (
        ("one-head", (1, 4, 1), 1),
        ("two-heads", (2, 3, 4), 2),
        ("one-token", (2, 1, 2), 2),
        ("width-1-heads", (1, 3, 3), 3),
    ):
        qkv = [normal(*shape) for _ in range(3)]
        case("causalAttention", variant, qkv, causal(heads), heads=heads)

    for variant, batch, queries, keys, size, options in (
        ("two-for-four", 2, 2, 3, 2, {"heads": 4, "kvHeads": 2}),
        ("one-for-three", 1, 3, 2, 1, {"heads": 3, "kvHeads": 1}),
        ("one-query", 2, 1, 3, 1, {"heads": 4, "kvHeads": 2}),
        ("unscaled", 1, 2, 3, 3, {"heads": 2, "scale": 1}),
        ("scaled-and-grouped", 1, 2, 2, 2, {"heads": 2, "kvHeads": 1, "scale": 0.25}),
        ("softcap", 1, 3, 2, 2, {"heads": 2, "softcap": 0.75}),
        ("softcap-and-grouped", 1, 2, 2, 2, {"heads": 2, "kvHeads": 1, "softcap": 2, "scale": 1.5}),
    ):
        heads, kv_heads = options["heads"], options.get("kvHeads", options["heads"])
        inputs = [normal(batch, queries, heads * size)]
        inputs += [normal(batch, keys, kv_heads * size) for _ in range(2)]
        f = lambda q, k, v: attended(
            q, k, v, heads, kv_heads, options.get("scale"), options.get("softcap")
        )
        case("attention", variant, inputs, f, **options)

    # Position i sees j where i - window < j <= i.
    for variant, length, window in (("window-1", 3, 1), ("window-2", 4, 2), ("window-9", 3, 9)):
        i = torch.arange(length)
        seen = (i[None] <= i[:, None]) & (i[None] > i[:, None] - window)
        qkv = [normal(1, length, 2) for _ in range(3)]
        f = lambda q, k, v: attended(q, k, v, 2, mask=seen)
        case("slidingAttention", variant, qkv, f, heads=2, window=window)

    # A mask of tokens (1) and padding (0), for each sequence; some heads share keys and values.
    for variant, heads, kv_heads, mask in (
        ("right", 2, 2, [[1, 1, 0], [1, 1, 1]]),
        ("left-and-grouped", 2, 1, [[0, 0, 1], [0, 1, 1]]),
    ):
        tokens = torch.tensor(mask, dtype=torch.int32)
        inputs = [normal(2, 3, heads), normal(2, 3, kv_heads), normal(2, 3, kv_heads), tokens]
        f = lambda q, k, v, m: attended(q, k, v, heads, kv_heads, mask=m.bool()[:, None, None])
        case("paddedAttention", variant, inputs, f, heads=heads, kvHeads=kv_heads)


def rotary():
    def rotated(x, positions, heads, frequencies, scaling):
        """As complex numbers: (x[i], x[i + half]) is turned by position * frequency[i]."""
        split = x.unflatten(-1, (heads, -1))
        half = len(frequencies)
        first, second, rest = split.split([half, half, split.shape[-1] - 2 * half], -1)
        angles = positions[..., None] * torch.tensor(frequencies, dtype=torch.float64)
        turn = torch.polar(torch.full_like(angles, scaling), angles)[:, :, None]
        turned = torch.complex(first, second) * turn
        return torch.cat([turned.real, turned.imag, rest], -1).flatten(2)

    for variant, shape, heads, positions, frequencies, scaling in (
        ("two-heads", (1, 3, 8), 2, [[0, 1, 2]], [1.0, 0.25], 1.0),
        ("positions-of-each", (2, 2, 4), 1, [[5, 6], [0, 3]], [0.5, 0.125], 1.0),
        ("scaled", (1, 2, 4), 2, [[1, 3]], [0.75], 1.25),
        ("partial", (1, 2, 6), 1, [[2, 7]], [1.0, 0.5], 1.0),
        ("far", (1, 2, 2), 1, [[1023, 4095]], [0.5], 1.0),
    ):
        inputs = [normal(*shape), torch.tensor(positions, dtype=torch.int32)]
        f = lambda x, p: rotated(x, p, heads, frequencies, scaling)
        options = {"inverseFrequencies": frequencies, "attentionScaling": scaling}
        case("rotary", variant, inputs, f, heads=heads, **options)


def losses():
    exponentials("logSumExp", lambda x: torch.logsumexp(x, -1, keepdim=True))

    def loss(logits, targets, weights):
        return (F.cross_entropy(logits, targets.long(), reduction="none") * weights).sum()

    masked = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    case("crossEntropy", "weighted", [normal(3, 5), ints(5, 3), positive(3)], loss)
    case("crossEntropy", "masked", [normal(4, 3, scale=3), ints(3, 4), masked], loss)
    case("crossEntropy", "extreme", [extreme(), ints(4, 2), positive(2)], loss)


FILES = {
    "elementwise": (elementwise,),
    "movement": (movement,),
    "reduce": (reductions,),
    "matmul": (products,),
    "indexing": (indexing,),
    "normalize": (normalisation,),
    "softmax": (softmax,),
    "nn": (activations, attention, rotary, losses),
    "scan": (scans,),
}


def main():
    global rng
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "numpy": np.__version__,
    }
    for seed, (name, writers) in enumerate(FILES.items()):
        # Numbers of its own for each file, so that a new case changes no other file.
        rng = np.random.default_rng(seed)
        cases.clear()
        for write in writers:
            write()
        assert not names & {c["name"] for c in cases}
        names.update(c["name"] for c in cases)
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        path = Path(__file__).parent / "ops" / f"{name}.json"
        path.write_text(f'{{"versions":{json.dumps(versions)},"cases":[\n{lines}\n]}}\n')
        size = path.stat().st_size
        assert size <= 100_000
        print(f"{name}: {len(cases)} cases of {len({c['op'] for c in cases})} ops, {size} bytes")
    print(f"largest deviation from central differences {max(errors):.1e}")


if __name__ == "__main__":
    main()
