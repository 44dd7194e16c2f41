"""Writes optim.json: ten steps of each optimizer, schedules, and clipping by global norm.

Made with Python 3.11, torch 2.15.0 (SGD, Adam, AdamW, clip_grad_norm_), transformers 5.24.0
(Adafactor, get_scheduler), numpy 2.4.6, all in float64:
    python test/golden/make_optim.py

"small" starts below Adafactor's floor of the parameter scale. Adafactor is the one of transformers;
its relative steps equal a rate of 1e-2 for the first 10,000 steps. `weightDecay` acts on all
parameters, or with `decayMatricesOnly` on those with two axes. Clipping multiplies by
min(1, maxNorm / (norm + 1e-6)). Initial values and gradients are multiples of 2^-12, so float32
holds them.
"""

import json
import math
import platform
import warnings
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers.optimization import Adafactor

STEPS = 10
SHAPES = {"matrix": (4, 6), "vector": (5,), "small": (2, 3)}
# Steps differ in size, so that second moments rise and fall and clipping meets both cases.
SIZES = [1.0, 0.02, 3.0, 0.5, 0.1, 2.0, 0.3, 4.0, 0.05, 1.0]
FACTORED = {"eps": (1e-30, 1e-3), "clip_threshold": 1.0, "decay_rate": -0.8, "warmup_init": False}

# name, optimizer, class, its arguments, our options
OPTIMIZERS = [
    ("sgd", "sgd", torch.optim.SGD, {"lr": 0.1}, {}),
    ("momentum", "momentum", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}, {"decay": 0.9}),
    (
        "nesterov",
        "momentum",
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"decay": 0.9, "nesterov": True},
    ),
    ("adam", "adam", torch.optim.Adam, {"lr": 0.01}, {}),
    (
        "adam-constants",
        "adam",
        torch.optim.Adam,
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3},
        {"b1": 0.8, "b2": 0.95, "eps": 1e-3},
    ),
    (
        "adamw",
        "adamw",
        torch.optim.AdamW,
        {"lr": 0.01, "weight_decay": 0.1},
        {"weightDecay": 0.1},
    ),
    ("adafactor", "adafactor", Adafactor, {"lr": 0.01, "relative_step": False}, {}),
    ("adafactor-relative", "adafactor", Adafactor, {"relative_step": True}, {}),
    (
        "adafactor-momentum",
        "adafactor",
        Adafactor,
        {"lr": 0.01, "relative_step": False, "beta1": 0.9},
        {"b1": 0.9},
    ),
    (
        "adafactor-unscaled",
        "adafactor",
        Adafactor,
        {"lr": 0.01, "relative_step": False, "scale_parameter": False},
        {"scaleByParameter": False},
    ),
    (
        "adafactor-decay",
        "adafactor",
        Adafactor,
        {"lr": 0.01, "relative_step": False, "weight_decay": 0.1},
        {"weightDecay": 0.1, "decayMatricesOnly": True},
    ),
]


def on_grid(numbers):
    steps = np.round(4096 * numbers)
    return torch.tensor(np.where(steps == 0, 1, steps) / 4096)


def rounded(x):
    return [float(f"{number:.9g}") for number in x.detach().flatten().tolist()]


def exact(tensors):
    return {name: x.flatten().tolist() for name, x in tensors.items()}


def trajectory(initial, gradients, make):
    """The parameters after every step."""
    params = {name: x.clone().requires_grad_() for name, x in initial.items()}
    optimizer = make(params)
    steps = []
    for gradient in gradients:
        for name, p in params.items():
            p.grad = gradient[name].clone()
        optimizer.step()
        steps.append({name: p.detach().clone() for name, p in params.items()})
    return steps


def build(cls, arguments, options):
    arguments = {**(FACTORED if cls is Adafactor else {}), **arguments}

    def make(params):
        if not options.get("decayMatricesOnly"):
            return cls(params.values(), **arguments)
        vectors = [p for p in params.values() if p.ndim < 2]
        matrices = [p for p in params.values() if p.ndim == 2]
        return cls([{"params": matrices}, {"params": vectors, "weight_decay": 0.0}], **arguments)

    return make


