/** A strict reader of markup without comments, so that tests ask for elements and not for strings. */

export interface MarkupElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (MarkupElement | string)[];
}

interface OpenElement extends MarkupElement {
  readonly children: (MarkupElement | string)[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};
const TOKEN = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*="[^"<]*")*)>|([^<]+)/gy;

/** @throws {Error} unless every element is closed in turn and every `&` is an entity. */
export function parseMarkup(text: string): MarkupElement {
  const root: OpenElement = { name: "", attributes: {}, children: [] };
  const open = [root];
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    const [whole, slash, name = "", attributes = "", content] = token;
    end = token.index + whole.length;
    const last = open.at(-1);
    if (!last) throw new Error("more closed than opened");
    if (content !== undefined) last.children.push(decode(content));
    else if (slash === "/") {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes another element`);
    } else {
      const child: OpenElement = { name, attributes: parseAttributes(attributes), children: [] };
      last.children.push(child);
      open.push(child);
    }
  }
  if (end !== text.length) throw new Error(`no markup: ${text.slice(end, end + 40)}`);
  const [only, ...others] = root.children;
  if (open.length !== 1 || typeof only !== "object" || others.some((other) => other !== "\n")) {
    throw new Error("not one element");
  }
  return only;
}

/** All elements of a name, in their order. */
export function findAll(element: MarkupElement, name: string): MarkupElement[] {
  return element.children.flatMap((child) =>
    typeof child === "string"
      ? []
      : [...(child.name === name ? [child] : []), ...findAll(child, name)],
  );
}

export const textContent = (element: MarkupElement): string =>
  element.children
    .map((child) => (typeof child === "string" ? child : textContent(child)))
    .join("");

function parseAttributes(text: string): Record<string, string> {
  const pairs = Array.from(
    text.matchAll(/([a-zA-Z][a-zA-Z0-9-]*)="([^"]*)"/g),
    ([, key = "", value = ""]) => [key, decode(value)],
  );
  const parsed = Object.fromEntries(pairs);
  if (Object.keys(parsed).length !== pairs.length) throw new Error(`twice the same in ${text}`);
  return parsed;
}

const decode = (text: string): string =>
  text.replaceAll(/&[^;]*;?/g, (entity) => {
    const character = ENTITIES[entity];
    if (character === undefined) throw new Error(`no entity: ${entity}`);
    return character;
  });
