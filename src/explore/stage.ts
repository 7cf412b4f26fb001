/**
 * Puts a scenario on a machine: boots it, runs the set-up, loads the tasks that race, and keeps that as the start.
 */
import { Base, Run } from "../../assembly/abi/layout.js";
import { Tally } from "../../assembly/abi/records.js";
import type { Core, CoreModule } from "../core/core.js";
import { InputError } from "../error.js";
import type { Backend } from "../kernel/arch/backends.js";
import { type Edition, hasChange } from "../kernel/editions.js";
import { Machine, type MachineConfig } from "../machine.js";
import type { Case, Scenario } from "../scenarios/scenario.js";

export interface StageOptions {
  readonly scenario: Scenario;
  readonly which: Case;
  readonly edition: Edition;
  readonly backend: Backend;
  readonly concrete?: boolean;
  /** TLBs with a slot for each translation, and no oracle: for searches that enumerate or saturate hardware. */
  readonly unlimited?: boolean;
  readonly module?: CoreModule;
  /** A core to use again; the machine that was staged on it is gone. */
  readonly core?: Core;
}

const EVERY_LEVEL = { leaves: [0, 1, 2], pointers: [1, 2] } as const;

/** Index of an mm by its name. */
function mmOf(scenario: Scenario, name: string): number {
  const index = scenario.mms.indexOf(name);
  if (index < 0) throw new RangeError(`${scenario.name}: there is no mm ${name}`);
  return index;
}

/** setup_pcid(): from 6.4 on PCIDs are left alone on hardware that cannot invalidate with them [S: 7.0rc6]. */
export const avoidsPcid = (edition: Edition): boolean => hasChange(edition, "6.4", "ce0b15d11ad8");

function usesPcid(scenario: Scenario, edition: Edition): boolean {
  return scenario.errata?.includes("invlpg-global") !== true || !avoidsPcid(edition);
}

/** A CPU runs one task of a race: a second one would need a scheduler, which is not modelled. */
function mustFit(scenario: Scenario, which: Case): void {
  const busy = new Set<number>();
  for (const { name, cpu } of which.tasks) {
    if (cpu < 0 || cpu >= scenario.cpus.length)
      throw new RangeError(`${scenario.name}: there is no CPU${cpu} for ${name}`);
    if (busy.has(cpu)) throw new RangeError(`${scenario.name}: two tasks run on CPU${cpu}; give each its own`);
    busy.add(cpu);
  }
}

function roomOf(scenario: Scenario): Partial<MachineConfig> {
  if (scenario.room === undefined) return {};
  const { filePages, vmas, tableFrames, baseFrames, hugeFrames, obligations } = scenario.room;
  return { filePages, vmas, tableFrames, baseFrames, hugeFrames, obligations };
}

/** Every file with its page level: hugetlbfs first. A machine has one at least. */
function filesOf(scenario: Scenario): readonly { readonly pages: number; readonly level: number }[] {
  const huge = scenario.files.map((pages) => ({ pages, level: 1 }));
  const ordinary = (scenario.pageFiles ?? []).map(({ pages, large }) => ({ pages, level: large ? 1 : 0 }));
  return [...huge, ...ordinary];
}

/** A machine at the start of the scenario's race. `reset` brings it back there. */
export function stage(options: StageOptions): Machine {
  const { scenario, which } = options;
  mustFit(scenario, which);
  const files = filesOf(scenario);
  const machine = Machine.boot({
    geometry: scenario.geometry,
    edition: options.edition,
    backend: options.backend,
    cpus: scenario.cpus.length,
    mms: scenario.mms.length,
    tasks: which.tasks.length,
    files: files.length,
    filePages: Math.max(1, ...files.map((file) => file.pages)),
    hugeFrames: Math.max(0, ...files.map((file) => (file.level === 1 ? file.pages : 0))) + 2,
    ...(files.some((file) => file.level === 0) ? { baseFrames: 6 } : {}),
    tableFrames: scenario.mms.length * 4,
    pcid: usesPcid(scenario, options.edition),
    errata: scenario.errata ?? [],
    ...roomOf(scenario),
    ...(scenario.batch === undefined ? {} : { batch: scenario.batch }),
    concrete: options.concrete ?? false,
    ...(options.unlimited === true ? { concrete: true, oracle: false, unlimited: EVERY_LEVEL } : {}),
    ...scenario.machine,
    ...(options.module === undefined ? {} : { module: options.module }),
    ...(options.core === undefined ? {} : { core: options.core }),
  });
  files.forEach(({ pages, level }, file) => {
    machine.setFile(file, pages, level);
  });
  scenario.cpus.forEach((mm, cpu) => {
    if (mm !== null) machine.core.call.loadMm(cpu, mmOf(scenario, mm));
  });
  for (const { cpu, mm, calls } of scenario.setup) {
    const signal = machine.perform(cpu, mmOf(scenario, mm), calls);
    if (signal !== 0 && scenario.room === undefined)
      throw new InputError(`the set-up of mm ${mm} ended with signal ${signal}`, {
        source: scenario.name,
        remedy: "map what it touches first, with the rights that it needs",
      });
  }
  if (machine.tally(Tally.VIOLATIONS) !== 0) {
    throw new InputError("the set-up alone breaks a promise", {
      source: scenario.name,
      remedy: "move the call that does it from the set-up into a task",
    });
  }
  which.tasks.forEach((task, index) => {
    machine.assign(index, task.cpu, mmOf(scenario, task.mm), task.calls);
  });
  startFresh(machine);
  return machine;
}

/** The counters of the set-up are not the race's. */
function startFresh(machine: Machine): void {
  for (let field = 0; field < Tally.WORDS; field++) machine.put(machine.base(Base.STATE) + field, 0);
  machine.setRun(Run.STEPS_MAX, 100_000);
  machine.core.call.saveInitial();
}
