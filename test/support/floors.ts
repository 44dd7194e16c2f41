/**
 * @file The rooms of src/ from the ground up. A room may import what stands below it; rooms of one floor do not know each other.
 *
 * What belongs in a room is said by the header of its index.ts, and here where it has none.
 */

export interface Room {
  /** Its folder in src/. */
  readonly room: string;
  readonly about?: string;
}

export const FLOORS: readonly (readonly Room[])[] = [
  [{ room: "host" }],
  [{ room: "host/browser" }],
  [
    {
      room: "files",
      about: "What stands in files of many kinds: JSON that is not trusted, Protocol Buffers.",
    },
    { room: "tensor" },
    { room: "collective" },
  ],
  [{ room: "graph" }, { room: "random" }],
  [{ room: "ops" }],
  [
    {
      room: "ops/passes",
      about: "Rewrites of graphs: what is computed in another order, in parts, or in fewer passes.",
    },
  ],
  [
    {
      room: "optim/directions",
      about:
        "What a matrix gives by itself: its polar factor, its columns at length 1, a basis of its rows, an inverse.",
    },
  ],
  [{ room: "autodiff" }, { room: "onnx" }, { room: "optim" }],
  [
    {
      room: "nn/attention",
      about: "Attention, its masks, and where tokens stand: rotary positions, relative biases.",
    },
    { room: "runtime" },
  ],
  [
    { room: "runtime/webgpu" },
    {
      room: "runtime/disk",
      about: "Buffers at rest on disk, in memory while a program uses them.",
    },
  ],
  [{ room: "nn" }],
  [{ room: "compress" }, { room: "models" }],
  [
    {
      room: "compress/subspaces",
      about: "Which subspace: drawn, learned from a gradient, or followed from step to step.",
    },
  ],
  [
    {
      room: "compress/methods",
      about: "Compressors by name: FLORA, and its neighbours, each from its paper.",
    },
  ],
  [
    {
      room: "engine/parts",
      about: "What the parts of an engine share: plans, state, draws, names.",
    },
  ],
  [
    {
      room: "engine/objectives",
      about: "What is minimised: how a loss and its gradients come from the last hidden states.",
    },
  ],
  [{ room: "engine" }],
  [
    {
      room: "models/architectures/rotary/decoder",
      about: "What Llama and its relatives share, with options for what they have besides.",
    },
  ],
  [
    { room: "models/architectures/encoders", about: "BERT, its relatives, and ViT." },
    {
      room: "models/architectures/rotary",
      about: "Decoders with rotary positions: Llama and its relatives.",
    },
    { room: "models/architectures/t5", about: "T5 and its versions." },
  ],
  [{ room: "models/architectures" }],
  [
    { room: "data/bytes", about: "The bytes, characters and lines of a file, unpacked." },
    { room: "gguf", about: "GGUF, the format of llama.cpp: its header, and numbers in blocks." },
  ],
  [
    {
      room: "gguf/architectures/parts",
      about: "What architectures in GGUF have in common: Llama's relatives, rotations, layouts.",
    },
  ],
  [
    {
      room: "gguf/architectures",
      about: "The architectures that GGUF has: names, layouts and metadata, one family a file.",
    },
  ],
  [
    {
      room: "gguf/models",
      about: "Models in GGUF by the names and in the layout of Hugging Face, and the other way.",
    },
    {
      room: "gguf/tokenizers",
      about: "Tokenizers in the metadata of GGUF as tokenizer.json, and the other way.",
    },
    {
      room: "weights/files",
      about: "Files of weights: their names, safetensors with checksums, and what is none of it.",
    },
  ],
  [{ room: "weights" }, { room: "data/formats", about: "From files to rows: one file a format." }],
  [{ room: "adapters" }, { room: "images" }, { room: "hub" }],
  [{ room: "hub/download", about: "Files from the Hub into the cache." }],
  [{ room: "hub/resolve", about: "From a name on the Hub to a directory or to files." }],
  [
    {
      room: "text/pieces",
      about: "Texts normalized and split into pieces, as a tokenizer.json says.",
    },
  ],
  [
    {
      room: "text/vocabularies",
      about: "From a piece of a text to ids: the models of a tokenizer.json.",
    },
  ],
  [
    {
      room: "text/tokenizers",
      about: "Tokenizers: bytes, learned byte pairs, any tokenizer.json.",
    },
  ],
  [
    {
      room: "text/jinja/values",
      about: "The values of templates, and all that Python does with them.",
    },
  ],
  [{ room: "text/jinja/syntax", about: "Templates as what they consist of." }],
  [{ room: "text/jinja", about: "Templates that run, as Jinja2 runs those of transformers." }],
  [{ room: "text/chat", about: "Conversations as text and tokens, by the templates of models." }],
  [{ room: "text" }],
  [
    {
      room: "data/examples",
      about: "From rows to examples: texts, pairs, conversations, labelled texts.",
    },
  ],
  [
    {
      room: "data/shares",
      about: "Examples that ranks have between them: who reads which, and what all know of each.",
    },
  ],
  [{ room: "data/sequences", about: "From examples to sequences of tokens." }],
  [
    {
      room: "data/batches",
      about: "From sequences and images to batches: order, padding, masking.",
    },
    { room: "data/grammar", about: "The built-in grammar, which the demonstration learns from." },
  ],
  [{ room: "data" }],
  [
    {
      room: "generate/programs",
      about: "The programs that decode, and the cache that they read and write.",
    },
  ],
  [
    {
      room: "generate/strategies",
      about: "Which token comes next: the likeliest, sampling, beams.",
    },
  ],
  [{ room: "generate" }],
  [
    { room: "predict" },
    {
      room: "export/graphs",
      about: "The graphs of whole models, with the inputs and outputs that others look for.",
    },
    { room: "evaluate" },
  ],
  [{ room: "export" }],
  [{ room: "options/tables", about: "What an option is: kinds, checks, schema, spelling." }],
  [{ room: "options", about: "The options of a run, from one table." }],
  [
    {
      room: "tasks/reading",
      about: "What a run reads, once: examples, their classes, and the tokenizer of their texts.",
    },
  ],
  [
    {
      room: "tasks",
      about: "What is learned from which data: a dataset and its batches for each kind of task.",
    },
    { room: "runs", about: "What a run tells, and the log that it leaves." },
  ],
  [
    {
      room: "runs/trackers",
      about:
        "Files beside the log in which other programs follow a run, and trackers of one's own.",
    },
  ],
  [
    {
      room: "train/ranks",
      about: "Several processes that train one model: what they share of a step.",
    },
  ],
  [
    {
      room: "train/choices",
      about: "What a run decides for those who do not say: rates, ranks, models for data.",
    },
  ],
  [
    { room: "train/setup", about: "From options to everything that a run needs." },
    { room: "hub/publish", about: "A finished model as a repository on the Hub." },
  ],
  [
    {
      room: "train/evaluation",
      about:
        "How a run is judged while it goes on: held-out losses, answers, and what follows from them.",
    },
  ],
  [
    { room: "train/memory", about: "What a run takes in memory, before it runs." },
    { room: "train/output", about: "What a run writes: models and checkpoints." },
  ],
  [
    {
      room: "train/teacher",
      about:
        "What a larger model says of the examples of a run: asked once, kept on disk, learned.",
    },
  ],
  [{ room: "train" }],
  [
    { room: "lab/charts", about: "Charts as SVG and PNG, and pages around them." },
    { room: "lab/theory", about: "What the theory of LoRA predicts, in float64 on the host." },
    { room: "lab/suites", about: "Which runs a comparison consists of." },
  ],
  [
    { room: "lab/trainees", about: "Methods in training, with their gradients in sight." },
    { room: "lab/compare", about: "Comparisons of methods under one budget." },
  ],
  [{ room: "lab/dynamics", about: "How far LoRA is a compressor of gradients, measured." }],
  [{ room: "lab" }],
  [{ room: "cli/terminal", about: "The terminal: layout, progress, colours, signals." }],
  [{ room: "cli/arguments", about: "From the words of a command line to options." }],
  [{ room: "cli/reports", about: "Events and results as people read them." }],
  [{ room: "cli/watch", about: "Servers of pages: the one that shows runs, and the studio." }],
  [
    {
      room: "cli/serve",
      about: "A model behind OpenAI's interface: requests, turns, answers.",
    },
  ],
  [{ room: "cli/inputs", about: "What commands are given: files, models, names on the Hub." }],
  [
    { room: "cli/commands", about: "Commands around a run: one file each." },
    { room: "cli/models", about: "Commands that use a model: one file each." },
  ],
  [{ room: "cli", about: "Where the program starts, and finds its command." }],
  [{ room: "entries", about: "Entry points of the package that show several rooms." }],
];
