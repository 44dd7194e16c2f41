/**
 * @file Names of parameters and modules by patterns.
 *
 * `*` stands for any text. A pattern for modules may leave out leading parts, as in peft: "c_attn" and "attn.c_attn" both name the
 * module "h.0.attn.c_attn".
 */

/** Whether a name fits a pattern in which `*` stands for any text. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}

/** Whether a pattern names a module: the whole of its path, or its end. */
export const matchesModule = (pattern: string, module: string): boolean =>
  matches(pattern, module) || matches(`*.${pattern}`, module);
