/**
 * The memory calls of a log as calls of the simulated kernel.
 *
 * Simplifications, all of them
 *   Base pages are anonymous: a file behind them plays no part. fork links the VMAs and copies nothing; parent and
 *   child never share base pages, nothing is made read-only and no COW fault follows.
 *   mremap is mmap of the new place and munmap of the old one, huge pages too: before 5.16 the kernel refuses them.
 *   VMAs are cut and never merged. A growing heap is one more mapping.
 *   A private huge-page mapping keeps its pages in a file of its own until its last part is unmapped; 1 GiB pages are
 *   512 pages of 2 MiB that are never shared. Files of hugetlbfs with a name, or made by memfd_create, stay.
 *   MADV_DONTNEED of huge pages (EINVAL up to 5.17) and all advice but DONTNEED, REMOVE and POPULATE do nothing.
 */
import { VmaFlag } from "../../assembly/abi/records.js";
import { InputError } from "../error.js";
import type { BrkEvent, MadviseEvent, MmapEvent, MremapEvent } from "../workload/strace/events.js";
import type { FileCalls } from "./file-calls.js";
import type { HugeFile, HugeFiles } from "./files.js";
import { hasGibPages, MADV, MAP, MREMAP_DONTUNMAP, protOf, READ_WRITE } from "./flags.js";
import { HUGE, pageOf, pagesFor, SPACE, shifted, up, within, without } from "./pages.js";
import type { Mapping, Space } from "./space.js";
import type { TaskState, Work } from "./steps.js";
import { pagesToTouch, type TouchPolicy } from "./touch.js";

/** A mapping that is to be made; `touched` overrides the policy. */
interface Plan extends Omit<Mapping, "touched"> {
  readonly touched?: readonly number[];
}

export interface MemoryOptions {
  readonly source: string;
  readonly touch: TouchPolicy;
  readonly files: HugeFiles;
  readonly fileCalls: FileCalls;
  /** Performs work as a task, on its CPU, in its address space. */
  readonly emit: (task: TaskState, line: number, work: readonly Work[]) => void;
  /** Counts a call that does nothing here. */
  readonly ignore: (name: string) => void;
}

