import type { Scenario } from "./scenario.js";
import { base, FILE_SHARED, loadPage, mapPages, ordinaryPages, pagesOf, unmapPages, VM_PFNMAP } from "./words.js";

export const pfnmap: Scenario = {
  name: "pfnmap",
  aliases: [],
  title: "a driver frees memory that munmap has not flushed yet",
  bug: "B14",
  cve: ["CVE-2022-39188"],
  commits: ["b67fbebd4cf9"],
  kernels: "to 5.18",
  vulnerable: "7.1~b67fbebd4cf9",
  fixed: "7.1",
  editions: ["7.1~b67fbebd4cf9", "7.1"],
  known:
    "tlb_free_vmas read in source [S: 7.0rc6]; the race in the commit's text [T: b67fbebd4cf9]. The driver is " +
    "ours: what it may do is what unmap_mapping_range promises [D].",
  story:
    "A munmaps a driver's memory (VM_PFNMAP): the entries are cleared, the VMA leaves the file's tree, the flush " +
    "is still to come. The driver takes its memory back: unmap_mapping_range finds no VMA, so nobody maps it, and" +
    " no reference says otherwise. The memory is freed and CPU1 still reaches it.",
  ...ordinaryPages,
  pageFiles: [{ pages: 1 }],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 1, 0, 0, FILE_SHARED | VM_PFNMAP), loadPage(base(1))] }],
  cases: [
    {
      name: "revoke",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [unmapPages(base(1), 1)] },
        { name: "D", cpu: 2, mm: "B", calls: [pagesOf("revoke", 0, 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED", "REMOTE_FLUSH"],
};
