"""Checks that the cache of flora is that of huggingface_hub, byte by byte, in both directions.

    python test/golden/check_hub_cache.py

Starts the Hub of the tests (test/hub/server.ts) with a tiny model in both of its forms, whole and
in shards, and with a dataset. Then:

    1  flora fetches; huggingface_hub finds all of it without a network, transformers loads it, and
       scan_cache_dir and the hashes have nothing to say against it
    2  huggingface_hub fetches, as a snapshot and file by file; flora finds it without a network
    3  the two caches have the same refs, blobs, links and listings
    4  a fetch that flora broke off is completed by either
    5  six processes, of flora and of Python in turn, fetch the same model at the same time

Prints one line for each. Needs huggingface_hub, torch and transformers, and the packages of the
repository (npm ci); made with huggingface_hub 2.4.0 and transformers 5.23.0.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "test" / "golden" / "peft_base"
NAME, SHARDS, DATA = "some/model", "some/shards", "some/data"

# One process for the server, which ends with its standard input.
SERVE = """
import { readFileSync, readdirSync } from "node:fs";
import { startHubServer } from %(server)s;
const hub = await startHubServer();
const files = Object.fromEntries(
  readdirSync(%(model)s).map((name) => [name, readFileSync(`${%(model)s}/${name}`)]),
);
files["additional_chat_templates/tool.jinja"] = "{{ tools }}";
files["README.md"] = "# ä model";
files["pytorch_model.bin"] = "pickle";
hub.commit("models/some/model", files);
const { ["model.safetensors"]: weights, ...others } = files;
const shard = "model-00001-of-00001.safetensors";
const length = Number(weights.readBigUInt64LE(0));
const names = Object.keys(JSON.parse(weights.subarray(8, 8 + length).toString()));
hub.commit("models/some/shards", {
  ...others,
  [shard]: weights,
  "model.safetensors.index.json": JSON.stringify({
    metadata: {},
    weight_map: Object.fromEntries(
      names.filter((name) => name !== "__metadata__").map((name) => [name, shard]),
    ),
  }),
});
hub.commit("datasets/some/data", {
  "data/train.jsonl": '{"text": "a"}\\n',
  "data/dev.jsonl": '{"text": "b"}\\n',
});
console.log(hub.url);
process.stdin.resume().on("end", () => hub.close());
"""

# One process for each thing that flora does.
FETCH = """
import { nodeHost } from %(host)s;
import { resolveDataset, resolveModel } from %(hub)s;
const [kind, name, offline, until] = process.argv.slice(2);
const controller = new AbortController();
const options = {
  host: nodeHost(),
  offline: offline === "offline",
  signal: controller.signal,
  onEvent(event) {
    if (event.type === "transfer" && event.file === until) controller.abort();
  },
};
try {
  const found = kind === "model"
    ? await resolveModel(name, options)
    : await resolveDataset(name, {}, options);
  console.log(JSON.stringify(found));
} catch (error) {
  if (!controller.signal.aborted) throw error;
  console.log(JSON.stringify("interrupted"));
}
"""

# Python fetches in processes of its own, too: the variables are read when it is imported.
PYTHON = """
import json, sys
from huggingface_hub import hf_hub_download, snapshot_download
kind, name, *files = sys.argv[1:]
options = {"repo_type": kind}
if files:
    for file in files:
        path = hf_hub_download(name, file, **options)
else:
    path = snapshot_download(name, ignore_patterns=["*.bin", "*.md"], **options)
print(json.dumps(path))
"""

CHECK = """
import json, sys, warnings
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache
report = scan_cache_dir()
assert not report.warnings, report.warnings
assert {repo.repo_id for repo in report.repos} == {"some/model", "some/shards", "some/data"}
wanted = json.loads(sys.argv[1])
for kind, name, files in wanted:
    for file in files:
        assert hf_hub_download(name, file, repo_type=kind, local_files_only=True)
        assert isinstance(try_to_load_from_cache(name, file, repo_type=kind), str)
    snapshot_download(name, repo_type=kind, local_files_only=True, allow_patterns=files)
import torch, transformers
logits = []
for name in ("some/model", "some/shards"):
    model = transformers.AutoModelForCausalLM.from_pretrained(name, local_files_only=True)
    logits.append(model(torch.tensor([[0, 1, 2]])).logits)
