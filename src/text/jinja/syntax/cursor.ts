/** @file The tokens of a template, one after another. */

import type { Token } from "./lexer.ts";
import { fault } from "../values/value.ts";

/** Where a parser is. */
export interface Cursor {
  /** The next token, or the one after it. */
  peek(ahead?: number): Token | undefined;
  /** Takes the next token. @throws {UsageError} at the end. */
  next(): Token;
  /** Whether the next token is an operator, or a word, with this text. */
  is(value: string): boolean;
  /** Takes the next token if it is that. */
  skip(value: string): boolean;
  /** @throws {UsageError} if the next token is not that. */
  expect(value: string): void;
  /** Takes a name. @throws {UsageError} if the next token is none. */
  name(): string;
  /** Whether the tag is over. */
  isEnd(): boolean;
  /** What is wrong where it is. */
  unexpected(): Error;
}

export function cursorOver(tokens: readonly Token[]): Cursor {
  let at = 0;
  const peek = (ahead = 0) => tokens[at + ahead];
  const is = (value: string) => {
    const token = peek();
    return (token?.type === "operator" || token?.type === "name") && token.value === value;
  };
  const unexpected = () => {
    const token = peek();
    return token
      ? fault(`line ${token.line}: unexpected ${token.type} ${JSON.stringify(token.value)}`)
      : fault("unexpected end of the template");
  };
  const next = () => {
    const token = peek();
    if (!token) throw unexpected();
    at += 1;
    return token;
  };
  const skip = (value: string) => {
    const found = is(value);
    if (found) at += 1;
    return found;
  };
  return {
    peek,
    next,
    is,
    skip,
    expect(value) {
      if (!skip(value)) throw unexpected();
    },
    name() {
      if (peek()?.type !== "name") throw unexpected();
      return next().value;
    },
    isEnd: () => peek()?.type === "end",
    unexpected,
  };
}
