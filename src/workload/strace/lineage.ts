/**
 * Puts the birth of a task before its first event, where the log has them the other way round.
 *
 * Protocol
 *   A child may run before strace prints the result of the fork that made it. While a fork is under way, events from
 *   the
 *   first one of an unknown task on are held back; when the fork is known, it goes before the child's first event. It
 *   did happen then: before the child ran, and after its own call began.
 *
 * Invariants
 *   G1  Nothing but a fork moves, and it moves only towards its own beginning.
 *   G2  At most HELD_MAX events are held; after that they go out as the log has them.
 */
import type { StraceEvent } from "./events.js";

const HELD_MAX = 65_536;

export class Lineage {
  /** Tasks that have had an event or were announced by a fork, and are not gone. */
  readonly known = new Set<number>();
  /** A known task, that of the last event: most events follow one of the same task. */
  #lastPid = -1;
  readonly #waiting = new Set<number>();
  #held: StraceEvent[] = [];

  /** Takes the next event of the log; what can go out goes to `out`. `forksOpen` counts the forks under way. */
  add(event: StraceEvent, forksOpen: number, out: StraceEvent[]): void {
    if (event.pid === this.#lastPid && this.#held.length === 0) {
      out.push(event);
      this.#learn(event);
      return;
    }
    const isKnown = this.known.has(event.pid);
    if (this.#held.length === 0 && (isKnown || forksOpen === 0)) {
      if (!isKnown) this.known.add(event.pid);
      this.#lastPid = event.pid;
      out.push(event);
      this.#learn(event);
      return;
    }
    if (!isKnown) this.#waiting.add(event.pid);
    this.#hold(event);
    this.#learn(event);
    if (this.#held.length >= HELD_MAX) this.#release(out);
    else this.settle(forksOpen, out);
  }

  /** Lets go of held events if no fork that is under way can explain them any more. */
  settle(forksOpen: number, out: StraceEvent[]): void {
    if (this.#held.length > 0 && (this.#waiting.size === 0 || forksOpen === 0)) this.#release(out);
  }

  #hold(event: StraceEvent): void {
    if (event.kind === "fork" && this.#waiting.delete(event.child)) {
      const first = this.#held.findIndex((held) => held.pid === event.child);
      this.#held.splice(first, 0, event);
    } else this.#held.push(event);
  }

  #learn(event: StraceEvent): void {
    if (event.kind === "fork") this.known.add(event.child);
    else if (event.kind === "exited" || event.kind === "killed") this.#forget(event.pid);
    else if (event.kind === "superseded") this.#forget(event.by);
  }

  #forget(pid: number): void {
    this.known.delete(pid);
    if (this.#lastPid === pid) this.#lastPid = -1;
  }

  #release(out: StraceEvent[]): void {
    for (const event of this.#held) {
      this.known.add(event.pid);
      out.push(event);
    }
    for (const event of this.#held) {
      if (event.kind === "exited" || event.kind === "killed") this.#forget(event.pid);
    }
    this.#held = [];
    this.#waiting.clear();
  }
}