def numpy_adafactor(initial, gradients, lr=0.01, scaled=True, beta1=None, decay=0.0):
    """Shazeer & Stern 2018, algorithms 4 and 5, from the paper alone."""
    w = {name: x.numpy().copy() for name, x in initial.items()}
    rows, columns, moment = {}, {}, {}
    rms = lambda x: math.sqrt(np.mean(x * x))
    for t, gradient in enumerate(gradients, 1):
        b2 = 1 - t**-0.8
        for name, g in gradient.items():
            g = g.numpy()
            square = g * g + 1e-30
            if g.ndim == 2:
                rows[name] = b2 * rows.get(name, 0) + (1 - b2) * square.sum(1)
                columns[name] = b2 * columns.get(name, 0) + (1 - b2) * square.sum(0)
                v = np.outer(rows[name], columns[name]) / rows[name].sum()
            else:
                v = rows[name] = b2 * rows.get(name, 0) + (1 - b2) * square
            u = g / np.sqrt(v)
            u = u / max(1.0, rms(u))
            step = lr * (max(1e-3, rms(w[name])) if scaled else 1.0)
            u = step * u
            if beta1 is not None:
                u = moment[name] = beta1 * moment.get(name, 0) + (1 - beta1) * u
            if g.ndim == 2:
                w[name] = w[name] * (1 - decay * step)
            w[name] = w[name] - u
        yield {name: torch.tensor(x.copy()) for name, x in w.items()}


def distance(a, b):
    return max(float((x[name] - y[name]).abs().max()) for x, y in zip(a, b) for name in x)


def check_adafactor(initial, gradients, found):
    paper = {
        "adafactor": {},
        "adafactor-relative": {},
        "adafactor-momentum": {"beta1": 0.9},
        "adafactor-unscaled": {"scaled": False},
        "adafactor-decay": {"decay": 0.1},
    }
    errors = [
        distance(found[name], list(numpy_adafactor(initial, gradients, **options)))
        for name, options in paper.items()
    ]
    of_torch = trajectory(
        initial,
        gradients,
        lambda params: torch.optim.Adafactor(params.values(), lr=0.01, eps=(1e-30, 1e-3)),
    )
    errors.append(distance(found["adafactor"], of_torch))
    print("Adafactor: distance from the paper's in NumPy, and from torch.optim's:", errors)
    assert max(errors) < 1e-12


def schedules():
    settings = [
        ("constant_with_warmup", "constant", 4),
        ("linear", "linear", 4),
        ("cosine", "cosine", 4),
        ("inverse_sqrt", "inverse-sqrt", 4),
        ("linear", "linear", 0),
        ("inverse_sqrt", "inverse-sqrt", 0),
        ("warmup_stable_decay", "wsd", 4),
        ("warmup_stable_decay", "wsd", 0),
    ]
    cases = []
    for theirs, ours, warmup in settings:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        # The last fifth is the decay; transformers' own is a cosine.
        decay = {"num_decay_steps": 4, "decay_type": "linear"} if ours == "wsd" else None
        schedule = transformers.get_scheduler(
            theirs, optimizer, warmup, 20, scheduler_specific_kwargs=decay
        )
        factors = []
        for _ in range(21):
            factors.append(optimizer.param_groups[0]["lr"])
            schedule.step()
        options = {"warmupSteps": warmup, "totalSteps": 20}
        cases.append({"name": ours, "options": options, "factors": factors})
    return cases


def clipping(gradients):
    cases = []
    for gradient in gradients[:2]:
        params = {name: torch.zeros_like(g).requires_grad_() for name, g in gradient.items()}
        for name, p in params.items():
            p.grad = gradient[name].clone()
        norm = torch.nn.utils.clip_grad_norm_(params.values(), max_norm=1.0)
        clipped = {name: rounded(p.grad) for name, p in params.items()}
        cases.append({"maxNorm": 1.0, "norm": norm.item(), "clipped": clipped})
    assert cases[0]["norm"] > 1 > cases[1]["norm"]
    return cases


def main():
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    initial = {
        name: on_grid((1e-3 if name == "small" else 0.5) * rng.normal(size=shape))
        for name, shape in SHAPES.items()
    }
    gradients = [
        {name: on_grid(size * rng.normal(size=shape)) for name, shape in SHAPES.items()}
        for size in SIZES
    ]
    assert initial["small"].square().mean().sqrt() < 1e-3

    found, cases = {}, []
    for name, optimizer, cls, arguments, options in OPTIMIZERS:
        found[name] = trajectory(initial, gradients, build(cls, arguments, options))
        cases.append(
            {
                "name": name,
                "optimizer": optimizer,
                "learningRate": arguments.get("lr"),
                "options": options,
                "steps": [{key: rounded(x) for key, x in step.items()} for step in found[name]],
            }
        )
    check_adafactor(initial, gradients, found)

    golden = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "numpy": np.__version__,
        },
        "shapes": SHAPES,
        "initial": exact(initial),
        "gradients": [exact(gradient) for gradient in gradients],
        "optimizers": cases,
        "schedules": schedules(),
        "clipping": clipping(gradients),
    }
    path = Path(__file__).parent / "optim.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print([case["name"] for case in cases], path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
