import type { Scenario } from "./scenario.js";
import { anon, munmap } from "./words.js";

export const tableBatch: Scenario = {
  name: "table-batch",
  aliases: [],
  title: "no page for a table batch: the table is freed before the flush",
  bug: "B22",
  commits: ["d86564a2f085", "fd1102f0aade", "a6f572084fbe", "db7ddef30128", "0ed1325967ab"],
  kernels: "up to 4.18 where tables are freed by RCU; powerpc up to 5.5",
  vulnerable: "7.1~d86564a2f085",
  fixed: "7.1",
  editions: ["7.1~d86564a2f085", "7.1"],
  known: "the merge text of 2018 [T]; the path's present form [S: 7.0rc6]; which commit did which part [M].",
  story:
    "A unmaps a range, and its page tables go with it. Tables are gathered in a batch of their own, for which a " +
    "page is asked; there is none, so the table is freed at once, after an interrupt that makes software walkers " +
    "leave. Hardware does not leave: CPU1's paging-structure cache points to the table until the flush at the " +
    "end.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: [...anon(1, 1), { call: "fail-batches", args: { value: 2 } }] }],
  cases: [{ name: "munmap", tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] }] }],
  always: ["STALE_WALK"],
  sometimes: ["REMOTE_HOLDER", "TABLE_FREED", "PAGE_FREED"],
};
