/** @file What a transfer tells. */

/** Part of a file has come or gone. */
export interface TransferEvent {
  readonly type: "transfer";
  /** Its path in the repository. */
  readonly file: string;
  /** Of the file; more than 0 at first where an earlier transfer is resumed. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Something that a person should know, in a sentence. */
export interface NoticeEvent {
  readonly type: "notice";
  readonly message: string;
}

/** What is told while files are transferred. */
export type HubEvent = TransferEvent | NoticeEvent;
