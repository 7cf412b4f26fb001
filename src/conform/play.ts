/**
 * Plays the script of a recording on the sequential model: what would a kernel of this edition have done?
 *
 * Protocol
 *   The main thread of a process sleeps between its operations, its CPU lazy. A reader reads one byte in a loop: after
 *   each operation, and where a kernel lets it in. A thread that has faulted spins.
 *
 * Not in a script, so not predicted: what the recorded program itself has in memory. It is taken to be five mappings
 * of its file, a heap and a stack in seven tables, which is what VmPTE of a fresh process says.
 */
import { InputError } from "../error.js";
import type { Edition } from "../kernel/editions.js";
import { readOn } from "../sequential/fault.js";
import { goLazy, switchTo } from "../sequential/tlb.js";
import { type Event, type File, type Mm, World } from "../sequential/world.js";
import { Line, Unsupported } from "./line.js";
import { type Answer, perform } from "./operations.js";
import type { Process, Reader } from "./process.js";
import { type Machine, RECORDED_ON, type Seen } from "./recording.js";

/** Facts of the recording machine that no script tells: read off from the recording itself. */
export interface Calibration {
  /** PageTables of everything else that ran, in kB. */
  readonly otherTablesKb: number;
  /** Slots of the gather's batches that the program's own pages take when it exits; of a forked child. */
  readonly programPages: number;
  readonly childPages: number;
}

export const UNCALIBRATED: Calibration = { otherTablesKb: 0, programPages: 0, childPages: 0 };

export interface Played extends Seen {
  /** The line asks for something that the model has no rule for. */
  readonly unsupported?: string;
}

export class Script {
  readonly world: World;
  readonly processes = new Map<string, Process>();
  readonly files = new Map<string, File>();
  readonly readers: Reader[] = [];
  readonly #source: string;

  constructor(
    edition: Edition,
    readonly calibration: Calibration,
    source: string,
    machine: Machine = RECORDED_ON,
  ) {
    this.#source = source;
    this.world = new World({
      edition,
      ...machine,
      // A fault that must wait for the file's lock sleeps, and comes too late.
      onGap: (world) => {
        if (world.features.vmaLock) this.#read(true);
      },
    });
  }

  /** Plays one line, then lets every reader read. */
  play(text: string): Played {
    const line = new Line(text, this.#source);
    this.world.events.length = 0;
    const before = [...this.processes.values()].map(({ mm }) => [mm, mm.generation] as const);
    let answer: Answer;
    try {
      answer = perform(this, line);
    } catch (error) {
      // What it flushed all the same, the recording has shown: the next operation counts from there.
      for (const [mm, generation] of before) if (mm.generation !== generation) mm.shown = mm.generation;
      // A line that cannot be read, or that breaks the model, is counted as one that has no rule.
      const why = error instanceof Error ? error.message : String(error);
      const known = error instanceof Unsupported || error instanceof InputError;
      return { events: [], switches: [], unsupported: known ? why : `the model fails: ${why}` };
    }
    const events = this.#shown(this.world.events);
    const switches = answer.switches ?? [];
    this.#read(false);
    const result = answer.process === undefined ? undefined : this.#result(answer.process, answer);
    const extra = answer.status === undefined ? answer.extra : statusOf(answer.status);
    return {
      events,
      switches,
      ...(result === undefined ? {} : { result }),
      ...(extra === undefined ? {} : { extra }),
      ...(answer.info === undefined ? {} : { info: answer.info }),
    };
  }

  #result(process: Process, { error, ret }: Answer): number[] {
    const { mm } = process;
    const failed = error !== undefined && error !== 0;
    const sizes = mm.alive ? [4 * mm.tables, 2048 * mm.hugePages] : [-1, -1];
    return [ret ?? (failed ? -1 : 0), failed ? error : 0, ...sizes];
  }

  /** Generations as a recording has them: relative to the last one that an earlier operation showed. */
  #shown(events: readonly Event[]): Event[] {
    const mms = new Map([...this.processes.values()].map(({ mm }) => [mm.name, mm]));
    const last = new Map<Mm, number>();
    let flushed: Mm | undefined;
    const shown = events.flatMap((event) => {
      const [kind] = event;
      if (kind === "of") {
        flushed = mms.get(String(event[1]));
        return [];
      }
      if (kind === "flush") flushed = mms.get(String(event[1]));
      if (flushed === undefined || !/^(local|remote|lazy|wrong_cpu|func)$/.test(String(kind))) return [event];
      const generation = event.at(-1) as number;
      last.set(flushed, generation);
      return [[...event.slice(0, -1), `+${generation - flushed.shown}`]];
    });
    for (const [mm, generation] of last) mm.shown = generation;
    return shown;
  }

  /** Every reader reads once; what it then does belongs to no operation, unless it came in the middle of one. */
  #read(midway: boolean): void {
    const { world } = this;
    const { cpu, current } = world;
    const before = world.events.length;
    for (const reader of this.readers) {
      if (!reader.reading || !reader.process.mm.alive) continue;
      world.current = reader.process.mm;
      const { value, signal } = readOn(world, world.cpuAt(reader.cpu), reader.process.mm, reader.address);
      reader.fault = signal;
      reader.reading = signal === 0;
      if (signal === 0) reader.value = value;
    }
    world.cpu = cpu;
    world.current = current;
    if (!midway) world.events.length = before;
  }

  /** A thread begins to run on a CPU. Gives the switch that flushed, if one did. */
  run(cpu: number, process: Process): Event[] {
    return switchTo(this.world, cpu, process.mm) ? [["switch", cpu, -1]] : [];
  }

  /** The main thread wakes, runs, and sleeps again. */
  acting<T>(process: Process, body: () => T): T {
    const { world } = this;
    switchTo(world, process.cpu, process.mm);
    world.cpu = process.cpu;
    world.current = process.mm;
    const result = body();
    goLazy(world, process.cpu);
    world.current = undefined;
    return result;
  }
}

const statusOf = ({ fault, reading, value }: Reader): string =>
  `fault=${fault} reading=${reading ? 1 : 0} val=${value}`;
