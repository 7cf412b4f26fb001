/**
 * Runs SPIN on an exported model: spin, the C compiler, the checker that they make. All three are the user's own.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../error.js";
import { modelBounds } from "./promela.js";

export interface SpinCount {
  /** "states, stored". */
  readonly states: number;
  /** "transitions (= stored+matched)": one more than the steps, because the first state is stored without one. */
  readonly transitions: number;
  /** Names of the assertions that failed, sorted. */
  readonly kinds: readonly string[];
  /** Seconds of the search alone. */
  readonly seconds: number;
}

export interface SpinOptions {
  /** 0 compiles fast, 3 runs fast. */
  readonly optimise?: 0 | 1 | 2 | 3;
  /** Leave SPIN's partial-order reduction on. */
  readonly reduce?: boolean;
  /** Most steps in a row (pan -m). */
  readonly depth?: number;
  /** Two to this power are the slots of the hash table (pan -w). */
  readonly hashBits?: number;
}

function missing(program: string): InputError {
  return new InputError(`${program} is not installed`, {
    source: "spin",
    remedy: "install SPIN and a C compiler (Debian: apt-get install spin gcc), or take the model elsewhere",
  });
}

function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === "ENOENT") reject(missing(program));
      else reject(new Error(`${program} ${args.join(" ")}: ${`${stdout}${stderr}`.trim().slice(0, 500)}`));
    });
  });
}

/** The programs that are not there; none means that `countWithSpin` can work. */
export async function missingPrograms(): Promise<string[]> {
  const asked = ["spin", "cc"].map(async (program) => {
    const version = program === "spin" ? "-V" : "--version";
    return run(program, [version], tmpdir()).then(
      () => "",
      () => program,
    );
  });
  return (await Promise.all(asked)).filter((program) => program !== "");
}

/** Searches the whole model and goes on after violations. Throws when the search was cut short. */
export async function countWithSpin(model: string, options: SpinOptions = {}): Promise<SpinCount> {
  const folder = await mkdtemp(join(tmpdir(), "shootdown-spin-"));
  try {
    await writeFile(join(folder, "model.pml"), model);
    await run("spin", ["-o2", "-a", "model.pml"], folder);
    const reduce = options.reduce === true ? [] : ["-DNOREDUCE"];
    const flags = [`-O${options.optimise ?? 0}`, "-w", "-DSAFETY", "-DVECTORSZ=4096", ...reduce];
    await run("cc", [...flags, "-o", "pan", "pan.c"], folder);
    const started = performance.now();
    const sizes = [`-m${options.depth ?? 1_000_000}`, `-w${options.hashBits ?? 18}`];
    const output = await run(join(folder, "pan"), [...sizes, "-c0"], folder);
    return read(output, (performance.now() - started) / 1000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function read(output: string, seconds: number): SpinCount {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const failed = [...output.matchAll(/assertion violated +!\(([A-Z_]+)\)/g)].map(([, name]) => name ?? "");
  const kinds = [...new Set(failed)].sort();
  const full = kinds.find((kind) => (modelBounds as readonly string[]).includes(kind));
  if (full !== undefined) throw new Error(`the model has run out of room: ${full}`);
  if (/error: max search depth too small|out of memory/.test(output)) throw new Error("SPIN's search was cut short");
  const other = /^pan:\d+: (?!assertion violated +!\([A-Z_]+\))(.*)/m.exec(output);
  if (other !== null) throw new Error(`SPIN found something else: ${other[1]}`);
  return { states: number(/(\d+) states, stored/), transitions: number(/(\d+) transitions/), kinds, seconds };
}
