/**
 * The races that come in sizes: more CPUs, mms and files than the smallest that shows the bug.
 */
import type { Case, Parameter, TaskSpec } from "./scenario.js";
import { awaitClear, exit, munmap, truncate } from "./words.js";

export const NAMES = ["A", "B", "C", "D"] as const;

export interface Size {
  readonly cpus: number;
  readonly mms: number;
  readonly files: number;
}

export const sizes: readonly Parameter[] = [
  {
    name: "cpus",
    title: "CPUs; those beyond one for each mm run other threads, of A first",
    default: 3,
    least: 2,
    most: 8,
  },
  {
    name: "mms",
    title: "mms that share the tables; all but the last unmap, the last ends",
    default: 2,
    least: 2,
    most: 4,
  },
  { name: "files", title: "files, each mapped by every mm at a GiB of its own", default: 1, least: 1, most: 3 },
];

export const count = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

/** The mm of each CPU: the CPUs of one mm lie side by side. CPUs that are too few stay with the first mms. */
export function loadedOn({ cpus, mms }: Size): string[] {
  const threads = count(mms, (mm) => 1 + Math.floor((cpus - mms - mm + mms - 1) / mms));
  return threads.flatMap((n, mm) => count(Math.max(1, n), () => NAMES[mm] as string));
}

/** All mms but the last unmap every file; the last waits for A's part and truncates, exiting first when asked to. */
function racers(size: Size, cpus: readonly string[], exits: boolean): TaskSpec[] {
  const files = count(size.files, (file) => file);
  const ends = exits
    ? [awaitClear(0, 1), exit(), ...files.map((file) => truncate(0, 2, file))]
    : files.flatMap((file) => [awaitClear(0, 1 + file), truncate(0, 2, file)]);
  return count(size.mms, (mm) => {
    const name = NAMES[mm] as string;
    const calls = mm === size.mms - 1 ? ends : files.map((file) => munmap(1 + file, 1));
    return { name: `${name}1`, cpu: cpus.indexOf(name), mm: name, calls };
  });
}

/** The two ends of the race: the last sharer truncates, or exits. */
export const endsOf = (size: Size, cpus: readonly string[]): Case[] => [
  { name: "truncate", tasks: racers(size, cpus, false) },
  { name: "exit", tasks: racers(size, cpus, true) },
];