export class Memory {
  readonly #options: MemoryOptions;

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  mmap(task: TaskState, event: MmapEvent): void {
    const { files } = this.#options;
    const isShared = (event.flags & MAP.shared) !== 0;
    const opened = (event.flags & MAP.anonymous) !== 0 ? undefined : task.descriptors.get(event.fd);
    const isHuge = opened !== undefined || (event.flags & MAP.hugetlb) !== 0;
    const start = pageOf(event.result);
    const end = start + up(pagesFor(event.length), isHuge ? HUGE : 1);
    const sharing = isShared ? VmaFlag.SHARED | (isHuge && !hasGibPages(event.flags) ? VmaFlag.MAYSHARE : 0) : 0;
    const file = isHuge ? ((isShared ? opened : undefined) ?? files.make(false)) : undefined;
    if (isHuge && start % HUGE !== 0) this.#refuse(event.line, "a huge-page mapping begins inside a huge page");
    this.#map(task, event.line, {
      start,
      end,
      prot: protOf(event.prot),
      flags: (isHuge ? VmaFlag.HUGETLB : 0) | sharing,
      file,
      offset: isShared && opened !== undefined ? pageOf(event.offset) : 0,
      ...((event.flags & MAP.touched) !== 0 ? { touched: [start, end] } : {}),
    });
  }

  /** shmat: a segment of base pages, or of huge pages. */
  attach(task: TaskState, line: number, start: number, pages: number, file: HugeFile | undefined, prot: number): void {
    const end = start + up(pages, file === undefined ? 1 : HUGE);
    const flags = file === undefined ? VmaFlag.SHARED : VmaFlag.SHARED | VmaFlag.MAYSHARE | VmaFlag.HUGETLB;
    this.#map(task, line, { start, end, prot, flags, file, offset: 0 });
    task.space.attached.set(start, end - start);
  }

  detach(task: TaskState, line: number, start: number): void {
    const pages = task.space.attached.get(start);
    if (pages === undefined) {
      this.#options.ignore("shmdt (nothing attached there)");
      return;
    }
    task.space.attached.delete(start);
    this.unmap(task, line, start, start + pages);
  }

  unmap(task: TaskState, line: number, start: number, end: number): void {
    if (!this.#isMapped(task, line, start, end, "munmap")) return;
    const gone = task.space.remove(start, end);
    this.#options.emit(task, line, [{ call: "munmap", args: { start, end } }]);
    this.#options.fileCalls.release(task, line, gone);
  }

  protect(task: TaskState, line: number, start: number, end: number, logged: number): void {
    const prot = protOf(logged);
    if (!this.#isMapped(task, line, start, end, "mprotect")) return;
    task.space.splitAt(start);
    task.space.splitAt(end);
    const work: Work[] = [{ call: "mprotect", args: { start, end, prot } }];
    for (const mapping of task.space.overlapping(start, end)) {
      const wasClosed = mapping.prot === 0;
      mapping.prot = prot;
      if (wasClosed && mapping.touched.length === 0)
        work.push(...this.#touch(task.space, mapping, this.#policy(mapping)));
    }
    this.#options.emit(task, line, work);
  }

  brk(task: TaskState, { argument, result, line }: BrkEvent): void {
    const { space } = task;
    if (space.heap === undefined || argument !== result) {
      space.heap ??= pagesFor(result);
      space.break = Math.max(space.break, result);
      return;
    }
    const from = pagesFor(space.break);
    const to = pagesFor(result);
    space.break = result;
    if (to > from)
      this.#map(task, line, { start: from, end: to, prot: READ_WRITE, flags: 0, file: undefined, offset: 0 });
    else if (to < from) this.unmap(task, line, to, from);
  }

  mremap(task: TaskState, event: MremapEvent): void {
    const { space } = task;
    const { line } = event;
    const old = pageOf(event.old);
    const mapping = space.overlapping(old, old + 1)[0];
    if (mapping === undefined) {
      this.#options.ignore("mremap (nothing mapped there)");
      return;
    }
    const unit = mapping.file === undefined ? 1 : HUGE;
    const oldEnd = old + up(pagesFor(event.oldLength), unit);
    const start = pageOf(event.result);
    const length = up(pagesFor(event.newLength), unit);
    const offset = mapping.offset + old - mapping.start;
    if (start === old) {
      if (start + length < oldEnd) this.unmap(task, line, start + length, oldEnd);
      const plan = { ...mapping, start: oldEnd, end: start + length, offset: offset + oldEnd - old };
      if (plan.end > plan.start) this.#map(task, line, { ...withoutTouched(plan) });
      return;
    }
    const touched = space
      .overlapping(old, oldEnd)
      .flatMap((part) => within(part.touched, old, Math.min(oldEnd, old + length)));
    const distance = start - old;
    const grown = this.#policy({ ...mapping, start: Math.min(oldEnd + distance, start + length), end: start + length });
    const moved = {
      ...mapping,
      start,
      end: start + length,
      offset,
      touched: [...shifted(touched, distance), ...grown],
    };
    this.#map(task, line, moved);
    if (oldEnd === old) return;
    if ((event.flags & MREMAP_DONTUNMAP) !== 0) this.#dontneed(task, line, old, oldEnd);
    else this.unmap(task, line, old, oldEnd);
  }

  madvise(task: TaskState, event: MadviseEvent): void {
    const start = pageOf(event.address);
    const end = start + pagesFor(event.length);
    const means = (kind: readonly number[]): boolean => kind.includes(event.advice);
    if (means(MADV.dontneed)) {
      this.#dontneed(task, event.line, start, end);
      return;
    }
    const mapped = task.space.overlapping(start, end);
    if (means(MADV.populate)) {
      const work = mapped.flatMap((mapping) => {
        const [from, to] = [Math.max(start, mapping.start), Math.min(end, mapping.end)];
        let rest = [from, to];
        for (let i = 0; i < mapping.touched.length; i += 2) {
          rest = without(rest, mapping.touched[i] as number, mapping.touched[i + 1] as number);
        }
        return this.#touch(task.space, mapping, rest);
      });
      this.#options.emit(task, event.line, work);
      return;
    }
    const shared = mapped.filter(({ file, flags }) => file !== undefined && (flags & VmaFlag.SHARED) !== 0);
    if (!means(MADV.remove) || shared.length === 0) {
      this.#options.ignore("madvise (advice without effect here)");
      return;
    }
    for (const mapping of shared) {
      const shift = mapping.offset - mapping.start;
      const [from, to] = [Math.max(start, mapping.start) + shift, Math.min(end, mapping.end) + shift];
      this.#options.fileCalls.punch(task, event.line, mapping.file as HugeFile, from / HUGE, to / HUGE);
    }
  }

  /** The VMAs of a child, linked by its parent in fork. */
  inherit(parent: Space, child: Space): Work[] {
    child.heap = parent.heap;
    child.break = parent.break;
    for (const [start, pages] of parent.attached) child.attached.set(start, pages);
    return parent.mappings.map((mapping) => {
      child.add({ ...mapping });
      return linkVma(mapping);
    });
  }

  /** What a child of fork touches at its first call. */
  bear(task: TaskState, line: number): void {
    task.space.isUnborn = false;
    this.#options.emit(
      task,
      line,
      task.space.mappings.flatMap((mapping) => this.#accesses(mapping, mapping.touched)),
    );
  }

  /** exit_mmap: the last task has left the address space. */
  end(task: TaskState, line: number, space: Space): void {
    const gone = space.remove(0, SPACE);
    if (gone.length > 0)
      this.#options.emit({ ...task, space }, line, [{ call: "exit", args: { start: 0, end: SPACE } }]);
    this.#options.fileCalls.release({ ...task, space }, line, gone);
  }

  #map(task: TaskState, line: number, plan: Plan): void {
    const { space } = task;
    if (space.overlapping(plan.start, plan.end).length > 0) this.unmap(task, line, plan.start, plan.end);
    const mapping: Mapping = { ...plan, touched: [] };
    const { file } = mapping;
    if (file !== undefined) this.#options.fileCalls.grow(file, (plan.offset + plan.end - plan.start) / HUGE);
    space.add(mapping);
    const touched = plan.prot === 0 ? [] : (plan.touched ?? this.#policy(mapping));
    this.#options.emit(task, line, [linkVma(mapping), ...this.#touch(space, mapping, touched)]);
  }

  #policy({ start, end, prot, file }: Pick<Mapping, "start" | "end" | "prot" | "file">): number[] {
    return prot === 0 ? [] : pagesToTouch(this.#options.touch, start, end, file !== undefined);
  }

  #touch(space: Space, mapping: Mapping, runs: readonly number[]): Work[] {
    space.touch(mapping, runs);
    return this.#accesses(mapping, runs);
  }

  #accesses(mapping: Mapping, runs: readonly number[]): Work[] {
    const { file, prot } = mapping;
    const work: Work[] = [];
    // Beyond the end of the file there is nothing but SIGBUS.
    const end = file === undefined ? mapping.end : mapping.start + file.pages * HUGE - mapping.offset;
    const reachable = within(runs, mapping.start, end);
    for (let i = 0; i < reachable.length && prot !== 0; i += 2) {
      const [from, to] = [reachable[i] as number, reachable[i + 1] as number];
      const shift = mapping.offset - mapping.start;
      if (file !== undefined) this.#options.files.touched(file, from + shift, to + shift);
      work.push({ from, to, unit: file === undefined ? 1 : HUGE, isStore: (prot & VmaFlag.WRITE) !== 0 });
    }
    return work;
  }

  #dontneed(task: TaskState, line: number, start: number, end: number): void {
    const mapped = task.space.overlapping(start, end).filter(({ file }) => file === undefined);
    if (mapped.length === 0) {
      this.#options.ignore("madvise (advice without effect here)");
      return;
    }
    for (const mapping of mapped) task.space.untouch(mapping, without(mapping.touched, start, end));
    this.#options.emit(task, line, [{ call: "dontneed", args: { start, end } }]);
  }

  /** Whether the log has mapped anything there; what the kernel itself mapped at execve is not in it. */
  #isMapped(task: TaskState, line: number, start: number, end: number, call: string): boolean {
    const found = task.space.overlapping(start, end);
    if (found.length === 0) this.#options.ignore(`${call} (nothing mapped there)`);
    const isCut = (at: number, { file, ...mapping }: Mapping): boolean =>
      file !== undefined && at > mapping.start && at < mapping.end && at % HUGE !== 0;
    if (found.some((mapping) => isCut(start, mapping) || isCut(end, mapping))) {
      this.#refuse(line, `${call} cuts a huge page in two`);
    }
    return found.length > 0;
  }

  #refuse(line: number, what: string): never {
    throw new InputError(`impossible: ${what}`, {
      source: this.#options.source,
      line,
      remedy: "record it again, and do not edit or filter the log",
    });
  }
}

function withoutTouched({ touched: _, ...plan }: Mapping): Plan {
  return plan;
}

function linkVma({ start, end, flags, prot, file, offset }: Mapping): Work {
  return { call: "mmap", args: { start, end, file: file === undefined ? 0 : file.index + 1, offset, flags, prot } };
}
