/**
 * The stepping benchmark in C: builds it, hands it the core's own memory, and talks to it line by line.
 *
 * Protocol
 *   The memory of a staged machine goes to a file: boot words, listings, scripts and initial state are the core's.
 *   The C program reads "time|check DEPTH SEED RUNS" from its input and answers with one line of numbers; it measures
 *   its own CPU time. The enums of assembly/abi become a header, text for text: no number is written twice.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Base } from "../assembly/abi/layout.js";
import type { Machine } from "../src/machine.js";
import type { Campaign } from "./stepping.js";

/** What both sides must agree on. */
export interface Counters {
  readonly steps: number;
  readonly kinds: number;
  readonly sometimes: number;
  readonly hidden: number;
  /** Sum of the hashes of the final states, only after `check`. */
  readonly hashes: string;
}

export interface NativeReply extends Counters {
  /** CPU time in milliseconds. */
  readonly duration: number;
  /** Ops interpreted, visible and local; 0 from the program that is timed. */
  readonly ops: number;
}

const FLAGS = ["-O3", "-march=native", "-std=gnu11", "-Wall", "-Wextra"];

/** The enums and number constants of one portable file as C. A const enum counts up like a C enum. */
function header(source: string): string {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
  const lines: string[] = [];
  for (const [, enumName, body, name, value] of text.matchAll(
    /export const (?:enum (\w+) \{([^}]*)\}|(\w+): u32 = ([^;]+);)/g,
  )) {
    if (enumName === undefined) lines.push(`enum { ${name} = ${value} };`);
    else lines.push(`enum { ${(body as string).replace(/(^|,)\s*([A-Z]\w*)/g, `$1\n  ${enumName}_$2`).trim()} };`);
  }
  return lines.join("\n");
}

/** The program that is timed, and the same one that counts ops. */
export interface Programs {
  readonly timed: string;
  readonly counting: string;
}

/** Compiles bench/native/seed.c into `folder`. Gives the paths, or why there are none. */
export function buildNative(root: string, folder: string): Programs | { readonly missing: string } {
  const abi = join(root, "assembly/abi");
  // The words of the checker; the trace readers have a file of their own there.
  const files = ["layout.ts", "records.ts", "tasks.ts", "events.ts", "operands.ts", "ops.ts"];
  mkdirSync(folder, { recursive: true });
  const headers = files.map((file) => header(readFileSync(join(abi, file), "utf8")));
  writeFileSync(join(folder, "layout.h"), `/* Generated from assembly/abi. */\n${headers.join("\n")}\n`);
  const compiler = process.env.CC ?? "cc";
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
  } catch {
    return { missing: `no C compiler: \`${compiler}\` does not run (install one, or name it in CC)` };
  }
  const compile = (name: string, ...more: string[]): string => {
    const program = join(folder, name);
    const args = [...FLAGS, ...more, "-I", folder, "-o", program, join(root, "bench/native/seed.c")];
    execFileSync(compiler, args, { stdio: ["ignore", "inherit", "inherit"] });
    return program;
  };
  return { timed: compile("seed"), counting: compile("seed-counting", "-DCOUNT_OPS") };
}

/** One C process with the memory of one machine. */
export class Native {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, machine: Machine, image: string) {
    mkdirSync(dirname(image), { recursive: true });
    const words = machine.core.words().subarray(0, machine.base(Base.END));
    writeFileSync(image, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    this.#child = spawn(program, [image], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  async ask(verb: "time" | "check", campaign: Campaign): Promise<NativeReply> {
    this.#child.stdin?.write(`${verb} ${campaign.depth} ${campaign.seed} ${campaign.runs}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("bench/native/seed.c stopped without an answer");
    const [microseconds, steps, ops, kinds, sometimes, hidden, hashes] = value.split(" ");
    return {
      duration: Number(microseconds) / 1000,
      steps: Number(steps),
      ops: Number(ops),
      kinds: Number(kinds),
      sometimes: Number(sometimes),
      hidden: Number(hidden),
      hashes: hashes ?? "",
    };
  }

  close(): void {
    this.#child.stdin?.end();
  }
}
