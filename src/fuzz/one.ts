/**
 * `fuzzOne`: any byte string is a program with a schedule; it is run once, under the oracle.
 *
 * The target for other fuzzers. docs/fuzzing.md has the bytes: the decoding is total, and canonical bytes keep their
 * meaning.
 */
import { FuzzWord } from "../../assembly/abi/fuzz.js";
import { chooseBackend, chooseEdition } from "../explore/choose.js";
import { newestEdition } from "../kernel/editions.js";
import type { Severity, ViolationKind } from "../names.js";
import { Arena } from "./arena.js";
import { type Program, readProgram } from "./program.js";

export interface FuzzOneOptions {
  /** The newest release by default. */
  readonly edition?: string;
  /** x86 by default. */
  readonly backend?: string;
}

export interface FuzzOneViolation {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  readonly step: number;
  /** Kernel function and line. */
  readonly where: string;
}

export interface FuzzOneResult {
  readonly edition: string;
  readonly backend: string;
  readonly steps: number;
  readonly violations: readonly FuzzOneViolation[];
  /** What the bytes mean. */
  readonly program: Program;
  /** The agents that moved where more than one could; follows the program in the canonical bytes. */
  readonly schedule: readonly number[];
  /** The same run in its shortest spelling. */
  readonly canonical: Uint8Array;
  /** Fingerprint of the final state. */
  readonly hash: string;
  /** Features that no run of this process on this edition and back-end has shown: what a guided fuzzer looks for. */
  readonly newFeatures: number;
}

const arenas = new Map<string, Arena>();

/** An arena for the edition and back-end, kept for the next call. */
export function arenaFor(editionName: string, backendName: string): Arena {
  const key = `${editionName} ${backendName}`;
  const known = arenas.get(key);
  if (known !== undefined) return known;
  const arena = Arena.boot({ edition: chooseEdition(editionName), backend: chooseBackend(backendName) });
  arenas.set(key, arena);
  return arena;
}

/** Runs any bytes. Throws only for an edition or back-end that does not exist. */
export function fuzzOne(bytes: Uint8Array, options: FuzzOneOptions = {}): FuzzOneResult {
  const edition = options.edition ?? newestEdition().name;
  const backend = options.backend ?? "x86";
  const arena = arenaFor(edition, backend);
  const before = arena.get(FuzzWord.FEATURES);
  arena.write(bytes);
  const { core } = arena.machine;
  const ran = core.call.fuzzInput() !== 0;
  core.call.fuzzHash();
  const canonical = arena.read();
  return {
    edition,
    backend,
    steps: ran ? arena.get(FuzzWord.LAST_STEPS) : 0,
    violations: arena.violations(),
    program: readProgram(arena),
    schedule: [...canonical.subarray(arena.get(FuzzWord.SCHEDULE_AT))],
    canonical,
    hash: arena.bigLong(FuzzWord.SUM).toString(16).padStart(16, "0"),
    newFeatures: arena.get(FuzzWord.FEATURES) - before,
  };
}
