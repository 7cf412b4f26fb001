/**
 * What a flush costs that nothing misses: interrupts, broadcasts and whole flushes of one run, with it and without.
 */
import { Tally } from "../../assembly/abi/records.js";
import { caseIn } from "../explore/check.js";
import { enabledAgents, restart } from "../explore/path.js";
import { stage } from "../explore/stage.js";
import type { Edition } from "../kernel/editions.js";
import type { Arena } from "./search.js";

export interface Saved {
  /** The run: the tasks of this case, one after another. */
  readonly scenario: string;
  readonly case: string;
  readonly backend: string;
  readonly flushes: number;
  readonly ipis: number;
  readonly tlbis: number;
}

interface Cost {
  readonly flushes: number;
  readonly ipis: number;
  readonly tlbis: number;
}

const STEPS_MAX = 10_000;

/** Flushes, interrupts and broadcasts of the run in which the lowest agent always moves. */
function cost(arena: Arena, edition: Edition): Cost {
  const machine = stage({ ...arena, which: caseIn(arena.which, edition), edition });
  restart(machine);
  for (let step = 0; step < STEPS_MAX; step++) {
    const [agent] = enabledAgents(machine);
    if (agent === undefined) break;
    machine.core.call.stepAgent(agent);
  }
  return { flushes: machine.tally(Tally.FLUSHES), ipis: machine.tally(Tally.IPIS), tlbis: machine.tally(Tally.TLBIS) };
}

/** The most that any of the cases saves: by interrupts, then by broadcasts, then by flushes. */
export function savedBy(arenas: readonly Arena[], before: Edition, after: Edition): Saved | undefined {
  const all = arenas.map((arena): Saved => {
    const [a, b] = [cost(arena, before), cost(arena, after)];
    return {
      scenario: arena.scenario.name,
      case: arena.which.name,
      backend: arena.backend.name,
      flushes: a.flushes - b.flushes,
      ipis: a.ipis - b.ipis,
      tlbis: a.tlbis - b.tlbis,
    };
  });
  return all.toSorted((a, b) => b.ipis - a.ipis || b.tlbis - a.tlbis || b.flushes - a.flushes)[0];
}
