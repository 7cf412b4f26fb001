import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const uffdWpCopy: Scenario = {
  name: "uffd-wp-copy",
  aliases: [],
  title: "a page is copied while a flush of its protection is still to come",
  bug: "B18(a)",
  commits: ["6ce64428d620"],
  kernels: "5.7 to 5.12",
  vulnerable: "7.1~6ce64428d620",
  fixed: "7.1",
  editions: ["7.1~6ce64428d620", "7.1"],
  known:
    "the check that the fix put into do_wp_page [S: 7.0rc6]; the story of the commit [M]. The monitor is cut " +
    "short.",
  story:
    "A monitor write-protects a page of A under mmap_lock for read, and has not flushed yet. Another thread " +
    "faults on the page, which is read-only now, and copies it. CPU2 has a writable translation of the old page " +
    "and stores to it after the copy: when the entry is replaced, that store is lost.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A", "A"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: anon(1, 1) }],
  cases: [
    {
      name: "copy",
      tasks: [
        { name: "U1", cpu: 0, mm: "A", calls: [{ call: "uffd-wp", args: { start: at(1), end: at(1) + 1 } }] },
        { name: "A1", cpu: 1, mm: "A", calls: [{ call: "write-fault", args: { start: at(1) } }] },
      ],
    },
  ],
  always: ["WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED"],
};
