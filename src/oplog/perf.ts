/**
 * Text of `perf script`: the same events as they come from `perf record -e tlb:tlb_flush -e exceptions:page_fault_user
 * -e 'syscalls:sys_*'`.
 *
 * A call becomes an event when it returns: what it was called with stands at its entry, which is kept until then.
 */
import type { LogEvent } from "./events.js";
import { faultOf } from "./ops.js";

/** comm, task, [cpu], time, event, the rest. */
const LINE = /^\s*(.*?)\s+(\d+)(?:\/\d+)?\s+\[(\d+)\]\s+[\d.]+:\s+([\w-]+):([\w-]+):\s*(.*)$/;

export const isPerfLine = (text: string): boolean => LINE.test(text);

const CLONE_VM = 0x100;

export class PerfReader {
  /** Calls that have begun, by task and name. */
  readonly #open = new Map<string, string>();

  /** One line; undefined for one that says nothing here. */
  parse(text: string, line: number): LogEvent | undefined {
    const match = LINE.exec(text);
    if (match === null) return undefined;
    const [, , task, cpuText, system, event, rest] = match;
    const common = { line, pid: Number(task), cpu: Number(cpuText) };
    if (system === "tlb" && event === "tlb_flush") {
      const pages = Number(/pages:\s*(-?\d+)/.exec(rest ?? "")?.[1]);
      return { ...common, kind: "flush", pages, reason: Number(/\((\d+)\)/.exec(rest ?? "")?.[1]) };
    }
    if (system === "exceptions") {
      const address = field(rest ?? "", "address");
      return faultOf(common, address - (address % 4096), 1, field(rest ?? "", "error_code"));
    }
    if (system !== "syscalls") return undefined;
    return this.#call(common, event ?? "", rest ?? "");
  }

  #call(common: { line: number; pid: number; cpu: number }, event: string, rest: string): LogEvent | undefined {
    const [, way, name] = /^sys_(enter|exit)_(\w+)$/.exec(event) ?? [];
    if (way === undefined || name === undefined) return undefined;
    const key = `${common.pid} ${name}`;
    if (way === "enter") {
      this.#open.set(key, rest);
      return /^exit(_group)?$/.test(name) ? { ...common, kind: "gone" } : undefined;
    }
    const entry = this.#open.get(key) ?? "";
    this.#open.delete(key);
    return eventOf(common, name, entry, Number(rest.trim()));
  }
}

function eventOf(
  common: { line: number; pid: number; cpu: number },
  name: string,
  entry: string,
  result: number,
): LogEvent | undefined {
  const failed = !(result >= 0 && result < 2 ** 64 - 4096);
  const of = (key: string): number => field(entry, key);
  if (!/^(mmap|munmap|mprotect|madvise|mremap|brk|clone|clone3|fork|vfork|execve|execveat)$/.test(name))
    return undefined;
  if (failed) return { ...common, kind: "other" };
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
    case "mremap":
      return {
        ...common,
        kind: "mremap",
        address: of("addr"),
        length: of("old_len"),
        newLength: of("new_len"),
        to: result,
      };
    case "brk":
      return { ...common, kind: "brk", end: result };
    case "execve":
    case "execveat":
      return { ...common, kind: "exec" };
    default: {
      // A child returns 0 from the same call.
      if (result === 0) return undefined;
      const shares =
        name === "vfork" || name === "clone3" || (name === "clone" && (of("clone_flags") & CLONE_VM) !== 0);
      return { ...common, kind: "clone", child: result, shares };
    }
  }
}

/** "addr: 0x00000000, len: 0x2000" or "address=0x7f00 error_code=0x6"; 0 when it is not there. */
function field(text: string, key: string): number {
  const found = new RegExp(`(?:^|[\\s,])${key}[:=]\\s*(0x[0-9a-f]+|\\d+)`, "i").exec(text)?.[1];
  return found === undefined ? 0 : Number(found);
}
