/**
 * What the last run of an arena showed, as a campaign counts it: findings, each with what a shrinker must keep.
 */
import { NO_LINE } from "../../assembly/abi/fuzz.js";
import { kindName, type Severity, severityOf, type ViolationKind } from "../names.js";
import { type Arena, INTERRUPT_LINE } from "./arena.js";
import type { Target } from "./shrink.js";

export interface ShownFinding {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  readonly step: number;
  /** Kernel function and line where it was seen, and where what is owed was taken away. */
  readonly where: string;
  readonly born: string;
  readonly target: Target;
}

/**
 * The findings of the last run, in order. A violation that is another call's matter is none (assembly/fuzz/runner.ts),
 * and the core says so only for a kind and two lines: every line is asked for.
 */
export function findingsShown(arena: Arena): ShownFinding[] {
  const { core, program } = arena.machine;
  const raw = arena.machine.violations();
  if (raw.length === 0) return [];
  const lines = [...new Set(program.map((_, pc) => arena.lineOf(pc))), INTERRUPT_LINE, NO_LINE];
  const found: ShownFinding[] = [];
  const known = new Set<string>();
  for (const { kind, pc, step, birth: bornAt } of raw) {
    // A deadlock is where its first task waits, not where somebody else moved last.
    const places = kindName(kind) === "DEADLOCK" ? lines : [arena.lineOf(pc)];
    const births = bornAt === 0 ? [NO_LINE] : lines;
    for (const target of places.flatMap((at) => births.map((birth) => ({ kind, birth, at })))) {
      const key = `${kind} ${target.birth} ${target.at}`;
      if (known.has(key) || core.call.fuzzShowed(kind, target.birth, target.at) === 0) continue;
      known.add(key);
      const [where, born] = [arena.lineName(target.at), arena.lineName(target.birth)];
      found.push({ kind: kindName(kind), severity: severityOf(kindName(kind)), step, where, born, target });
    }
  }
  return found;
}
