/**
 * Shrinking a finding: the same violation with fewer calls, tasks and CPUs, and smaller values.
 *
 * A candidate is a changed program. It stands when some schedule still shows the same violation: the path at hand, as
 * far as it fits, or one of a hundred drawn ones. Nearly always the path decides, so all changes are tried with it
 * first, and schedules are drawn only when nothing more goes without. What stays is at a local minimum: no single
 * change of candidates.ts can be made. Then case.ts tries every schedule of what is left, within a bound: the shortest
 * tells the story.
 *
 * Nothing is remembered from one input to the next: the same input becomes the same program anywhere.
 */
import { Decoded, FUZZ_TASKS, FuzzWord, INPUT_MAX, SETUP_TASK } from "../../assembly/abi/fuzz.js";
import { type Arena, modes } from "./arena.js";
import { changes } from "./candidates.js";
import { byTask, comesBefore, type Draft, putTogether, takeApart, type Written, whoOf } from "./draft.js";

/** The violation that must stay: numbers as the core has them. */
export interface Target {
  readonly kind: number;
  readonly birth: number;
  readonly at: number;
}

/** Schedules that are drawn before a candidate is given up. */
const TRIES = 100;
/** Agent of a word of the core's that says what a step was; script word behind its call. */
const AGENT_SHIFT = 16;
const AGENT_MASK = 63;
const CALL_SHIFT = 22;
const CALL_MASK = 0x3ff;

/** A step of a path: the call that made it, or the CPU whose interrupt it was. */
type Move = { readonly call: number } | { readonly cpu: number };

/** A smaller input that shows the target, with a schedule for it; undefined when the input does not show it. */
export function shrinkInput(arena: Arena, bytes: Uint8Array, target: Target): Uint8Array | undefined {
  const kept = [FuzzWord.MODE, FuzzWord.STRATEGY, FuzzWord.DEPTH].map((field) => [field, arena.get(field)] as const);
  const best = new Shrinking(arena, target).from(bytes);
  for (const [field, value] of kept) arena.set(field, value);
  return best;
}

class Shrinking {
  readonly #arena: Arena;
  readonly #target: Target;
  #now!: Written;
  #best!: Uint8Array;
  /** How the best program gets to its violation. */
  #path: readonly Move[] = [];
  #program = "";
  /** Programs that did not stand, by bytes and by fingerprint, and with how many schedules. */
  readonly #failed = new Map<string, number>();

  constructor(arena: Arena, target: Target) {
    this.#arena = arena;
    this.#target = target;
    arena.choose("portfolio");
    // Not `fixed`: what is another call's matter is no finding of a program (assembly/fuzz/runner.ts).
    arena.set(FuzzWord.MODE, modes.random);
    arena.set(FuzzWord.WANTED, TRIES);
  }