assert torch.equal(*logits)
"""


def start(command, cache, url, **more):
    environment = {
        **os.environ,
        "HF_ENDPOINT": url,
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        **more,
    }
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN_PATH"):
        environment.pop(name, None)
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    output, errors = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{process.args[:3]} failed:\n{output}{errors}")
    return json.loads(output.splitlines()[-1]) if output else None


def run(command, cache, url, **more):
    return finish(start(command, cache, url, **more))


def entries(cache):
    """What a cache has: links by their target, files by their content; neither locks nor tags."""
    found = {}
    for path in sorted((cache / "hub").rglob("*")):
        name = path.relative_to(cache / "hub").as_posix()
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file() and not name.startswith(".locks") and name != "CACHEDIR.TAG":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def main():
    scratch = Path(tempfile.mkdtemp())
    node = ["node"]
    compiled = scratch / "compiled"
    subprocess.run(
        ["npx", "tsc", "--ignoreConfig", "--target", "es2023", "--module", "nodenext"]
        + ["--rewriteRelativeImportExtensions", "--noCheck"]
        + ["--rootDir", "test", "--outDir", compiled, "test/hub/server.ts"],
        cwd=ROOT,
        check=True,
    )
    (compiled / "package.json").write_text('{"type": "module"}')
    subprocess.run(["node", "bin/flora.js", "--version"], cwd=ROOT, check=True, capture_output=True)
    serve, fetch = compiled / "serve.js", compiled / "fetch.js"
    server = json.dumps((compiled / "hub" / "server.js").as_uri())
    serve.write_text(SERVE % {"server": server, "model": json.dumps(str(MODEL))})
    hub = json.dumps((ROOT / "dist" / "hub" / "index.js").as_uri())
    host = json.dumps((ROOT / "dist" / "host" / "node.js").as_uri())
    fetch.write_text(FETCH % {"host": host, "hub": hub})

    process = subprocess.Popen(
        node + [serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    url = process.stdout.readline().strip()
    nowhere = "http://127.0.0.1:65000"
    ours, theirs, single, broken = (scratch / name for name in ("a", "b", "c", "d"))
    shard = "model-00001-of-00001.safetensors"
    small = ["config.json", "generation_config.json", "additional_chat_templates/tool.jinja"]
    wanted = [
        ("model", NAME, [*small, "model.safetensors"]),
        ("model", SHARDS, [*small, "model.safetensors.index.json", shard]),
        ("dataset", DATA, ["data/train.jsonl", "data/dev.jsonl"]),
    ]
    try:
        for kind, name, _ in wanted:
            run([*node, fetch, kind, name, "online"], ours, url)
        run([sys.executable, "-c", CHECK, json.dumps(wanted)], ours, nowhere, HF_HUB_OFFLINE="1")
        print("1  what flora fetched, Python reads without a network")

        for kind, name, files in wanted:
            run([sys.executable, "-c", PYTHON, kind, name], theirs, url)
            run([sys.executable, "-c", PYTHON, kind, name, *files], single, url)
        for cache in (theirs, single):
            for kind, name, _ in wanted:
                found = run([*node, fetch, kind, name, "offline"], cache, nowhere)
                path = found if kind == "model" else found["train"][0]
                assert str(cache) in path and Path(path).exists(), path
                found = run([*node, fetch, kind, name, "online"], cache, nowhere)
                assert str(cache) in json.dumps(found)
        print("2  what Python fetched, flora reads without a network, told to or not")

        a, b = entries(ours), entries(theirs)
        different = sorted(name for name in {*a, *b} if a.get(name) != b.get(name))
        assert not different, different
        print(f"3  the caches are the same: {len(a)} entries")

        for second in ("Python", "flora"):
            cache = broken / second
            until = "model.safetensors"
            assert run([*node, fetch, "model", NAME, "online", until], cache, url) == "interrupted"
            if second == "Python":
                run([sys.executable, "-c", PYTHON, "model", NAME], cache, url)
            else:
                run([*node, fetch, "model", NAME, "online"], cache, url)
            blobs = {k: v for k, v in entries(cache).items() if not k.endswith(".incomplete")}
            assert blobs == {k: v for k, v in a.items() if k.startswith("models--some--model/")}
        print("4  a fetch that flora broke off is completed by either")

        cache = broken / "together"
        commands = [
            [*node, fetch, "model", NAME, "online"],
            [sys.executable, "-c", PYTHON, "model", NAME],
        ] * 3
        for started in [start(command, cache, url) for command in commands]:
            finish(started)
        of_model = {k: v for k, v in a.items() if k.startswith("models--some--model/")}
        assert entries(cache) == of_model, sorted(entries(cache))
        print("5  six processes at a time leave one whole model")
    finally:
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
