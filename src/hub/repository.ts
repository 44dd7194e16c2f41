/**
 * @file Names on the Hub.
 *
 *   owner/name            the newest state
 *   owner/name@revision   a branch, a tag, a commit, or refs/pr/N for a pull request
 *
 * Source: `validate_repo_id` of huggingface_hub, version 2.4.
 */

import { isPlainFileName } from "../weights/directory.ts";

/** What a repository holds. */
export type RepositoryType = "model" | "dataset";

/** A repository on the Hub at a revision. */
export interface Repository {
  readonly type: RepositoryType;
  /** "owner/name". */
  readonly name: string;
  readonly revision: string;
}

/** The repository that a text names; undefined if it is no name, as paths in general are not. */
export function parseRepository(text: string, type: RepositoryType): Repository | undefined {
  const at = text.indexOf("@");
  const name = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? "main" : text.slice(at + 1);
  if (!isName(name) || !revision.split("/").every(isPlainFileName)) return undefined;
  return { type, name, revision };
}

/** "owner/name@revision", the revision only where it says something. */
export const formatRepository = ({ name, revision }: Repository): string =>
  revision === "main" ? name : `${name}@${revision}`;

/** Whether a revision is a full commit, which never changes. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

const LONGEST_NAME = 96;

const isName = (name: string): boolean =>
  /^[A-Za-z0-9_][\w.-]*\/[A-Za-z0-9_][\w.-]*$/.test(name) &&
  !/--|\.\.|[.-]\/|[.-]$|\.git$/.test(name) &&
  name.length <= LONGEST_NAME;
