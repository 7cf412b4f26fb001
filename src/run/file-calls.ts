/**
 * Files of huge pages as the log moves them: truncate, holes, and the end of a file that nobody maps any more.
 */
import type { FallocateEvent, FtruncateEvent } from "../workload/strace/events.js";
import type { HugeFile, HugeFiles } from "./files.js";
import { FALLOC } from "./flags.js";
import { HUGE, PAGE_BYTES } from "./pages.js";
import type { Mapping } from "./space.js";
import type { Sink, TaskState, Work } from "./steps.js";

const HUGE_BYTES = HUGE * PAGE_BYTES;

type Emit = (task: TaskState, line: number, work: readonly Work[]) => void;

export class FileCalls {
  readonly #files: HugeFiles;
  readonly #sink: Sink;
  readonly #emit: Emit;
  readonly #ignore: (name: string) => void;

  constructor(files: HugeFiles, sink: Sink, emit: Emit, ignore: (name: string) => void) {
    this.#files = files;
    this.#sink = sink;
    this.#emit = emit;
    this.#ignore = ignore;
  }

  ftruncate(task: TaskState, { fd, length, line }: FtruncateEvent): void {
    const file = task.descriptors.get(fd);
    if (file === undefined) {
      this.#ignore("ftruncate (not of huge pages)");
      return;
    }
    const pages = Math.ceil(length / HUGE_BYTES);
    if (pages >= file.pages) this.grow(file, pages);
    else this.#truncate(task, line, file, pages);
  }

  fallocate(task: TaskState, { fd, mode, offset, length, line }: FallocateEvent): void {
    const file = task.descriptors.get(fd);
    if (file === undefined) {
      this.#ignore("fallocate (not of huge pages)");
      return;
    }
    const end = offset + length;
    if ((mode & FALLOC.punchHole) !== 0) this.punch(task, line, file, offset / HUGE_BYTES, end / HUGE_BYTES);
    else if ((mode & FALLOC.keepSize) === 0) this.grow(file, Math.ceil(end / HUGE_BYTES));
  }

  /** A hole of the whole huge pages in [from, end), which may lie inside of one. */
  punch(task: TaskState, line: number, file: HugeFile, from: number, end: number): void {
    const start = Math.ceil(from);
    const to = Math.min(Math.floor(end), file.pages);
    if (start >= to) return;
    this.#emit(task, line, [{ call: "punch", args: { file: file.index, start, end: to } }]);
    this.#files.dropped(file, start, to);
  }

  /** The file has at least so many huge pages from now on: mapping it for write is enough for that. */
  grow(file: HugeFile, pages: number): void {
    if (pages <= file.pages) return;
    this.#files.resize(file, pages);
    this.#sink.resize(file.index, pages);
  }

  /** Mappings are gone: so are the files that nobody else can reach. Their end is a truncate to nothing. */
  release(task: TaskState, line: number, gone: readonly Mapping[]): void {
    for (const file of new Set(gone.map((mapping) => mapping.file)))
      if (file !== undefined) this.evict(task, line, file);
  }

  evict(task: TaskState, line: number, file: HugeFile): void {
    if (file.mappings > 0 || file.kept) return;
    if (file.pages > 0) this.#truncate(task, line, file, 0);
    this.#files.forget(file);
  }

  #truncate(task: TaskState, line: number, file: HugeFile, pages: number): void {
    this.#emit(task, line, [{ call: "truncate", args: { file: file.index, start: pages, end: file.pages } }]);
    this.#files.dropped(file, pages, file.pages);
    this.#files.resize(file, pages);
  }
}
