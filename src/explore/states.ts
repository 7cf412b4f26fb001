/**
 * What stands in memory between two steps of a story, in words: the tables of each mm, what is owed, who runs what.
 *
 * For pages that show a story; the story itself does not need it.
 */
import { Base } from "../../assembly/abi/layout.js";
import { Cpu, Entry, Kind, Mm } from "../../assembly/abi/records.js";
import { OBLIGATION_TABLE, Obligation, ObligationFlag, Task } from "../../assembly/abi/tasks.js";
import { pagesOf } from "../geometry.js";
import type { Machine } from "../machine.js";
import { formatAddress, formatFrame } from "./describe.js";
import type { StageOptions } from "./stage.js";

/** An entry of a page table that is present. */
export interface EntryShown {
  readonly mm: string;
  /** 0 for an entry of the mm's own top table. */
  readonly depth: number;
  readonly at: string;
  readonly to: string;
  readonly table: boolean;
  readonly writable: boolean;
}

/** What a CPU may still hold although the tables no longer say so. */
export interface OwedShown {
  readonly mm: string;
  readonly what: string;
  readonly cpus: readonly number[];
}

export interface StoryState {
  readonly entries: readonly EntryShown[];
  readonly owed: readonly OwedShown[];
  readonly cpus: readonly { readonly mm: string | null; readonly lazy: boolean; readonly interrupted: boolean }[];
  readonly frames: readonly { readonly name: string; readonly use: "table" | "page" | "free" }[];
  /** Tasks that have come to their end. */
  readonly done: readonly string[];
}

export function stateOf(machine: Machine, { scenario, which }: StageOptions): StoryState {
  const name = (mm: number): string => scenario.mms[mm] ?? `mm ${mm}`;
  return {
    entries: scenario.mms.flatMap((mm, index) => entriesOf(machine, mm, machine.get(machine.mm(index) + Mm.PGD))),
    owed: owedIn(machine, name),
    cpus: scenario.cpus.map((_, cpu) => {
      const record = machine.cpu(cpu);
      const loaded = machine.get(record + Cpu.LOADED_MM);
      const interrupted = machine.get(record + Cpu.PENDING) !== 0;
      return { mm: loaded === 0 ? null : name(loaded - 1), lazy: machine.get(record + Cpu.LAZY) !== 0, interrupted };
    }),
    frames: framesOf(machine),
    done: which.tasks.filter((_, i) => machine.get(machine.task(i) + Task.DONE) !== 0).map((task) => task.name),
  };
}

/** Present entries, each table's below the entry that points to it. */
function entriesOf(machine: Machine, mm: string, root: number): EntryShown[] {
  const { geometry } = machine;
  const shown: EntryShown[] = [];
  const walk = (table: number, level: number, from: number, depth: number): void => {
    const first = machine.base(Base.TABLE) + (table - 1) * machine.base(Base.TABLE_WORDS);
    const span = pagesOf(geometry, level);
    for (let index = 0; index < 2 ** (geometry.bits[level] as number); index++) {
      const entry = machine.get(first + index);
      if ((entry & Entry.PRESENT) === 0) continue;
      const isTable = (entry & Entry.LEAF) === 0;
      const frame = entry >>> Entry.SHIFT;
      const at = formatAddress(geometry, from + index * span);
      const to = formatFrame(machine, frame);
      shown.push({ mm, depth, at, to, table: isTable, writable: (entry & Entry.WRITE) !== 0 });
      if (isTable && level > 0) walk(frame, level - 1, from + index * span, depth + 1);
    }
  };
  if (root !== 0) walk(root, geometry.bits.length - 1, 0, 0);
  return shown;
}

function owedIn(machine: Machine, name: (mm: number) => string): OwedShown[] {
  const owed: OwedShown[] = [];
  for (let i = 0; i < machine.obligations(); i++) {
    const record = machine.obligation(i);
    const holders = machine.get(record + Obligation.HOLDERS);
    if (holders === 0) continue;
    const level = machine.get(record + Obligation.LEVEL);
    const where = formatAddress(machine.geometry, machine.long(record + Obligation.START));
    const frame = formatFrame(machine, machine.get(record + Obligation.FRAME));
    const rights = (machine.get(record + Obligation.FLAGS) & ObligationFlag.RIGHTS) !== 0 ? "rights of " : "";
    const what = (level & OBLIGATION_TABLE) !== 0 ? `${where} → table ${frame}` : `${rights}${where} → ${frame}`;
    const cpus = Array.from({ length: 32 }, (_, cpu) => cpu).filter((cpu) => ((holders >>> cpu) & 1) === 1);
    owed.push({ mm: name(machine.get(record + Obligation.MM)), what, cpus });
  }
  return owed;
}

const USES: Readonly<Record<number, "table" | "page" | "free">> = { [Kind.TABLE]: "table", [Kind.PAGE]: "page" };

function framesOf(machine: Machine): StoryState["frames"] {
  const count = machine.base(Base.FRAMES);
  return Array.from({ length: count }, (_, i) => i + 1).map((frame) => ({
    name: formatFrame(machine, frame),
    use: USES[machine.kind(frame)] ?? "free",
  }));
}
