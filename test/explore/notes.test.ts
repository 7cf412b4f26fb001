/**
 * What a step is noted to use is all that it uses: a word that it is not noted to read can hold anything, and an
 * obligation in no cell that it is noted to read can be gone, and the step does the same. A raw load without a note()
 * shows here, before it makes a search leave out what it must not (CONTRIBUTING.md).
 */
import { describe, expect, it } from "vitest";
import { Base } from "../../assembly/abi/layout.js";
import { Globals, Rest, Tally } from "../../assembly/abi/records.js";
import { Obligation, Task } from "../../assembly/abi/tasks.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn } from "../../src/explore/check.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { releases } from "../../src/kernel/editions.js";
import type { Machine } from "../../src/machine.js";
import { scenarios } from "../../src/scenarios/index.js";
import type { Scenario } from "../../src/scenarios/scenario.js";
import { agentsOf } from "../core/agreement.js";

const [READ, WRITE] = [1, 2];
const RUNS = 2;
/** Times that everything that is not read is filled anew. */
const FILLS = 3;
const core = openSearchCore(true);
let seed = 1;

function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed ^ (seed >>> 15)) >>> 0;
}

/** A machine, the places of its regions, and what the test has done on it. */
class Bench {
  readonly machine: Machine;
  readonly state: number;
  readonly hashed: number;
  readonly owed: number;
  readonly end: number;
  readonly tasks: number;
  /** Words that cells or places speak for. */
  readonly #never = new Set<number>();

  constructor(machine: Machine, tasks: number, frames: number) {
    this.machine = machine;
    this.tasks = tasks;
    this.state = machine.base(Base.STATE);
    this.hashed = machine.base(Base.HASHED);
    this.owed = machine.base(Base.OBLIGATION);
    this.end = machine.base(Base.STATE_END);
    // How many obligations there are, and how many on each frame: their cells say it.
    this.#never.add(this.hashed + Globals.OBLIGATIONS);
    for (let frame = 0; frame < frames; frame++) {
      this.#never.add(machine.base(Base.REST) + frame * Rest.WORDS + Rest.STALE);
    }
  }

  get count(): number {
    return this.machine.get(this.hashed + Globals.OBLIGATIONS);
  }

  snapshot(): Uint32Array {
    return core.words().slice(this.state, this.end);
  }

  restore(state: Uint32Array): void {
    core.words().set(state, this.state);
  }

  uses(at: number): Uint8Array {
    return core.bytes().slice(at, at + core.call.usesBytes());
  }

