/**
 * Exhaustive search: states a second, how long the seed's race takes to be found, and every check of the scenario.
 */
import { Fault, Status } from "../assembly/abi/events.js";
import { Run } from "../assembly/abi/layout.js";
import { openSearchCore, type SearchCore } from "../src/core/core.js";
import { check } from "../src/explore/check.js";
import { ExhaustiveSearch } from "../src/explore/search.js";
import { stage } from "../src/explore/stage.js";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import type { Machine } from "../src/machine.js";
import { findScenario } from "../src/scenarios/index.js";
import type { Case, Scenario } from "../src/scenarios/scenario.js";
import { cpuTime, type Figure, figure, interleave, timed } from "./measure.js";

const HARM = (1 << Fault.STALE_TRANSLATION) | (1 << Fault.STALE_WALK);
const CHECK_ROUNDS = 3;
const ROOM = { memoryMib: 64, statesMax: 1 << 20, hardware: "oracle" } as const;
const SLICE = 10_000;

interface Staged {
  readonly core: SearchCore;
  readonly machine: Machine;
}

/** A machine for one case of a scenario, on a core that can search it. */
export function staged(name: string, caseName: string, edition: string): Staged {
  const scenario = findScenario(name);
  const which = scenario?.cases.find((other) => other.name === caseName);
  const [found, backend] = [findEdition(edition), findBackend("x86")];
  if (!scenario || !which || !found || !backend) throw new Error(`there is no ${name} ${caseName} ${edition}`);
  const core = openSearchCore();
  const what = { scenario: scenario as Scenario, which: which as Case, edition: found, backend };
  return { core, machine: stage({ ...what, core }) };
}

/** Searches until nothing is left or a violation of the mask is found. Gives the states. */
export function search({ core, machine }: Staged, stopMask: number): number {
  const exhaustive = new ExhaustiveSearch(core, machine, { ...ROOM, stopMask });
  while (exhaustive.slice(SLICE) === Status.RUNNING);
  return machine.run(Run.STATES);
}

/** States and transitions of the searches that are timed: what the smoke run compares. */
export function searchResults(): Map<string, string> {
  const results = new Map<string, string>();
  for (const [name, which, edition] of [
    ["seed", "truncate", "5.15"],
    ["seed", "exit", "5.16"],
    ["narrow-range", "mremap", "5.16"],
  ] as const) {
    const ready = staged(name, which, edition);
    const { machine } = ready;
    const states = search(ready, 0);
    const [transitions, kinds] = [machine.run(Run.TRANSITIONS), machine.run(Run.KINDS)];
    results.set(`search ${name} ${which} ${edition}`, `states ${states} transitions ${transitions} kinds ${kinds}`);
  }
  return results;
}

export async function searchFigures(rounds: number, repeats: number): Promise<Figure[]> {
  const machine = staged("narrow-range", "mremap", "5.16");
  const works = new Map([
    [
      "states",
      () =>
        timed(() => {
          let states = 0;
          for (let i = 0; i < repeats; i++) states += search(machine, 0);
          return states;
        }),
    ],
    [
      "found",
      () =>
        timed(() => {
          search(staged("seed", "truncate", "5.15"), HARM);
          return 1;
        }),
    ],
  ]);
  const costs = await interleave(works, rounds);
  const states = (costs.get("states") as number[]).map((cost) => 1 / cost);
  const found = costs.get("found") as number[];
  return [
    figure("exhaustive search, narrow-range mremap 5.16", "k states/s", states),
    figure("the race in 5.15 found by search, boot included", "ms", found, { goal: { atMost: 100 } }),
    await allChecks(),
  ];
}

/** Every release on every back-end, with shortest paths and witnesses. */
async function allChecks(): Promise<Figure> {
  const seconds: number[] = [];
  let note = "";
  for (let round = 0; round < CHECK_ROUNDS; round++) {
    const from = cpuTime();
    const { results } = await check({ scenarios: ["seed"], editions: "all", backends: "all" });
    seconds.push((cpuTime() - from) / 1000);
    const complete = results.every((row) => row.complete);
    note = `${results.length} checks${complete ? ", all complete" : ", NOT all complete"}`;
  }
  return figure("all checks of the scenario seed", "s", seconds, { goal: { atMost: 10 }, note });
}
