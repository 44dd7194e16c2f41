"""Writes the directory gguf_adapter: a LoRA of gguf/llama.gguf as peft has it, and as llama.cpp's
convert_lora_to_gguf.py writes it, adapter.gguf, by the gguf package.

Made with Python 3.11, gguf 0.19.0, numpy 2.4.6, safetensors 0.8.0:
    python test/golden/make_gguf_adapter.py

In llama.cpp the rows of queries and keys that turn together are neighbours, and so are those of B. The adapter of down_proj has twice the scale
of the others, which goes into its B, for a file has one alpha.
"""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).parent
RANK, ALPHA = 2, 4
MAPS = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "mlp.down_proj": "ffn_down"}


def permute(b, heads):
    """LlamaModel.permute of convert_hf_to_gguf.py."""
    return b.reshape(heads, 2, b.shape[0] // heads // 2, *b.shape[1:]).swapaxes(1, 2).reshape(b.shape)


def main():
    reader = gguf.GGUFReader(HERE / "gguf" / "llama.gguf")
    field = lambda key: int(reader.fields[f"llama.{key}"].contents())
    heads = {"attn_q": field("attention.head_count"), "attn_k": field("attention.head_count_kv")}
    shapes = {t.name: [int(n) for n in reversed(t.shape)] for t in reader.tensors}
    rng = np.random.default_rng(0)
    peft, written = {}, []
    for layer in range(field("block_count")):
        for module, stem in MAPS.items():
            out, wide = shapes[f"blk.{layer}.{stem}.weight"]
            a, b = (np.round(64 * rng.normal(size=s)).astype(np.float32) / 256 for s in ((RANK, wide), (out, RANK)))
            name = f"base_model.model.model.layers.{layer}.{module}"
            peft[f"{name}.lora_A.weight"], peft[f"{name}.lora_B.weight"] = a, b
            laid = permute(b, heads[stem]) if stem in heads else 2 * b
            written += [(f"blk.{layer}.{stem}.weight.lora_a", a), (f"blk.{layer}.{stem}.weight.lora_b", laid)]
    folder = HERE / "gguf_adapter"
    folder.mkdir(exist_ok=True)
    save_file(peft, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "test/golden/gguf/llama.gguf",
        "r": RANK,
        "lora_alpha": ALPHA,
        "alpha_pattern": {"down_proj": 2 * ALPHA},
        "target_modules": [module.rpartition(".")[2] for module in MAPS],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")

    writer = gguf.GGUFWriter(folder / "adapter.gguf", "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, ALPHA)
    for name, data in written:
        writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print((folder / "adapter.gguf").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
