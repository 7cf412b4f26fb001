import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openStrace, type StraceEvent, straceEvents } from "../../src/workload/strace.js";
import { openLineBatches } from "../../src/workload/stream.js";
import { drain, fileWith, fixture, parse } from "./helpers.js";

const COUNTS = {
  gcc: {
    lines: 1070,
    events: {
      brk: 133,
      execve: 5,
      exit_group: 5,
      exited: 5,
      failed: 394,
      fork: 4,
      mmap: 176,
      mprotect: 33,
      munmap: 11,
      open: 288,
    },
    ignored: { wait4: 4 },
  },
  postgres: {
    lines: 1444,
    events: {
      brk: 174,
      execve: 1,
      exit_group: 18,
      exited: 18,
      failed: 53,
      fallocate: 6,
      fork: 17,
      ftruncate: 6,
      mmap: 266,
      mprotect: 42,
      mremap: 4,
      munmap: 49,
      open: 509,
      shmat: 1,
      shmctl: 1,
      shmdt: 1,
      shmget: 1,
    },
    ignored: { kill: 166, wait4: 32 },
  },
  python: {
    lines: 1147,
    events: {
      brk: 32,
      execve: 2,
      exit: 4,
      exit_group: 2,
      exited: 6,
      failed: 15,
      fork: 5,
      madvise: 9,
      mmap: 431,
      mprotect: 179,
      munmap: 386,
      open: 61,
    },
    ignored: { wait4: 1 },
  },
  redis: {
    lines: 266,
    events: {
      brk: 2,
      execve: 1,
      exit_group: 2,
      exited: 6,
      failed: 3,
      fork: 5,
      madvise: 34,
      mmap: 92,
      mprotect: 22,
      munmap: 3,
      open: 93,
    },
    ignored: { wait4: 2 },
  },
} as const;

async function textOf(name: string): Promise<string> {
  const batches = await drain(openLineBatches(fixture(name)));
  return batches.map(({ lines }) => `${lines.join("\n")}\n`).join("");
}

function isOrphan(known: Set<number>, event: StraceEvent): boolean {
  const isUnknown = known.size > 0 && !known.has(event.pid);
  known.add(event.pid);
  if (event.kind === "fork") known.add(event.child);
  return isUnknown;
}

describe.each(Object.entries(COUNTS))("the log of %s", (name, { lines, events, ignored }) => {
  test("gives exactly these events and ignores exactly these calls", async () => {
    const log = openStrace(fixture(name));
    const counts: Record<string, number> = {};
    for await (const batch of log.batches) for (const { kind } of batch) counts[kind] = (counts[kind] ?? 0) + 1;
    expect(counts).toEqual(events);
    expect(Object.fromEntries(log.ignored)).toEqual(ignored);
    expect(log.lines).toBe(lines);
  });

  test("has no event of a task that no fork announced (E1)", async () => {
    const known = new Set<number>();
    const orphans = (await drain(straceEvents(fixture(name)))).filter((event) => isOrphan(known, event));
    expect(orphans).toEqual([]);
    const forked: number = events.fork;
    expect(known.size).toBe(forked + 1);
  });

  test("gives the same events in pieces of any size", async () => {
    const text = await textOf(name);
    const whole = await parse(text);
    for (const size of [1, 13, 997, 65_536]) expect(await parse(text, size)).toEqual(whole);
  });

  test("gives the same events packed with gzip, with xz and not packed", async () => {
    const text = await textOf(name);
    const xz = await drain(straceEvents(fixture(name)));
    expect(await drain(straceEvents(fileWith(`${name}.log`, text)))).toEqual(xz);
    expect(await drain(straceEvents(fileWith(`${name}.log.gz`, gzipSync(text))))).toEqual(xz);
  });
});

test("PostgreSQL's shared memory is one mapping of huge pages, which goes when the server ends", async () => {
  const events = await drain(straceEvents(fixture("postgres")));
  const huge = events.filter((event) => event.kind === "mmap" && (event.flags & 0x40000) !== 0);
  expect(huge).toMatchObject([{ pid: 1, length: 2_382_364_672, flags: 0x40021, result: 0x7f31b3e00000 }]);
  const gone = events.filter((event) => event.kind === "munmap" && event.address === 0x7f31b3e00000);
  expect(gone).toMatchObject([{ pid: 1, length: 2_382_364_672 }]);
});

test("a long log is read in many batches, with lines that count on", async () => {
  const text = await textOf("python");
  const path = fileWith("long.log", text.repeat(12));
  const log = openStrace(path);
  let batches = 0;
  let last = 0;
  let count = 0;
  for await (const batch of log.batches) {
    batches++;
    count += batch.length;
    last = batch.at(-1)?.line ?? last;
  }
  const once = Object.values(COUNTS.python.events).reduce((sum, each) => sum + each, 0);
  expect([count, last, log.lines]).toEqual([12 * once, 12 * 1147, 12 * 1147]);
  expect(batches).toBeGreaterThan(3);
});
