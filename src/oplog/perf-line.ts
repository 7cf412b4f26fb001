/**
 * One line of `perf script`, `trace-cmd report` or ftrace, taken apart: who, where, which event, its text.
 *
 * Which columns there are depends on the version and on `-F`: names of tasks may hold blanks and brackets, the CPU,
 * the time, a period and the irq flags may be there or not, and a task is `tid`, `pid/tid` or `name-tid`. So the name
 * of the event is looked for first, and what stands before it is read from its end.
 */

export interface PerfLine {
  readonly task: number;
  readonly cpu: number;
  /** Such as "tlb_flush" or "sys_enter_mmap"; for raw_syscalls "sys_enter". */
  readonly event: string;
  readonly text: string;
}

/** The events that are read: the name, its modifier if any, and the text. */
const EVENT = new RegExp(
  "(?:^|[\\s:])(?:(?:tlb|exceptions|syscalls|raw_syscalls):)?" +
    "(tlb_flush|page_fault_(?:user|kernel)|sys_(?:enter|exit)(?:_\\w+)?)(?::[a-zA-Z]+)?:\\s*(.*)$",
);
/** ftrace writes calls in a way of its own: `sys_munmap(addr: 7f00, len: 2000)` and `sys_munmap -> 0x0`. */
const ENTRY = /(?:^|\s)sys_(\w+)\(((?:\w+: [^,)]+(?:, )?)*)\)\s*$/;
const RETURN = /(?:^|\s)sys_(\w+) -> (0x[0-9a-f]+|-?\d+)\s*$/;
/** Time and period, at the end of what stands before the event. */
const TIME = /(?:\s|^)\d+(?:\.\d+)?:(?:\s+\d+)?\s*$/;
/** Name, task (after a blank or, in ftrace, a hyphen), process in brackets, CPU, irq flags. */
const HEAD = new RegExp(
  "^\\s*(?:.*?(?:\\s|-|:))??(\\d+)(?:/(\\d+))?\\s*(?:\\(\\s*(?:\\d+|-+)\\)\\s*)?" +
    "(?:\\[(\\d+)\\]\\s*)?(?:(?=\\S*[.a-zA-Z])[\\w.#]{4,9}\\s*)?$",
);

/** Any tracepoint at all, to tell such a text by its first lines. */
const TRACEPOINT = /^\s*.*?\s\d+(?:\/\d+)?\s+(?:\[\d+\]\s+)?[\d.]+:\s+(?:\d+\s+)?[\w-]+:[\w-]+(?::\w+)?:(?:\s|$)/;

export const isPerfLine = (text: string): boolean => readPerfLine(text) !== undefined || TRACEPOINT.test(text);

/** Undefined for a line that is none of these: a comment, a line of a call chain, another event. */
export function readPerfLine(text: string): PerfLine | undefined {
  const found = eventIn(text);
  if (found === undefined) return undefined;
  const { event, rest, before } = found;
  const head = HEAD.exec(before.replace(TIME, ""));
  if (head === null) return undefined;
  const [, first, second, cpu] = head;
  return { task: Number(second ?? first), cpu: Number(cpu ?? 0), event, text: rest };
}

function eventIn(text: string): { event: string; rest: string; before: string } | undefined {
  const match = EVENT.exec(text);
  if (match !== null)
    return { event: match[1] as string, rest: match[2] as string, before: text.slice(0, match.index) };
  const entry = ENTRY.exec(text);
  if (entry !== null) {
    // Numbers are hexadecimal there, and do not say so.
    const rest = (entry[2] as string).replace(/: (?!0x)([0-9a-f]+)/g, ": 0x$1");
    return { event: `sys_enter_${entry[1]}`, rest, before: text.slice(0, entry.index) };
  }
  const back = RETURN.exec(text);
  if (back === null) return undefined;
  return { event: `sys_exit_${back[1]}`, rest: back[2] as string, before: text.slice(0, back.index) };
}

/** How many events a line says were lost; 0 for any other line. */
export function lostIn(text: string): number {
  const counted = /PERF_RECORD_LOST(?:_SAMPLES)? lost (\d+)/.exec(text) ?? /\bLOST (\d+) EVENTS\b/i.exec(text);
  return counted === null ? 0 : Number(counted[1]);
}
