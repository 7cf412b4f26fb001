/**
 * What a log becomes: processes, and steps that every edition's machine performs alike.
 */
import type { CallSpec } from "../machine.js";
import type { Descriptors } from "./files.js";
import type { Space } from "./space.js";

/** A process of the log: a group of threads. A number that the log gives to two processes makes two of these. */
export interface Process {
  readonly index: number;
  readonly pid: number;
  /** Line that brought it into the log. */
  readonly line: number;
}

/** A task of the log: a thread, on the CPU where it stays. */
export interface TaskState {
  pid: number;
  readonly process: Process;
  readonly cpu: number;
  space: Space;
  readonly descriptors: Descriptors;
}

/** One access to each page of [from, to), `unit` base pages apart. */
export interface Touch {
  readonly from: number;
  readonly to: number;
  readonly unit: number;
  readonly isStore: boolean;
}

export type Work = CallSpec | Touch;

/** Calls of one task on its CPU, everything else standing still. */
export interface Step {
  readonly line: number;
  readonly process: Process;
  readonly cpu: number;
  readonly mm: number;
  readonly work: readonly Work[];
}

/** Who performs the steps: a machine, several, or nobody while the log is only measured. */
export interface Sink {
  run(step: Step): void;
  /** A file has another size from now on, in huge pages; nothing is cut off. */
  resize(file: number, pages: number): void;
  /** An mm has exited and its number may come back. */
  retire(mm: number): void;
}

export const isTouch = (work: Work): work is Touch => "unit" in work;
