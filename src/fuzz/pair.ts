/**
 * A bug in a pair of editions: random programs in the one that lacks the fix, until one of them shows what it does not
 * show with the fix.
 *
 * The two editions differ by the fix alone, so a program that breaks a promise in one of them and on none of many
 * schedules in the other has found that bug, and no other.
 */
import { FuzzWord } from "../../assembly/abi/fuzz.js";
import { type Arena, modes } from "./arena.js";
import { Campaign } from "./campaign.js";
import type { FuzzFinding } from "./fuzz.js";
import { arenaFor } from "./one.js";

/** Schedules of a program in the edition with the fix. */
const SCHEDULES = 4000;

export interface PairOptions {
  readonly vulnerable: string;
  readonly fixed: string;
  readonly backend: string;
  /** Kinds of violation that the bug shows as. */
  readonly kinds: readonly string[];
  /** Fixes of other bugs that the same programs show: the two editions have them when a finding is judged. */
  readonly neighbours?: readonly string[];
  /** Seconds at most. */
  readonly time: number;
  /** What seconds are counted by: milliseconds since anything. Wall time by default. */
  readonly clock?: () => number;
  readonly seed?: number;
}

export interface PairResult {
  readonly runs: number;
  /** Seconds of fuzzing and of trying findings with the fix. */
  readonly seconds: number;
  readonly found?: FuzzFinding;
  /** Findings of the right kind that the edition with the fix shows too. */
  readonly others: number;
}

/** Function of a line as findings name it. */
const functionOf = (where: string): string => where.split(":")[0] ?? "";

/** Whether the program of `input` shows a violation of that kind in that function, on any of many schedules. */
export function showsOn(arena: Arena, input: Uint8Array, { kind, where }: FuzzFinding): boolean {
  const mode = arena.get(FuzzWord.MODE);
  arena.write(input);
  arena.set(FuzzWord.MODE, modes.same);
  arena.set(FuzzWord.SIGNATURES, 0);
  arena.choose("portfolio");
  arena.seed(1);
  let seen = false;
  if (arena.machine.core.call.fuzzPrepare() !== 0) {
    for (let left = SCHEDULES; left > 0 && !seen; ) {
      const batch = arena.run(left);
      left -= batch.runs;
      if (batch.found > 0) {
        seen = arena.violations().some((other) => other.kind === kind && functionOf(other.where) === functionOf(where));
      }
    }
  }
  arena.set(FuzzWord.MODE, mode);
  return seen;
}

/** Whether the fix makes the difference, in editions that have the fixes of its neighbours. */
function isOfTheFix(
  input: Uint8Array,
  finding: FuzzFinding,
  { vulnerable, fixed, backend, neighbours }: PairOptions,
): boolean {
  const more = (neighbours ?? []).map((commit) => `+${commit}`).join("");
  if (more !== "" && !showsOn(arenaFor(vulnerable + more, backend), input, finding)) return false;
  return !showsOn(arenaFor(fixed + more, backend), input, finding);
}

/** Default settings, one worker: until the bug is found or the time is over. */
export function fuzzPair(options: PairOptions): PairResult {
  const { vulnerable, backend, kinds, time, seed = 1, clock = () => performance.now() } = options;
  const campaign = new Campaign({ edition: vulnerable, backend, seed });
  const started = clock();
  const passed = (): number => (clock() - started) / 1000;
  let looked = 0;
  let others = 0;
  while (passed() < time) {
    campaign.slice(1000);
    const findings = campaign.findings();
    for (; looked < findings.length; looked++) {
      const finding = findings[looked] as FuzzFinding;
      if (!kinds.includes(finding.kind)) continue;
      const input = Uint8Array.from(Buffer.from(finding.input, "hex"));
      if (isOfTheFix(input, finding, options)) {
        return { runs: campaign.runs, seconds: passed(), found: finding, others };
      }
      others++;
    }
  }
  return { runs: campaign.runs, seconds: passed(), others };
}