  /** Words that the agent's next step may not look at, by what it is noted to use. */
  unread(agent: number, uses: Uint8Array): number[] {
    const found: number[] = [];
    const [vmas, task] = [this.machine.base(Base.VMA), this.machine.base(Base.TASK)];
    const own = agent < this.tasks ? this.machine.task(agent) : 0;
    const gather = this.machine.base(Base.GATHER);
    const size = this.machine.base(Base.GATHER_WORDS);
    for (let word = this.hashed; word < this.owed; word++) {
      if (((uses[word - this.hashed] as number) & READ) !== 0 || this.#never.has(word)) continue;
      // Which VMAs there are is said by cells.
      if (word >= vmas && word < task) continue;
      // What a task has to itself makes the place that the notes are of.
      if (own !== 0 && word >= own && word < own + Task.WORDS) continue;
      if (agent < this.tasks && word >= gather + agent * size && word < gather + (agent + 1) * size) continue;
      found.push(word);
    }
    return found;
  }

  /** Words that it is noted to read. */
  read(uses: Uint8Array): number[] {
    const words = Array.from({ length: this.owed - this.hashed }, (_, i) => this.hashed + i);
    return words.filter((word) => ((uses[word - this.hashed] as number) & READ) !== 0);
  }

  /** What the step came to: every word, obligations as a set without `but`, and what was reported. */
  meaning(skip: ReadonlySet<number>, but?: string): string {
    const words = core.words();
    const parts: number[] = [];
    for (let word = this.hashed; word < this.owed; word++) {
      if (!skip.has(word) && !this.#never.has(word)) parts.push(words[word] as number);
    }
    const owed = Array.from({ length: this.count }, (_, i) => this.obligation(i));
    const at = but === undefined ? -1 : owed.indexOf(but);
    if (at >= 0) owed.splice(at, 1);
    const told = [Tally.VIOLATIONS, Tally.SOMETIMES, Tally.HIDDEN].map((field) => this.machine.tally(field));
    return `${parts.join()} / ${owed.sort().join(" ")} / ${told.join()}`;
  }

  obligation(i: number): string {
    const at = this.owed + i * Obligation.WORDS;
    return core
      .words()
      .subarray(at, at + Obligation.BIRTH)
      .join();
  }
}

/** Steps `agent`, or gives what was thrown: a load of a wild address is a use as well. */
function outcome(bench: Bench, agent: number, skip: ReadonlySet<number>, but?: string): string {
  try {
    core.call.stepAgent(agent);
  } catch (error) {
    return String(error);
  }
  return bench.meaning(skip, but);
}

/** Fills the words; the step must do the same. Its own writes to them are compared where it only writes. */
function sameWhenFilled(
  bench: Bench,
  agent: number,
  words: readonly number[],
  uses: Uint8Array,
  fills = FILLS,
): boolean {
  const before = bench.snapshot();
  const used = (word: number): number => uses[word - bench.hashed] as number;
  const skip = new Set(words.filter((word) => used(word) !== WRITE));
  core.call.stepAgent(agent);
  const plain = bench.meaning(skip);
  let same = true;
  for (let fill = 0; fill < fills && same; fill++) {
    bench.restore(before);
    for (const word of words) {
      const value = core.words()[word] as number;
      core.words()[word] = fill === 0 ? value ^ 1 : fill === 1 ? value ^ (1 << (random() & 31)) : random();
    }
    same = outcome(bench, agent, skip) === plain;
  }
  bench.restore(before);
  return same;
}

/** Takes obligations away that the step is noted not to ask for, one at a time. */
function sameWithoutOthers(bench: Bench, agent: number, uses: Uint8Array): boolean {
  const before = bench.snapshot();
  const count = bench.count;
  let same = true;
  for (let i = 0; i < count && same; i++) {
    const cells = bench.uses(core.call.usesOfObligation(i));
    const isAsked = cells.some((use, at) => at >= bench.owed - bench.hashed && use !== 0 && (uses[at] as number) !== 0);
    if (isAsked) continue;
    const gone = bench.obligation(i);
    core.call.stepAgent(agent);
    const plain = bench.meaning(new Set(), gone);
    bench.restore(before);
    drop(bench, i, count);
    same = outcome(bench, agent, new Set()) === plain;
    bench.restore(before);
  }
  return same;
}

function drop(bench: Bench, i: number, count: number): void {
  const words = core.words();
  const at = (n: number): number => bench.owed + n * Obligation.WORDS;
  const frame = words[at(i) + Obligation.FRAME] as number;
  const stale = bench.machine.base(Base.REST) + frame * Rest.WORDS + Rest.STALE;
  words.copyWithin(at(i), at(count - 1), at(count));
  words.fill(0, at(count - 1), at(count));
  words[stale] = (words[stale] as number) - 1;
  words[bench.hashed + Globals.OBLIGATIONS] = count - 1;
}

/** Machines of the scenario: each release and back-end has its turn. */
function* benches(scenario: Scenario, index: number): Generator<[Bench, string]> {
  for (const [i, backend] of backends.entries()) {
    const edition = releases[(index + i) % releases.length] as (typeof releases)[0];
    for (const original of scenario.cases) {
      const which = caseIn(original, edition);
      const machine = stage({ scenario, which, edition, backend, core });
      // Lays out the memory that uses are noted in.
      const asked = { hardware: "oracle", memoryMib: 8, statesMax: 1, reduce: "por" } as const;
      new ExhaustiveSearch(core, machine, asked);
      const bench = new Bench(machine, which.tasks.length, machine.base(Base.FRAMES));
      yield [bench, `${scenario.name} ${which.name} ${edition.name} ${backend.name}`];
    }
  }
}

/** Random runs, each line of a listing tried once in a machine; gives what `look` was asked about. */
function walk(bench: Bench, look: (agent: number, uses: Uint8Array) => void): void {
  const tried = new Set<number>();
  for (let run = 0; run < RUNS; run++) {
    core.call.restartSearch();
    for (let step = 0; step < 400; step++) {
      const able = agentsOf(core.call.enabledMask());
      if (able.length === 0) break;
      for (const agent of able) {
        const line = agent < bench.tasks ? bench.machine.get(bench.machine.task(agent) + Task.PC) : -1 - agent;
        if (tried.has(line)) continue;
        tried.add(line);
        const before = bench.snapshot();
        const uses = bench.uses(core.call.usesOfStep(agent));
        bench.restore(before);
        look(agent, uses);
      }
      core.call.stepAgent(able[random() % able.length] as number);
    }
  }
}

/** The words that make the difference, found by halves. */
function guilty(bench: Bench, agent: number, words: readonly number[], uses: Uint8Array): readonly number[] {
  if (words.length <= 1) return words;
  const middle = words.length >> 1;
  const halves = [words.slice(0, middle), words.slice(middle)];
  const bad = halves.find((half) => !sameWhenFilled(bench, agent, half, uses));
  return bad === undefined ? words : guilty(bench, agent, bad, uses);
}

describe("the notes of a step", () => {
  it.each(scenarios.map((scenario, index) => ({ name: scenario.name, scenario, index })))(
    "say all that it uses, in $name",
    ({ scenario, index }) => {
      let steps = 0;
      for (const [bench, name] of benches(scenario, index)) {
        walk(bench, (agent, uses) => {
          steps++;
          const words = bench.unread(agent, uses);
          const line = bench.machine.program[bench.machine.get(bench.machine.task(agent) + Task.PC)];
          const where = `${name}: ${agent < bench.tasks ? `${line?.fn}: ${line?.text}` : "flush interrupt"}`;
          if (!sameWhenFilled(bench, agent, words, uses))
            expect.fail(`${where} uses words ${guilty(bench, agent, words, uses)} that no note() tells`);
          if (!sameWithoutOthers(bench, agent, uses)) expect.fail(`${where} asks for obligations without a note`);
        });
      }
      expect(steps).toBeGreaterThan(50);
    },
  );

  // Entries only: a step that follows a wrong link of a list may go round for ever.
  it("would be missed: a step that loses that of an entry does something else, more often than not", () => {
    let [lost, seen] = [0, 0];
    for (const [index, scenario] of scenarios.entries()) {
      if (index % 6 !== 0) continue;
      for (const [bench] of benches(scenario, index)) {
        const entries = bench.machine.base(Base.TABLE);
        walk(bench, (agent, uses) => {
          const read = bench.read(uses).filter((word) => word >= entries && word < bench.owed);
          if (read.length === 0) return;
          lost++;
          if (!sameWhenFilled(bench, agent, [read[random() % read.length] as number], uses, 1)) seen++;
        });
      }
    }
    expect(lost).toBeGreaterThan(300);
    expect(seen / lost).toBeGreaterThan(0.5);
  });
});