  from(bytes: Uint8Array): Uint8Array | undefined {
    const { call } = this.#arena.machine.core;
    this.#arena.write(bytes);
    call.fuzzInput();
    if (!this.#showed()) return undefined;
    const draft = takeApart(this.#arena.read());
    this.#keep(draft);
    const ordered = { ...draft, race: byTask(draft.race) };
    this.#now = { draft: ordered, bytes: putTogether(ordered) };
    do this.#descend(0);
    while (this.#descend(TRIES));
    return this.#best;
  }

  /** Takes candidates that stand until none does. True when one did that needed a drawn schedule. */
  #descend(tries: number): boolean {
    for (const candidates of changes) {
      let list = candidates(this.#now.draft);
      for (let i = 0, failed = 0; failed < list.length; ) {
        if (i >= list.length) i = 0;
        if (!this.#stands(list[i] as Draft, tries)) {
          i++;
          failed++;
          continue;
        }
        if (tries > 0) return true;
        list = candidates(this.#now.draft);
        failed = 0;
      }
    }
    return false;
  }

  #showed(): boolean {
    const { kind, birth, at } = this.#target;
    return this.#arena.machine.core.call.fuzzShowed(kind, birth, at) !== 0;
  }

  #stands(draft: Draft, tries: number): boolean {
    const candidate = { draft, bytes: putTogether(draft) };
    if (!comesBefore(candidate, this.#now)) return false;
    const text = String.fromCharCode(...candidate.bytes);
    if ((this.#failed.get(text) ?? -1) >= tries) return false;
    this.#failed.set(text, tries);
    this.#arena.write(candidate.bytes);
    if (this.#arena.machine.core.call.fuzzPrepare() === 0) return false;
    const program = this.#fingerprint();
    if (program !== this.#program && (this.#failed.get(program) ?? -1) >= tries) return false;
    this.#writeGuide(draft);
    this.#arena.machine.core.call.fuzzGuided();
    if (!this.#showed() && (tries === 0 || !this.#seek())) {
      this.#failed.set(program, tries);
      return false;
    }
    this.#keep(draft);
    this.#now = candidate;
    return true;
  }

  /** Draws schedules, the same for every program. */
  #seek(): boolean {
    const { kind, birth, at } = this.#target;
    const { call } = this.#arena.machine.core;
    this.#arena.seed(1);
    call.fuzzForget();
    return call.fuzzSeek(kind, birth, at) !== 0;
  }

  /** The program of the last run is the best one so far. */
  #keep(draft: Draft): void {
    this.#best = this.#arena.read();
    this.#path = this.#readPath(draft);
    this.#program = this.#fingerprint();
  }

  #fingerprint(): string {
    this.#arena.machine.core.call.fuzzProgram();
    return `${this.#arena.get(FuzzWord.SUM)} ${this.#arena.get(FuzzWord.SUM + 1)}`;
  }

  /** The steps of the last run, each by its call. */
  #readPath(draft: Draft): Move[] {
    const arena = this.#arena;
    const { machine } = arena;
    // A task's word says where the script goes on behind its present call.
    const calls: { readonly task: number; readonly from: number; readonly id: number }[] = [];
    const inputs = [...draft.setup, ...draft.race];
    for (let i = 0; i < arena.get(FuzzWord.DECODED_COUNT); i++) {
      const at = arena.get(FuzzWord.DECODED) + i * Decoded.WORDS;
      const task = machine.get(at + Decoded.TASK);
      const id = inputs[machine.get(at + Decoded.CALL)]?.id ?? -1;
      if (task !== SETUP_TASK) calls.push({ task, from: machine.get(at + Decoded.SCRIPT), id });
    }
    const words = machine.core.words();
    const first = arena.get(FuzzWord.OPS) + 1;
    return Array.from(words.subarray(first, first + arena.get(FuzzWord.LAST_STEPS)), (word): Move => {
      const agent = (word >>> AGENT_SHIFT) & AGENT_MASK;
      if (agent >= FUZZ_TASKS) return { cpu: draft.cpus[agent - FUZZ_TASKS]?.id ?? 0 };
      const behind = (word >>> CALL_SHIFT) & CALL_MASK;
      return { call: calls.findLast(({ task, from }) => task === agent && from < behind)?.id ?? -1 };
    });
  }

  /** The path at hand, told in the candidate's agents, without calls that it does not have. */
  #writeGuide(candidate: Draft): void {
    const agents = new Map(candidate.race.map((call) => [call.id, whoOf(call)]));
    const cpus = new Map(candidate.cpus.map(({ id }, cpu) => [id, FUZZ_TASKS + cpu]));
    const arena = this.#arena;
    const at = arena.get(FuzzWord.GUIDE) * 4;
    const guide = arena.machine.core.bytes().subarray(at, at + INPUT_MAX);
    let length = 0;
    for (const move of this.#path) {
      const agent = "cpu" in move ? cpus.get(move.cpu) : agents.get(move.call);
      if (agent !== undefined) guide[length++] = agent;
    }
    arena.set(FuzzWord.GUIDE_LENGTH, length);
  }
}
