"""Writes images.json: images resized by Pillow, and the pixel values of transformers' ViTImageProcessor.

Made with Python 3.11, Pillow 13.0.0, transformers 5.23.0, numpy 2.4.6:
    python test/golden/make_images.py

The processor is that of the PIL backend, "slow". PNG files as base64; bytes of resized images [height, width, channels], row by row;
pixel values [channels, height, width] in float32.
"""

import base64
import io
import json
import platform
import tempfile
from pathlib import Path

import numpy as np
import PIL
import transformers
from PIL import Image
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

FILTERS = {"lanczos": 1, "bilinear": 2, "bicubic": 3}
rng = np.random.default_rng(0)


def encoded(data):
    return base64.b64encode(bytes(data)).decode()


def picture(height, width, channels=3):
    """Waves, and noise that makes the filters overshoot."""
    y, x, c = np.mgrid[:height, :width, :channels]
    waves = 127 + 100 * np.sin(x / 2 + c) * np.cos(y / 3 - c)
    noise = rng.choice([-128, 0, 128], size=waves.shape)
    pixels = np.clip(waves + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def png(image):
    file = io.BytesIO()
    image.save(file, "png")
    return encoded(file.getvalue())


def resized():
    sizes = [((7, 9), (3, 4)), ((5, 4), (12, 9)), ((33, 21), (8, 8)), ((6, 8), (6, 3))]
    for (height, width), (to_height, to_width) in sizes:
        image = picture(height, width)
        results = {
            name: encoded(image.resize((to_width, to_height), resample=number).tobytes())
            for name, number in FILTERS.items()
        }
        source = {"height": height, "width": width, "data": encoded(image.tobytes())}
        yield {"source": source, "to": {"height": to_height, "width": to_width}, "results": results}


def processed():
    cases = [
        ({}, picture(6, 6)),
        ({}, picture(13, 11)),
        ({"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}, picture(6, 6)),
        ({"resample": 3, "do_normalize": False}, picture(4, 9)),
        ({"do_rescale": False, "do_resize": False}, picture(6, 6)),
        ({"image_mean": [0.5], "image_std": [0.25]}, picture(6, 6, 1)),
    ]
    for settings, image in cases:
        processor = ViTImageProcessorPil(size={"height": 6, "width": 6}, **settings)
        with tempfile.TemporaryDirectory() as folder:
            processor.save_pretrained(folder)
            config = json.loads((Path(folder) / "preprocessor_config.json").read_text())
        values = processor(image, return_tensors="np")["pixel_values"][0]
        assert values.dtype == np.float32
        yield {
            "config": config,
            "channels": values.shape[0],
            "png": png(image),
            "values": encoded(np.ascontiguousarray(values).tobytes()),
        }


def converted():
    """Files of other kinds of pixels, as red, green and blue, and as brightness."""
    image = picture(5, 7)
    alpha = image.copy()
    alpha.putalpha(Image.fromarray(rng.integers(0, 256, (5, 7), np.uint8)))
    kinds = {
        "grey": image.convert("L"),
        "palette": image.convert("P", palette=Image.Palette.ADAPTIVE, colors=16),
        "transparent": alpha,
        "grey and transparent": image.convert("LA"),
        "black and white": image.convert("1"),
        "colour": image,
    }
    for name, kind in kinds.items():
        yield {
            "name": name,
            "png": png(kind),
            "rgb": encoded(kind.convert("RGB").tobytes()),
            "brightness": encoded(kind.convert("RGB").convert("L").tobytes()),
        }


golden = {
    "versions": {
        "python": platform.python_version(),
        "pillow": PIL.__version__,
        "transformers": transformers.__version__,
        "numpy": np.__version__,
    },
    "resized": list(resized()),
    "processed": list(processed()),
    "converted": list(converted()),
}
path = Path(__file__).parent / "images.json"
path.write_text(json.dumps(golden) + "\n")
