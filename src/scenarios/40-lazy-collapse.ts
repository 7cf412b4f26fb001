import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const lazyCollapse: Scenario = {
  name: "lazy-collapse",
  aliases: ["lazy-thp"],
  title: "a collapse frees a table that a lazy CPU may still walk",
  bug: "B23",
  cve: ["CVE-2025-22045"],
  commits: ["016c4d92cd16", "3ef938c35035"],
  kernels: "5.0 to 6.14; stable 6.1.134, 6.12.23",
  vulnerable: "7.1~3ef938c35035",
  fixed: "7.1",
  editions: ["7.1~3ef938c35035", "7.1"],
  known: "what the commit changed [T, with its diff]; the collapse is reduced to its last part, where the table goes.",
  story:
    "CPU1 runs a kernel thread with A's tables loaded. khugepaged has found that the pages below a PTE table " +
    "belong to one huge page: it takes the empty table out, flushes with flush_tlb_range, and frees it. On x86 " +
    "that flush said that no table was freed, so CPU1 was left alone, and its paging-structure cache still points " +
    "to the table.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  setup: [
    { cpu: 0, mm: "A", calls: [...anon(1, 2), { call: "dontneed", args: { start: at(1), end: at(1, 1) } }] },
    { cpu: 1, mm: "A", calls: [{ call: "idle", args: {} }] },
  ],
  cases: [
    {
      name: "collapse",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "collapse", args: { start: at(1) } }] }],
    },
  ],
  always: ["STALE_WALK"],
  sometimes: ["REMOTE_HOLDER", "TABLE_FREED"],
};
