import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const collapseCopy: Scenario = {
  name: "collapse-copy",
  aliases: [],
  title: "khugepaged copies a page that gup_fast is about to pin",
  bug: "B20(a)",
  commits: ["2667f50e8b81", "70cbc3cc78a9"],
  kernels: "3.19 to 6.0",
  vulnerable: "6.0",
  fixed: "6.0+70cbc3cc78a9",
  editions: ["6.0", "6.0+70cbc3cc78a9"],
  known:
    "the race in the commit's own drawing [T: 70cbc3cc78a9]; that all pages are isolated in one step is a shortening " +
    "[D]. From 6.1 on the interrupt of 2ba99c5e0881 would close it as well, so the pair is of 6.0.",
  story:
    "A2 pins a page without a lock: it has read the PMD entry and is inside the table, with its interrupts off. " +
    "khugepaged takes the table out and flushes, on some machines without an interrupt. It finds that each page has " +
    "no reference but its mapping's. Now A2 takes its reference; the base page's entry is still what it was, so it " +
    "believes in it. khugepaged copies the page, and what A2 reads or writes is no longer A's memory.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: anon(1, 2) }],
  cases: [
    {
      name: "pin",
      tasks: [
        { name: "K1", cpu: 0, mm: "A", calls: [{ call: "collapse-huge", args: { start: at(1) } }] },
        { name: "A2", cpu: 1, mm: "A", calls: [{ call: "pin", args: { start: at(1) } }] },
      ],
    },
  ],
  always: ["WALKER_INSIDE", "WRITE_LOST"],
  sometimes: ["PINNED", "PAGE_FREED"],
};
