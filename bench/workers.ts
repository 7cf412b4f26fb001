/**
 * One search on two workers against the same on one, and how many PCT schedules hit the yardstick's late flush.
 *
 * Wall time says what a user gets, when the machine has two CPUs to give. The time that the busiest worker was on a CPU
 * says what two free ones would make of it.
 */

import { Fault, Status } from "../assembly/abi/events.js";
import { Run } from "../assembly/abi/layout.js";
import { withValues } from "../src/explore/choose.js";
import { ExhaustiveSearch } from "../src/explore/search.js";
import { searchInWorkers } from "../src/explore/split.js";
import { stage } from "../src/explore/stage.js";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import { yardstick } from "../src/scenarios/models/yardstick.js";
import { type Figure, figure } from "./measure.js";
import { step } from "./stepping.js";
import { type Size, stagedYardstick } from "./yardstick.js";

const ASKED = { hardware: "enumerated", memoryMib: 1024, statesMax: 1e9 } as const;
const SLICE = 2000;
const SCHEDULES = 10_000;
const STALE = (1 << Fault.STALE_TRANSLATION) | (1 << Fault.STALE_WALK);

interface Run1 {
  readonly wall: number;
  readonly cpu: number;
  readonly states: number;
}

function alone(size: Size): Run1 {
  const { core, machine } = stagedYardstick(size);
  const [from, used] = [performance.now(), process.cpuUsage().user];
  const search = new ExhaustiveSearch(core, machine, ASKED);
  while (search.slice(SLICE) === Status.RUNNING);
  const wall = (performance.now() - from) / 1000;
  return { wall, cpu: (process.cpuUsage().user - used) / 1e6, states: search.figures().states };
}

async function together(size: Size, workers: number): Promise<Run1> {
  const { core, machine } = stagedYardstick(size);
  const from = performance.now();
  const asked = { ...ASKED, workers, stop: new AbortController().signal, report: () => {} };
  const search = await searchInWorkers(core, machine, asked);
  const wall = (performance.now() - from) / 1000;
  return { wall, cpu: search.busiestSeconds() ?? Number.NaN, states: search.figures().states };
}

/** Two workers against one, by wall time and by the CPU time of the busiest. */
export async function workerFigures(size: Size, rounds: number): Promise<Figure[]> {
  const [walls, cpus]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const [one, two] = [alone(size), await together(size, 2)];
    if (one.states !== two.states) throw new Error(`one worker has ${one.states} states, two have ${two.states}`);
    walls.push(one.wall / two.wall);
    cpus.push(one.cpu / two.cpu);
  }
  const name = `yardstick ${size.join("-")}, two workers against one`;
  const known = cpus.filter((ratio) => !Number.isNaN(ratio));
  return [
    figure(`${name}, wall time`, "x", walls, { goal: { atLeast: 1.8 } }),
    ...(known.length === 0 ? [] : [figure(`${name}, CPU time of the busiest`, "x", known, { goal: { atLeast: 1.8 } })]),
  ];
}

/** Of PCT schedules of the late variant at 4-2-3, how many meet something stale; the oracle stands for hardware. */
export function pctFigure(depth: number): Figure {
  const scenario = withValues(yardstick, { cpus: 4, mms: 2, pages: 3, variant: "late" });
  const { oracle: _, unlimited: __, ...rest } = scenario.machine ?? {};
  const [edition, backend, which] = [findEdition("5.19"), findBackend("x86"), scenario.cases[0]];
  if (edition === undefined || backend === undefined || which === undefined) throw new Error("the model is not whole");
  const machine = stage({ scenario: { ...scenario, machine: { ...rest, reuse: "never" } }, which, edition, backend });
  machine.setRun(Run.STOP_MASK, STALE);
  let hits = 0;
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    step(machine, { depth, seed, runs: 1 });
    if (machine.run(Run.FOUND_AT) !== 0) hits++;
  }
  const goal = { atLeast: 25 };
  const note = `${SCHEDULES} schedules`;
  return figure(`yardstick 4-2-3 late, PCT ${depth}, schedules that hit it`, "%", [(100 * hits) / SCHEDULES], {
    goal,
    note,
  });
}
