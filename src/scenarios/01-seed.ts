import type { Case, Parameter, Scenario, TaskSpec, Values } from "./scenario.js";
import { awaitClear, exit, LEVEL, mapFile, munmap, touch, truncate } from "./words.js";

const NAMES = ["A", "B", "C", "D"] as const;

const parameters: readonly Parameter[] = [
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

interface Size {
  readonly cpus: number;
  readonly mms: number;
  readonly files: number;
}

const count = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

/** The mm of each CPU: the CPUs of one mm lie side by side. CPUs that are too few stay with the first mms. */
function loadedOn({ cpus, mms }: Size): string[] {
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

function make(values: Values): Scenario {
  const size: Size = { cpus: Number(values.cpus), mms: Number(values.mms), files: Number(values.files) };
  const cpus = loadedOn(size);
  const files = count(size.files, (file) => file);
  const cases: Case[] = [
    { name: "truncate", tasks: racers(size, cpus, false) },
    { name: "exit", tasks: racers(size, cpus, true) },
  ];
  return {
    name: "seed",
    aliases: ["CVE-2021-4002"],
    title: "unshare without flush: munmap against the last sharer",
    bug: "B1",
    cve: ["CVE-2021-4002"],
    commits: ["24669e58477e", "a4a118f2eead"],
    kernels: "3.6 to 5.16-rc2; stable 5.15.5",
    vulnerable: "5.19~a4a118f2eead",
    fixed: "5.19",
    alsoFinds: [LEVEL],
    known: "both ends of the change read in source [S: 2466, a4a1]; the races follow from the commit's own text.",
    story:
      "A and B share the PMD table of a hugetlbfs mapping; another thread of A runs on CPU1. A unmaps: its PUD " +
      "entry is cleared and a reference dropped, and nothing records that CPU1 must flush. i_mmap_rwsem is " +
      "released. B, now the only user of the table, truncates the file or exits, flushes its own CPUs, and the " +
      "pages and the table are freed. CPU1 goes on using them.",
    geometry: "tiny",
    mms: NAMES.slice(0, size.mms),
    cpus,
    files: files.map(() => 2),
    ...(size.files === 1 ? {} : { machine: { hugeFrames: 2 * size.files + 2 } }),
    setup: count(size.mms, (mm) => ({
      cpu: cpus.indexOf(NAMES[mm] as string),
      mm: NAMES[mm] as string,
      calls: files.flatMap((file) => [
        mapFile(1 + file, 1, file),
        touch(1 + file, 0),
        ...(mm === 0 ? [touch(1 + file, 1)] : []),
      ]),
    })),
    cases,
    always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
    sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED", "TABLE_FREED"],
    parameters,
    values,
    make,
  };
}

export const seed: Scenario = make(Object.fromEntries(parameters.map((p) => [p.name, p.default])));
