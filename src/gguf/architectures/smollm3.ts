/** @file SmolLM3. In llama.cpp every fourth layer knows nothing of positions, and maps have no biases. */

import { UsageError } from "../../errors.ts";
import type { GgufArchitecture } from "./parts/architecture.ts";
import { numberField } from "./parts/fields.ts";
import type { Json } from "../../files/json.ts";
import { PAIRED, refuseOther, refuseWindows, relative } from "./parts/relative.ts";

/** One more than the layers in a row that are turned. */
const INTERVAL = 4;

export const smollm3: GgufArchitecture = relative({
  name: "smollm3",
  types: ["smollm3"],
  className: "SmolLM3ForCausalLM",
  layouts: PAIRED,
  fields: () => ({ no_rope_layer_interval: INTERVAL }),
  metadata(config) {
    refuseOtherTurns(config);
    refuseOther(config, "attention_bias", false);
    refuseOther(config, "mlp_bias", false);
    return refuseWindows(config);
  },
});

function refuseOtherTurns(config: Json): void {
  const listed = config["no_rope_layers"];
  if (!Array.isArray(listed)) return refuseOther(config, "no_rope_layer_interval", INTERVAL);
  const layers = Array.from({ length: numberField(config, "num_hidden_layers") }, (_, i) => i);
  if (layers.every((i) => listed[i] === ((i + 1) % INTERVAL === 0 ? 0 : 1))) return;
  throw new UsageError(
    `no_rope_layers: must be 0 for every fourth layer and 1 for the others in GGUF; got ${listed.join(", ")}`,
    { hint: "export it as onnx or safetensors" },
  );
}
