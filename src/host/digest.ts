/** @file Digests of the Web, for hosts that have none of their own. */

import type { Hash, HashAlgorithm } from "./host.ts";

/** What the Web has takes all bytes at once, so they are kept until then. */
export function webHash(algorithm: HashAlgorithm): Hash {
  const parts: Uint8Array[] = [];
  return {
    update: (bytes) => void parts.push(bytes.slice()),
    async digest() {
      const all = new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer());
      const name = algorithm === "sha1" ? "SHA-1" : "SHA-256";
      const digest = new Uint8Array(await crypto.subtle.digest(name, all));
      return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  };
}
