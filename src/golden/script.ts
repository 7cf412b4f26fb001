/**
 * The lines of a recorded script: `P0 munmap 0x100000000000 1g` and their kin, as values.
 *
 * Units: addresses, lengths and sizes in bytes.
 */
import { excerpt, InputError } from "../error.js";

export type Command =
  | { readonly verb: "stat" | "sleep" }
  | { readonly verb: "file"; readonly file: string; readonly size: number }
  | { readonly verb: "proc"; readonly process: string; readonly cpu: number }
  | {
      readonly verb: "mmap";
      readonly process: string;
      readonly range: Range;
      /** Absent for anonymous memory. */
      readonly file?: string;
      readonly offset: number;
      readonly shared: boolean;
      readonly prot: string;
    }
  | {
      readonly verb: "touch";
      readonly process: string;
      readonly range: Range;
      readonly step: number;
      readonly read: boolean;
    }
  | { readonly verb: "munmap" | "dontneed"; readonly process: string; readonly range: Range }
  | { readonly verb: "mprotect"; readonly process: string; readonly range: Range; readonly prot: string }
  | { readonly verb: "truncate"; readonly process: string; readonly file: string; readonly size: number }
  | { readonly verb: "punch"; readonly process: string; readonly file: string; readonly range: Range }
  | { readonly verb: "exit"; readonly process: string }
  | {
      readonly verb: "read";
      readonly process: string;
      readonly thread: number;
      readonly cpu: number;
      readonly address: number;
    }
  | {
      readonly verb: "spin" | "park";
      readonly process: string;
      readonly thread: number;
      /** Given when the thread begins here. */
      readonly cpu?: number;
    }
  | { readonly verb: "quit"; readonly process: string; readonly thread: number }
  | { readonly verb: "status"; readonly process: string; readonly thread: number };

/** [start, end). */
export type Range = readonly [number, number];

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  p: 4096,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** The command of one line. `line` counts from 1. Throws an InputError for a line that the machine cannot play. */
export function parseCommand(text: string, source: string, line: number): Command {
  return new Words(text, source, line).command();
}

/** The words of a line: positional ones, `key=value` and flags. */
class Words {
  readonly #plain: string[] = [];
  readonly #named = new Map<string, string>();

  constructor(
    readonly text: string,
    readonly source: string,
    readonly line: number,
  ) {
    for (const word of text.trim().split(/\s+/)) {
      const equals = word.indexOf("=");
      if (equals < 0) this.#plain.push(word);
      else this.#named.set(word.slice(0, equals), word.slice(equals + 1));
    }
  }

  reject(what: string): never {
    const { source, line } = this;
    const remedy = "leave the scenario out: the machine plays no other operations than those of the reader scenarios";
    throw new InputError(`${what} in ${excerpt(this.text)}`, { source, line, remedy });
  }

  #take(what: string): string {
    return this.#plain.shift() ?? this.reject(`there is no ${what}`);
  }

  #required(key: string): string {
    return this.#option(key) ?? this.reject(`there is no ${key}=`);
  }

  #option(key: string): string | undefined {
    const value = this.#named.get(key);
    this.#named.delete(key);
    return value;
  }

  #flag(name: string): boolean {
    const at = this.#plain.indexOf(name);
    if (at >= 0) this.#plain.splice(at, 1);
    return at >= 0;
  }

  #number(text: string): number {
    const match = /^(0x[0-9a-f]+|\d+)([pkmgt]?)$/i.exec(text);
    const value =
      match === null ? Number.NaN : Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] ?? Number.NaN);
    return Number.isSafeInteger(value) ? value : this.reject(`${excerpt(text)} is not a number`);
  }

  #range(): Range {
    const start = this.#number(this.#take("address"));
    return [start, start + this.#number(this.#take("length"))];
  }

  command(): Command {
    const command = this.#command();
    const rest = [...this.#plain, ...[...this.#named.keys()].map((key) => `${key}=`)];
    if (rest.length > 0) this.reject(`${excerpt(rest.join(" "))} has no meaning`);
    return command;
  }

  #command(): Command {
    const first = this.#take("operation");
    if (first === "file") {
      return { verb: "file", file: this.#take("file"), size: this.#number(this.#required("size")) };
    }
    if (first === "stat") return { verb: "stat" };
    if (first === "sleep") {
      this.#number(this.#take("time"));
      return { verb: "sleep" };
    }
    if (!/^P\d+$/.test(first)) return this.reject(`${excerpt(first)} is neither "file" nor a process`);
    return this.#ofProcess(first, this.#take("operation"));
  }

  #ofProcess(process: string, verb: string): Command {
    switch (verb) {
      case "proc":
        return { verb, process, cpu: this.#number(this.#required("cpu")) };
      case "mmap":
        return this.#mmap(process);
      case "touch": {
        const step = this.#number(this.#option("step") ?? "4k");
        return { verb, process, range: this.#range(), step, read: this.#flag("read") };
      }
      case "munmap":
        return { verb, process, range: this.#range() };
      case "madvise":
        if ((this.#option("advice") ?? "dontneed") !== "dontneed") return this.reject("an advice that is not dontneed");
        return { verb: "dontneed", process, range: this.#range() };
      case "mprotect":
        return { verb, process, range: this.#range(), prot: this.#required("prot") };
      case "truncate":
        return { verb, process, file: this.#required("file"), size: this.#number(this.#required("size")) };
      case "punch": {
        const start = this.#number(this.#required("off"));
        return {
          verb,
          process,
          file: this.#required("file"),
          range: [start, start + this.#number(this.#required("len"))],
        };
      }
      case "exit":
        return { verb, process };
      case "read": {
        const thread = this.#number(this.#required("t"));
        const cpu = this.#number(this.#required("cpu"));
        return { verb, process, thread, cpu, address: this.#number(this.#required("a")) };
      }
      case "spin":
      case "park": {
        const cpu = this.#option("cpu");
        const thread = this.#number(this.#required("t"));
        return cpu === undefined ? { verb, process, thread } : { verb, process, thread, cpu: this.#number(cpu) };
      }
      case "quit":
      case "status":
        return { verb, process, thread: this.#number(this.#required("t")) };
      default:
        return this.reject(`an operation that is not modelled (${excerpt(verb)})`);
    }
  }

  #mmap(process: string): Command {
    const range = this.#range();
    const file = this.#option("file");
    const offset = this.#number(this.#option("off") ?? "0");
    const prot = this.#option("prot") ?? "rw";
    const shared = this.#flag("shared");
    // Reservations of huge pages decide who runs out of them, and nobody does here.
    this.#flag("noreserve");
    const ends = { process, range, offset, shared, prot };
    return file === undefined ? { verb: "mmap", ...ends } : { verb: "mmap", ...ends, file };
  }
}
