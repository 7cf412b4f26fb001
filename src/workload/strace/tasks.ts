/**
 * Which task a line belongs to, and which calls each task has begun.
 *
 * Protocol
 *   With `-o`, every line names its task. On a terminal, strace names a task only while there are several: a line
 *   without
 *   a name is the first task's, or that of the only one left. We call that first task MAIN, also where its number shows
 *   up later.
 *
 * Invariants
 *   K1  A task has at most one call under way.
 */

import type { Call } from "./calls.js";
import { BadLine } from "./text.js";

export const MAIN = 0;

export interface Pending {
  readonly call: Call;
  /** The call as far as it was printed, from its name on. */
  readonly bytes: Uint8Array;
  readonly line: number;
  /** The thread that called execve, if strace now gives the call to the thread group's own number. */
  readonly movedFrom: number | undefined;
}

export class Tasks {
  readonly pending = new Map<number, Pending>();
  #main: "unused" | "alive" | "gone" = "unused";
  #mainPid: number | undefined;
  /** Forks that have begun and not returned. */
  forksOpen = 0;
  /** Children that a fork has announced and that are not gone. */
  readonly #announced = new Set<number>();
  /** Thread group of each thread that is not its own. */
  readonly #leader = new Map<number, number>();
  /** Thread groups that called exit_group. */
  readonly #ended = new Set<number>();

  /** The task of a line. `known` are the tasks that are alive; `resumes` is true for `<... resumed>`. */
  resolve(pid: number | undefined, known: ReadonlySet<number>, resumes = false): number {
    if (pid === undefined) return this.#unnamed(known);
    if (this.#main !== "alive") return pid;
    if (this.#mainPid === undefined && !this.#announced.has(pid) && this.#isMain(pid, resumes)) this.#mainPid = pid;
    return pid === this.#mainPid ? MAIN : pid;
  }

  begin(pid: number, pending: Pending): void {
    this.pending.set(pid, pending);
    if (pending.call.isFork) this.forksOpen++;
  }

  /** The call came back, or its task is gone. */
  finish(pid: number): Pending | undefined {
    const pending = this.pending.get(pid);
    this.pending.delete(pid);
    if (pending?.call.isFork === true) this.forksOpen--;
    return pending;
  }

  missing(pid: number, earlier: Pending, name: string): BadLine {
    return new BadLine(
      `task ${pid} calls ${name} while its ${earlier.call.name} of line ${earlier.line} has no ` +
        `result: lines are missing`,
      "record it again, and do not filter the log",
    );
  }

  /** `parent` made `child`. */
  fork(parent: number, child: number, isThread: boolean): void {
    this.#ended.delete(child);
    this.#announced.add(child);
    if (isThread) this.#leader.set(child, this.#leaderOf(parent));
    else this.#leader.delete(child);
  }

  exitGroup(pid: number): void {
    this.#ended.add(this.#leaderOf(pid));
  }

  /** The task is gone; returns the call that it was in. */
  gone(pid: number): Pending | undefined {
    this.#leader.delete(pid);
    this.#announced.delete(pid);
    if (pid === MAIN) this.#main = "gone";
    return this.finish(pid);
  }

  /** Thread `by` called execve and is now `pid`; returns the call that the former `pid` was in. */
  superseded(pid: number, by: number): Pending | undefined {
    this.#leader.delete(by);
    this.#announced.delete(by);
    return this.pending.get(pid)?.movedFrom === by ? undefined : this.finish(pid);
  }

  /** The first call, by line, that its task ought to have come back from. */
  neverResumed(): [number, Pending] | undefined {
    for (const [pid, pending] of [...this.pending].sort(([, a], [, b]) => a.line - b.line)) {
      if (!pending.call.isExit && !this.#ended.has(this.#leaderOf(pid))) return [pid, pending];
    }
    return undefined;
  }

  #unnamed(known: ReadonlySet<number>): number {
    if (this.#main === "alive") return MAIN;
    for (const only of known.size === 1 ? known : []) return only;
    if (this.#main === "unused") this.#main = "alive";
    return MAIN;
  }

  /** A number that no fork announced is the first task's, unless a fork that is under way may still announce it. */
  #isMain(pid: number, resumes: boolean): boolean {
    if (resumes) return !this.pending.has(pid) && this.pending.has(MAIN);
    return this.forksOpen === 0 && !this.pending.has(MAIN);
  }

  #leaderOf(pid: number): number {
    return this.#leader.get(pid) ?? pid;
  }
}
