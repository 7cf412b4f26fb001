/**
 * Text of `perf script`: the same events as they come from `perf record -e tlb:tlb_flush -e exceptions:page_fault_user
 * -e 'syscalls:sys_*'`, or from raw_syscalls.
 *
 * A call becomes an event when it returns: what it was called with stands at its entry, which is kept until then.
 */
import type { LogEvent } from "./events.js";
import { faultOf } from "./ops.js";
import { lostIn, readPerfLine } from "./perf-line.js";

const CLONE_VM = 0x100;
/** The end of user memory with four levels. */
const TASK_SIZE = 2 ** 47;

/** x86-64 numbers of the calls that matter, and the names of their arguments. */
const RAW: Readonly<Record<number, readonly [string, ...string[]]>> = {
  9: ["mmap", "addr", "len", "prot", "flags", "fd", "off"],
  10: ["mprotect", "start", "len", "prot"],
  11: ["munmap", "addr", "len"],
  12: ["brk", "brk"],
  25: ["mremap", "addr", "old_len", "new_len", "flags", "new_addr"],
  28: ["madvise", "start", "len_in", "behavior"],
  56: ["clone", "clone_flags"],
  57: ["fork"],
  58: ["vfork"],
  59: ["execve"],
  60: ["exit"],
  231: ["exit_group"],
  322: ["execveat"],
  435: ["clone3"],
};

interface Common {
  readonly line: number;
  readonly pid: number;
  readonly cpu: number;
}

export class PerfReader {
  /** Events that the recorder says it lost. */
  lost = 0;
  /** Calls that returned without having begun, or with a text that does not say what. */
  unpaired = 0;
  /** Calls that have begun, by task and name. */
  readonly #open = new Map<string, string>();
  /** Old versions print `%pf` as a number and the letter f. */
  #suffixed = false;

  /** One line; undefined for one that says nothing here. */
  parse(text: string, line: number): LogEvent | undefined {
    const found = readPerfLine(text);
    if (found === undefined) {
      this.lost += lostIn(text);
      return undefined;
    }
    const common: Common = { line, pid: found.task, cpu: found.cpu };
    if (found.event === "tlb_flush") return this.#flush(common, found.text);
    if (found.event.startsWith("page_fault")) return this.#fault(common, found.text);
    return this.#call(common, found.event, found.text);
  }

  #flush(common: Common, text: string): LogEvent | undefined {
    const pages = /pages[:=]\s*(-?\d+)/.exec(text)?.[1];
    const reason = /reason[:=].*?\((\d+)\)/.exec(text)?.[1] ?? /reason[:=]\s*(\d+)/.exec(text)?.[1];
    if (pages === undefined || reason === undefined) return this.#unclear();
    return { ...common, kind: "flush", pages: Number(pages), reason: Number(reason) };
  }

  #fault(common: Common, text: string): LogEvent | undefined {
    const address = this.#pointer(text, "address");
    const code = field(text, "error_code");
    if (address === undefined || code === undefined) return this.#unclear();
    return faultOf(common, address - (address % 4096), 1, code);
  }

  /** A user address that cannot be one with its last letter f shows that this version appends one. */
  #pointer(text: string, key: string): number | undefined {
    const ip = field(text, "ip") ?? 0;
    const value = field(text, key);
    if (value === undefined) return undefined;
    const tooFar = [ip, value].some((number) => number >= TASK_SIZE && number < 16 * TASK_SIZE && number % 16 === 15);
    this.#suffixed ||= tooFar;
    return this.#suffixed ? Math.floor(value / 16) : value;
  }

  #unclear(): undefined {
    this.unpaired++;
    return undefined;
  }

  #call(common: Common, event: string, text: string): LogEvent | undefined {
    const raw = /^sys_(enter|exit)$/.exec(event);
    const call = raw === null ? named(event, text) : numbered(raw[1] as string, text);
    if (call === undefined) return undefined;
    const { way, name, rest } = call;
    const key = `${common.pid} ${name}`;
    if (way === "enter") {
      this.#open.set(key, rest);
      return /^exit(_group)?$/.test(name) ? { ...common, kind: "gone" } : undefined;
    }
    const entry = this.#open.get(key);
    this.#open.delete(key);
    const result = resultOf(rest);
    if (result === undefined) return this.#unclear();
    // A child comes back from a call that its parent made.
    const alone = /^(clone3?|v?fork|execve|execveat)$/.test(name);
    if (entry === undefined && !alone && FOLLOWED.test(name)) {
      this.unpaired++;
      return { ...common, kind: "other" };
    }
    return eventOf(common, name, entry ?? "", result);
  }
}

