import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { byteTokenizer, createChat, withChatTemplate } from "../../../src/text/index.ts";
import { nodeFiles, write } from "../../support/files.ts";

const MESSAGES = [
  { role: "user", content: "Hi" },
  { role: "assistant", content: "Ho" },
];

describe("withChatTemplate", () => {
  it.each([
    ["chatml", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>\n"],
    ["plain", "user:\nHi\n\nassistant:\nHo<|endoftext|>\n\n"],
  ])("knows %s", async (name, text) => {
    const chat = createChat(await withChatTemplate(nodeFiles, byteTokenizer(), name));
    expect(chat.render(MESSAGES)).toBe(text);
    expect(chat.encode(MESSAGES)[0]?.assistant).toHaveLength(1);
  });

  it("ends an answer with a token that every tokenizer has, if it is plain", async () => {
    const tokenizer = byteTokenizer();
    const chat = createChat(await withChatTemplate(nodeFiles, tokenizer, "plain"));
    expect(chat.answerEnd()).toEqual({ stopTokens: [tokenizer.endOfText], stopStrings: [] });
  });

  it("takes a file, in place of the tokenizer's own template", async () => {
    const [path = ""] = await write({ "chat.jinja": "{{ messages[0].content }}!" });
    const own = byteTokenizer();
    const config = JSON.stringify({ eos_token: "</s>", chat_template: "own" });
    const tokenizer = { ...own, files: new Map([["tokenizer_config.json", config]]) };
    const changed = await withChatTemplate(nodeFiles, tokenizer, path);
    expect(createChat(changed).render(MESSAGES)).toBe("Hi!");
    expect(Object.fromEntries(changed.files)).toEqual({
      "chat_template.jinja": "{{ messages[0].content }}!",
      "tokenizer_config.json": '{\n  "eos_token": "</s>"\n}\n',
    });
  });

  it("refuses what is neither", async () => {
    const refused = withChatTemplate(nodeFiles, byteTokenizer(), "chatlm");
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow("neither a file nor chatml or plain; got chatlm");
  });
});
