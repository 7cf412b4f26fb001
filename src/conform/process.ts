/**
 * Processes and threads of a script.
 */
import { allocPtes } from "../sequential/fault.js";
import { newPage } from "../sequential/pages.js";
import { indexOf, PAGE } from "../sequential/tables.js";
import type { File, Mm, Vma, World } from "../sequential/world.js";

export interface Process {
  readonly name: string;
  readonly mm: Mm;
  cpu: number;
  /** Made by fork: fewer of the program's pages are mapped. */
  readonly forked: boolean;
  threads: number;
}

export interface Reader {
  readonly process: Process;
  readonly thread: number;
  cpu: number;
  address: number;
  reading: boolean;
  fault: number;
  value: number;
}

const PROGRAM: File = { name: "program", huge: false, size: 2 ** 30, cache: new Map(), reserved: new Set(), vmas: [] };
/** Five mappings of the program's file, its heap, a mapping of the kernel's, the stack. */
const FILE_MAPPINGS = 5;
const LOW = 0x400000;
const HIGH = 0x7ffff7ff7000;
const STACK = 0x7ffffffde000;

/** Maps the program's own memory: without a trace, and without its pages, which only an exit counts. */
export function programOf(world: World, mm: Mm): void {
  const before = world.events.length;
  const add = (start: number, pages: number, file?: File): void => {
    const vma: Vma = {
      mm,
      start,
      end: start + pages * PAGE,
      ...(file === undefined ? {} : { file }),
      offset: 0,
      shared: false,
      huge: false,
      write: true,
      none: false,
      locked: false,
      thp: false,
      anon: file === undefined,
      noreserve: false,
      promised: new Set(),
    };
    mm.vmas.push(vma);
    file?.vmas.push(vma);
  };
  for (let i = 0; i < FILE_MAPPINGS; i++) add(LOW + i * 16 * PAGE, 16, PROGRAM);
  add(LOW + FILE_MAPPINGS * 16 * PAGE, 64);
  add(HIGH, 8);
  add(STACK, 33);
  for (const address of [LOW + FILE_MAPPINGS * 16 * PAGE, HIGH, STACK]) {
    const page = newPage("zero");
    const leaf = { leaf: true, page, write: false, dirty: false, young: true, none: false } as const;
    allocPtes(world, mm, address)?.set(indexOf(address, 1), { ...leaf });
  }
  world.events.length = before;
}