interface Call {
  readonly way: string;
  readonly name: string;
  readonly rest: string;
}

function named(event: string, rest: string): Call | undefined {
  const [, way, name] = /^sys_(enter|exit)_(\w+)$/.exec(event) ?? [];
  return way === undefined || name === undefined ? undefined : { way, name, rest };
}

/** raw_syscalls: "NR 11 (7f00, 2000, ...)" and "NR 11 = 0". */
function numbered(way: string, text: string): Call | undefined {
  const [, number, rest] = /^NR (\d+)\s*(.*)$/.exec(text) ?? [];
  const known = RAW[Number(number)];
  if (known === undefined || rest === undefined) return undefined;
  const [name, ...keys] = known;
  if (way === "exit") return { way, name, rest: rest.replace(/^=\s*/, "") };
  const values = rest.replace(/[()]/g, "").split(/,\s*/);
  return { way, name, rest: keys.map((key, i) => `${key}: 0x${values[i] ?? "0"}`).join(", ") };
}

function resultOf(text: string): number | undefined {
  const found = /(0x[0-9a-f]+|-?\d+)[\s)]*$/i.exec(text);
  return found === null ? undefined : Number(found[1]);
}

const FOLLOWED = /^(mmap|munmap|mprotect|madvise|mremap|brk|clone|clone3|fork|vfork|execve|execveat)$/;

function eventOf(common: Common, name: string, entry: string, result: number): LogEvent | undefined {
  if (!FOLLOWED.test(name)) return undefined;
  if (!(result >= 0 && result < 2 ** 64 - 4096)) return { ...common, kind: "other" };
  const of = (key: string): number => field(entry, key) ?? 0;
  switch (name) {
    case "mmap": {
      const range = { address: result, length: of("len") };
      return { ...common, kind: "mmap", ...range, prot: of("prot"), flags: of("flags"), offset: of("off") };
    }
    case "munmap":
      return { ...common, kind: "munmap", address: of("addr"), length: of("len") };
    case "mprotect":
      return { ...common, kind: "mprotect", address: of("start"), length: of("len"), prot: of("prot") };
    case "madvise":
      return { ...common, kind: "madvise", address: of("start"), length: of("len_in"), advice: of("behavior") };
    case "mremap": {
      const lengths = { length: of("old_len"), newLength: of("new_len") };
      return { ...common, kind: "mremap", address: of("addr"), ...lengths, to: result };
    }
    case "brk":
      return { ...common, kind: "brk", end: result };
    case "execve":
    case "execveat":
      return { ...common, kind: "exec" };
    default: {
      // A child returns 0 from the same call.
      if (result === 0) return undefined;
      const shares = /^(vfork|clone3)$/.test(name) || (name === "clone" && (of("clone_flags") & CLONE_VM) !== 0);
      return { ...common, kind: "clone", child: result, shares };
    }
  }
}

/** "addr: 0x00000000, len: 0x2000", "(addr: 0x1000)" or "address=0x7f00 error_code=0x6"; undefined when not there. */
function field(text: string, key: string): number | undefined {
  const found = new RegExp(`(?:^|[\\s,(])${key}[:=]\\s*(0x[0-9a-f]+|\\d+)`, "i").exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
