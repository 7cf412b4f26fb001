/**
 * The example of docs/authoring.md: a driver drops one page of a process, and forgets that another CPU may still
 * reach it. Two editions: without the flush, and with it.
 */
import { arch, at, type Call, listing, type OwnEdition, type OwnScenario, only, ops, reg, steps } from "shootdown";

const drop: Call = {
  name: "drop",
  arguments: { start: reg.START, end: reg.END },
  listing: listing("drivers/my.c", "my_drop_page", [
    ops.lock_read(ops.MMAP_LOCK),
    ops.walk(reg.START, ops.BASE),
    ops.if_zero(reg.ENTRY, "out"),
    ops.lock_write(ops.PTL),
    ops.read_entry(reg.TMP),
    ops.if_zero(reg.TMP, "unlock"),
    ops.move(reg.ADDRESS, reg.START),
    ops.clear_entry(ops.BASE, "ptep_get_and_clear()"),
    ops.page_remove_rmap(),
    only(
      "flush",
      ops.move(reg.FLUSH_MM, reg.MM),
      ops.set(reg.STRIDE, ops.BASE),
      ops.move(reg.RANGE_START, reg.START),
      ops.move(reg.RANGE_END, reg.END),
      arch("flush_tlb_range"),
    ),
    ops.put_page(),
    ...at("unlock", ops.unlock(ops.PTL)),
    ...at("out", ops.unlock(ops.MMAP_LOCK)),
    ops.ret(true),
  ]),
};

export const editions: OwnEdition[] = [
  { name: "as-it-is", base: "5.19" },
  { name: "with-flush", base: "5.19", patch: "flush" },
];

const page = steps.base(1);

const scenario: OwnScenario = {
  name: "my-bug",
  title: "a driver frees a page that another CPU may still reach",
  mms: ["A"],
  cpus: ["A", "A"],
  setup: [{ cpu: 0, mm: "A", calls: steps.anon(1, 1) }],
  cases: [
    {
      name: "drop",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: drop, args: { start: page, end: page + 1 } }] }],
    },
  ],
  always: ["STALE_TRANSLATION"],
  sometimes: ["PAGE_FREED"],
};

export default scenario;
