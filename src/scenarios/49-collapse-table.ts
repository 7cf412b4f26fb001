import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const collapseTable: Scenario = {
  name: "collapse-table",
  aliases: [],
  title: "khugepaged frees a table under gup_fast",
  bug: "B20(b)",
  commits: ["2ba99c5e0881"],
  kernels: "3.19 to 6.0; stable 5.15.81, 6.0.11",
  vulnerable: "7.1~2ba99c5e0881",
  fixed: "7.1",
  editions: ["7.1~2ba99c5e0881", "7.1"],
  known:
    "the commit's text and diff [T]; the collapse is its last part, where the table is empty and goes. The stable " +
    "versions are from memory [M].",
  story:
    "A2 pins a page without a lock: it has read the PMD entry and is inside the table, with its interrupts off. " +
    "khugepaged takes the empty table out, flushes, and frees it at once. Where a flush needs no interrupt nothing " +
    "has waited for A2, and it reads the next entry from memory that belongs to somebody else by now.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: [...anon(1, 2), { call: "dontneed", args: { start: at(1), end: at(1, 1) } }] }],
  cases: [
    {
      name: "pin",
      tasks: [
        { name: "K1", cpu: 0, mm: "A", calls: [{ call: "collapse", args: { start: at(1) } }] },
        { name: "A2", cpu: 1, mm: "A", calls: [{ call: "pin", args: { start: at(1) } }] },
      ],
    },
  ],
  always: ["WALKER_INSIDE"],
  sometimes: ["TABLE_FREED"],
};
