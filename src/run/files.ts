/**
 * Files of huge pages: what a descriptor, a segment or a shared anonymous mapping stands for.
 *
 * Invariants
 *   F1  A file has one number in the machines from its first mapping on; the number is given to another file only when
 *       no mapping is left and nobody can map it again (`kept` is false).
 */
import { HUGE } from "./pages.js";

export interface HugeFile {
  readonly index: number;
  /** Size in huge pages. */
  pages: number;
  /** Mappings of it, over all processes. */
  mappings: number;
  /** It has a name or a segment number: it stays when nobody maps it. */
  kept: boolean;
  /** Huge pages that have been touched, so that they lie in its page cache. */
  readonly cached: Set<number>;
}

/** Where hugetlbfs is mounted as a rule. A log does not name file systems. */
const HUGETLB_PATH = /^(\/dev\/hugepages|\/mnt\/huge|\/hugepages|\/run\/hugepages|\/var\/lib\/hugetlbfs)[^/]*\/./;

export class HugeFiles {
  readonly #named = new Map<string, HugeFile>();
  readonly #free: number[] = [];
  /** Most files at one time, most pages of one file, and most pages in all page caches. */
  countMax = 0;
  pagesMax = 0;
  cachedMax = 0;
  #cached = 0;

  /** A file without a name, gone with its last mapping unless `kept`. */
  make(kept: boolean): HugeFile {
    const index = this.#free.pop() ?? this.countMax++;
    return { index, pages: 0, mappings: 0, kept, cached: new Set() };
  }

  /** The file at an absolute path; undefined when the path is not below a place where hugetlbfs is mounted. */
  named(path: string): HugeFile | undefined {
    if (!HUGETLB_PATH.test(path)) return undefined;
    let file = this.#named.get(path);
    if (file === undefined) {
      file = this.make(true);
      this.#named.set(path, file);
    }
    return file;
  }

  resize(file: HugeFile, pages: number): void {
    file.pages = pages;
    this.pagesMax = Math.max(this.pagesMax, pages);
  }

  /** Pages [from, to) of the file, in base pages, have been touched. */
  touched(file: HugeFile, from: number, to: number): void {
    for (let page = Math.floor(from / HUGE); page * HUGE < to; page++) {
      if (file.cached.has(page)) continue;
      file.cached.add(page);
      this.#cached++;
    }
    this.cachedMax = Math.max(this.cachedMax, this.#cached);
  }

  /** Huge pages [from, to) have left the page cache. */
  dropped(file: HugeFile, from: number, to: number): void {
    for (const page of file.cached) {
      if (page < from || page >= to) continue;
      file.cached.delete(page);
      this.#cached--;
    }
  }

  /** Nobody maps it and nobody can: its number is free. */
  forget(file: HugeFile): void {
    this.dropped(file, 0, Number.POSITIVE_INFINITY);
    this.#free.push(file.index);
  }
}

/** Open descriptors of a process that mean huge pages. */
export class Descriptors {
  readonly #files: Map<number, HugeFile>;

  constructor(files: Iterable<[number, HugeFile]> = []) {
    this.#files = new Map(files);
  }

  get(fd: number): HugeFile | undefined {
    return this.#files.get(fd);
  }

  /** The descriptor means this file now; undefined for one that is not of huge pages. */
  set(fd: number, file: HugeFile | undefined): void {
    if (file === undefined) this.#files.delete(fd);
    else this.#files.set(fd, file);
  }

  copy(): Descriptors {
    return new Descriptors(this.#files);
  }
}
