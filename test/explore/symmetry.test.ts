/**
 * States that differ only in which like CPU or mm is which count as one, and no others do: the yardstick has as many as
 * an enumeration of all states has orbits, put together here by brute force; every scenario, with two more CPUs that
 * run threads, shows the same violations with and without; and a state whose CPUs are exchanged goes on as it did.
 */

import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { Base, Run } from "../../assembly/abi/layout.js";
import { Cpu, Globals, Mm, Tally } from "../../assembly/abi/records.js";
import { Obligation, Task } from "../../assembly/abi/tasks.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, chooseScenario, withValues } from "../../src/explore/choose.js";
import type { ReductionName } from "../../src/explore/reductions.js";
import { ExhaustiveSearch, placesOf } from "../../src/explore/search.js";
import { type StageOptions, stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import type { Machine } from "../../src/machine.js";
import { pairOf, scenarios } from "../../src/scenarios/index.js";
import type { Case, Scenario, Values } from "../../src/scenarios/scenario.js";

const core = openSearchCore(true);
type Mode = "enumerated" | "saturated";

const permutations = (n: number): number[][] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((rest) =>
        Array.from({ length: n }, (_, i) => [...rest.slice(0, i), n - 1, ...rest.slice(i)]),
      );

interface Size {
  readonly cpus: number;
  readonly mms: number;
  readonly pages: number;
}

/** The packed form of a state (src/scenarios/yardstick.ts), the least over all ways to number CPUs and mms. */
function orbitOf({ cpus, mms, pages }: Size, hardware: number, kernel: number): string {
  const width = 2 + pages;
  const cpu = Array.from({ length: cpus }, (_, c) => (hardware >>> (c * width)) & ((1 << width) - 1));
  const of = (mm: number): string =>
    cpu
      .filter((_, c) => c % mms === mm)
      .sort((a, b) => a - b)
      .join(".");
  let at = 0;
  const take = (bits: number): number => {
    at += bits;
    return (kernel >>> (at - bits)) & ((1 << bits) - 1);
  };
  const [lock, references, pmd] = [take(2), take(3), take(pages)];
  const pud = Array.from({ length: mms }, () => take(1));
  const pc = Array.from({ length: mms }, () => take(5));
  const frames = take(2 * (pages + 1));
  const threads = Array.from({ length: mms }, (_, mm) => cpu.filter((__, c) => c % mms === mm).length);
  const named = permutations(mms)
    .filter((to) => to.every((other, mm) => threads[other] === threads[mm]))
    .map((to) => {
      const mmsInOrder = to.map((_, place) => to.indexOf(place)).map((mm) => [pud[mm], pc[mm], of(mm)].join("/"));
      return [lock === 0 ? 0 : (to[lock - 1] as number) + 1, references, pmd, frames, ...mmsInOrder].join(" ");
    });
  return named.sort()[0] as string;
}

function yardstick(size: Size, variant: string, hardware: Mode, reduce: ReductionName) {
  const scenario = withValues(chooseScenario("yardstick"), { ...size, variant } as Values);
  const which = scenario.cases[0] as Case;
  const what = { scenario, which, edition: chooseEdition("5.19"), backend: chooseBackend("x86"), core };
  const machine = stage({ ...what, unlimited: true });
  const packed = scenario.project?.(placesOf(machine));
  if (packed === undefined) throw new Error("the yardstick is too large to be packed");
  const orbits = new Set<string>();
  const pack: typeof packed.pack = (value, words) => {
    packed.pack(value, words);
    orbits.add(orbitOf(size, words[0] as number, words[1] as number));
  };
  const projection = { ...packed, pack };
  const search = new ExhaustiveSearch(core, machine, { hardware, memoryMib: 64, statesMax: 1e6, projection, reduce });
  while (search.slice(10_000) === Status.RUNNING);
  const { states, badDepth, depth } = search.figures();
  const kinds = machine.run(Run.KINDS);
  return { states, orbits, found: { badDepth, depth, kinds, complete: search.complete() }, how: search.reduction() };
}

describe("the yardstick has a state for each orbit", () => {
  it.each<[number, number, number, string, Mode]>([
    [2, 1, 2, "late", "enumerated"],
    [4, 1, 2, "fixed", "enumerated"],
    [3, 2, 2, "late", "enumerated"],
    [4, 2, 1, "missing", "enumerated"],
    [3, 3, 2, "fixed", "enumerated"],
    [6, 2, 1, "missing", "enumerated"],
    [4, 3, 1, "late", "enumerated"],
    [6, 3, 2, "late", "saturated"],
    [6, 2, 3, "fixed", "saturated"],
  ])("%i CPUs, %i mms, %i pages, %s, hardware %s", (cpus, mms, pages, variant, hardware) => {
    const size = { cpus, mms, pages };
    const [all, some] = (["none", "sym"] as const).map((how) => yardstick(size, variant, hardware, how));
    expect(some?.how.used).toBe("sym");
    expect(some?.states).toBe(all?.orbits.size);
    expect(some?.states).toBeLessThan(all?.states as number);
    expect(some?.orbits).toEqual(all?.orbits);
    expect(some?.found).toEqual(all?.found);
  });
});

/** The scenario with two more CPUs, on which other threads of its first task's mm run. */
function withThreads(scenario: Scenario): Scenario {
  const mm = scenario.cases[0]?.tasks[0]?.mm ?? null;
  return { ...scenario, cpus: [...scenario.cpus, mm, mm] };
}

function searched(what: Omit<StageOptions, "core">, reduce: ReductionName) {
  const machine = stage({ ...what, core });
  const options = { hardware: "oracle", memoryMib: 64, statesMax: 30_000, reduce } as const;
  const search = new ExhaustiveSearch(core, machine, options);
  while (search.slice(10_000) === Status.RUNNING);
  const result = {
    kinds: machine.run(Run.KINDS),
    sometimes: machine.run(Run.SOMETIMES),
    hidden: machine.run(Run.HIDDEN),
    outcomes: `${core.call.outcomesSeen()} ${core.call.outcomesSum()}`,
  };
  return { result, complete: search.complete(), states: search.figures().states, used: search.reduction().used };
}

/** In its pair of editions, on x86 and on one other machine; over all scenarios, every machine has its turn. */
function* situations(scenario: Scenario, index: number): Generator<Omit<StageOptions, "core">> {
  for (const name of pairOf(scenario) ?? ["5.15", "7.1"]) {
    const edition = chooseEdition(name);
    for (const machine of new Set(["x86", (backends[index % backends.length] as { name: string }).name])) {
      for (const which of scenario.cases) {
        yield { scenario, which: caseIn(which, edition), edition, backend: chooseBackend(machine) };
      }
    }
  }
}

const each = scenarios.map((scenario, index) => ({ name: scenario.name, scenario: withThreads(scenario), index }));

describe("like CPUs", () => {
  const sums = { full: 0, like: 0, both: 0, searches: 0 };

  it.each(each)("change nothing that is found of $name", ({ scenario, index }) => {
    for (const what of situations(scenario, index)) {
      const full = searched(what, "none");
      if (!full.complete) continue;
      const name = `${scenario.name} ${what.which.name} ${what.edition.name} ${what.backend.name}`;
      const [like, both] = [searched(what, "sym"), searched(what, "all")];
      expect([like.used, both.used], name).toEqual(["sym", "all"]);
      expect([like.result, both.result], name).toEqual([full.result, full.result]);
      expect(like.states, name).toBeLessThanOrEqual(full.states);
      expect(both.states, name).toBeLessThanOrEqual(like.states);
      sums.full += full.states;
      sums.like += like.states;
      sums.both += both.states;
      sums.searches++;
    }
    expect(sums.searches).toBeGreaterThan(0);
  });

  it("save states", () => {
    expect(sums.searches).toBeGreaterThan(100);
    expect(sums.like).toBeLessThan(sums.full);
    expect(sums.both).toBeLessThan(sums.full / 2);
  });
});

const swapBits = (value: number, a: number, b: number): number => {
  const differ = ((value >>> a) ^ (value >>> b)) & 1;
  return differ === 0 ? value : (value ^ (1 << a) ^ (1 << b)) >>> 0;
};

/** Words of the state that are masks of CPUs, but for those of obligations. */
function masksOf(machine: Machine, cpus: number, mms: number, tasks: number): number[] {
  const list = (count: number, word: (i: number) => number[]): number[] =>
    Array.from({ length: count }, (_, i) => word(i)).flat();
  const global = machine.base(Base.HASHED) + Globals.ASID_FLUSH;
  const ofCpu = [Cpu.PENDING, Cpu.PENDING_ALL, Cpu.AWAITED, Cpu.SYNCS, Cpu.RUNNERS];
  return [
    global,
    ...list(cpus, (cpu) => ofCpu.map((field) => machine.cpu(cpu) + field)),
    ...list(mms, (mm) => [Mm.CPUMASK, Mm.HOLDERS].map((field) => machine.mm(mm) + field)),
    ...list(tasks, (task) => [machine.task(task) + Task.BATCH_CPUS]),
  ];
}

/** The hashed words of the machine with CPUs `a` and `b` exchanged; obligations as a sorted list. */
function exchanged(machine: Machine, masks: readonly number[], a: number, b: number): number[] {
  const [from, end] = [machine.base(Base.HASHED), machine.base(Base.STATE_END)];
  const state = [...core.words().subarray(from, end)];
  const swap = (i: number, j: number): void => {
    [state[i - from], state[j - from]] = [state[j - from] as number, state[i - from] as number];
  };
  for (const word of masks) state[word - from] = swapBits(state[word - from] as number, a, b);
  for (let i = 0; i < Cpu.WORDS; i++) swap(machine.cpu(a) + i, machine.cpu(b) + i);
  const first = machine.base(Base.OBLIGATION) - from;
  const count = state[Globals.OBLIGATIONS] as number;
  for (let at = first; at < first + count * Obligation.WORDS; at += Obligation.WORDS) {
    for (const field of [Obligation.HOLDERS, Obligation.ISSUED])
      state[at + field] = swapBits(state[at + field] as number, a, b);
  }
  return state;
}

/** What the state is: obligations are a set, and their steps of birth mean nothing. */
function meaning(machine: Machine, state: readonly number[]): string {
  const first = machine.base(Base.OBLIGATION) - machine.base(Base.HASHED);
  const owed = Array.from({ length: state[Globals.OBLIGATIONS] as number }, (_, i) =>
    state.slice(first + i * Obligation.WORDS, first + i * Obligation.WORDS + Obligation.BIRTH).join(),
  );
  return `${state.slice(0, first).join()} / ${owed.sort().join(" ")}`;
}

/** Random runs; at each state every agent steps twice: as it is, and with the CPUs exchanged. Gives the comparisons. */
function compareSteps(what: Omit<StageOptions, "core">, runs: number): number {
  const machine = stage({ ...what, core });
  const { cpus, mms } = what.scenario;
  const tasks = what.which.tasks.length;
  const masks = masksOf(machine, cpus.length, mms.length, tasks);
  const [a, b] = [cpus.length - 2, cpus.length - 1];
  const [from, end] = [machine.base(Base.STATE), machine.base(Base.STATE_END)];
  const hashed = machine.base(Base.HASHED);
  const other = (agent: number): number => (agent === tasks + a ? tasks + b : agent === tasks + b ? tasks + a : agent);
  let seed = 1;
  let compared = 0;
  const tallies = (): number[] =>
    [Tally.VIOLATIONS, Tally.SOMETIMES, Tally.HIDDEN].map((field) => machine.tally(field));
  for (let run = 0; run < runs; run++) {
    core.call.reset();
    for (let step = 0; step < 300; step++) {
      const able = agentsOf(machine, tasks + cpus.length);
      if (able.length === 0) break;
      const before = core.words().slice(from, end);
      for (const agent of able) {
        core.call.stepAgent(agent);
        const plain = meaning(machine, exchanged(machine, masks, a, b));
        const seen = tallies();
        core.words().set(before, from);
        core.words().set(exchanged(machine, masks, a, b), hashed);
        expect(agentsOf(machine, tasks + cpus.length)).toContain(other(agent));
        core.call.stepAgent(other(agent));
        const mirrored = meaning(machine, [...core.words().subarray(hashed, end)]);
        if (mirrored !== plain) expect(mirrored, `${what.scenario.name} agent ${agent} step ${step}`).toBe(plain);
        expect(tallies()).toEqual(seen);
        core.words().set(before, from);
        compared++;
      }
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      core.call.stepAgent(able[(seed >>> 8) % able.length] as number);
    }
  }
  return compared;
}

const agentsOf = (machine: Machine, agents: number): number[] =>
  Array.from({ length: agents }, (_, agent) => agent).filter((agent) => machine.core.call.isEnabled(agent) !== 0);

describe("a state whose like CPUs are exchanged", () => {
  it.each(each)("goes on as it did: $name", ({ scenario, index }) => {
    let compared = 0;
    for (const what of situations(scenario, index)) compared += compareSteps(what, 2);
    expect(compared).toBeGreaterThan(30);
  });
});
