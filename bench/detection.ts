/**
 * Schedules until the race in 5.15 is found: with the oracle, and on a purely concrete machine for contrast.
 *
 * The concrete machine knows nothing of obligations: it must draw the TLB fill before the unshare, no eviction, and a
 * load of CPU1 after the page was freed and before munmap's last flush. A scenario of this file only: mm A gets a third
 * task, which loads on CPU1.
 */
import { Fault } from "../assembly/abi/events.js";
import { Run } from "../assembly/abi/layout.js";
import { stage } from "../src/explore/stage.js";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import type { Machine } from "../src/machine.js";
import { seed } from "../src/scenarios/01-seed.js";
import type { Case } from "../src/scenarios/scenario.js";
import { at } from "../src/scenarios/words.js";
import { type Figure, figure, median } from "./measure.js";
import { step } from "./stepping.js";

const HARM = (1 << Fault.STALE_TRANSLATION) | (1 << Fault.STALE_WALK);
const LOADS = 12;
/** Far apart, because the schedules of a campaign have the seeds that follow its own. */
const SEED_STRIDE = 10_000_000;
const SLICE = 500;

function machineFor(which: Case, concrete: boolean): Machine {
  const [edition, backend] = [findEdition("5.15"), findBackend("x86")];
  if (edition === undefined || backend === undefined) throw new Error("the edition 5.15 is gone");
  return stage({ scenario: seed, which, edition, backend, concrete });
}

/** Number of the first schedule that meets the stop mask, or undefined within the bound. */
function firstFound(machine: Machine, depth: number, start: number, bound: number): number | undefined {
  for (let done = 0; done < bound; done += SLICE) {
    step(machine, { depth, seed: start + done, runs: Math.min(SLICE, bound - done) });
    const found = machine.run(Run.FOUND_AT);
    if (found !== 0) return done + found;
  }
  return undefined;
}

/** Where each of the seeds finds harm with the oracle on. A seed that finds nothing counts as the bound. */
export function withOracle(which: Case, depth: number, seeds: number): number[] {
  const machine = machineFor(which, false);
  machine.setRun(Run.STOP_MASK, HARM);
  const bound = 100_000;
  return Array.from({ length: seeds }, (_, i) => firstFound(machine, depth, (i + 1) * SEED_STRIDE, bound) ?? bound);
}

/** The same race with a reader on CPU1, judged only by what its loads really reach. */
function withReader(): Case {
  const truncate = seed.cases[0] as Case;
  const calls = Array.from({ length: LOADS }, (_, i) => ({ call: "load", args: { start: at(1, i % 2) } }));
  return { name: "reader", tasks: [...truncate.tasks, { name: "A2", cpu: 1, mm: "A", calls }] };
}

function concrete(hardware: boolean, seeds: number, bound: number): Figure {
  const machine = machineFor(withReader(), true);
  machine.setRun(Run.STOP_MASK, 1 << Fault.STALE_ACCESS);
  machine.setRun(Run.HARDWARE_AGENTS, hardware ? 1 : 0);
  const found = Array.from({ length: seeds }, (_, i) => firstFound(machine, 0, (i + 1) * SEED_STRIDE, bound));
  const name = hardware
    ? "concrete machine, uniform, fills and evictions"
    : "concrete machine, uniform, no hardware steps";
  const missed = found.filter((first) => first === undefined).length;
  const note =
    missed === 0 ? `${seeds} seeds` : `${missed} of ${seeds} seeds found nothing in ${bound} schedules: a bound`;
  return figure(
    name,
    "schedules",
    found.map((first) => first ?? bound),
    { note },
  );
}

export function detectionFigures(seeds: number, concreteSeeds: number, bound: number): Figure[] {
  const figures = seed.cases.flatMap((which) =>
    [3, 0].map((depth) => {
      const found = withOracle(which, depth, seeds);
      const name = `oracle, ${depth === 0 ? "uniform" : `PCT ${depth}`}, 5.15 ${which.name}`;
      const note = `${seeds} seeds, at most ${Math.max(...found)}`;
      return figure(name, "schedules", found, { note, ...(depth === 0 ? {} : { goal: { atMost: 20 } }) });
    }),
  );
  return [...figures, concrete(false, concreteSeeds, bound), concrete(true, concreteSeeds, bound)];
}

/** What the smoke run compares. */
export function detectionResults(): Map<string, string> {
  return new Map(
    seed.cases.map((which) => [`oracle PCT 3 5.15 ${which.name}`, `median ${median(withOracle(which, 3, 25))}`]),
  );
}
