/**
 * What two editions do differently: the lines of each kernel function that one has and the other has not.
 *
 * A function is compared with itself, so a line that calls another function says only that it calls it, and each
 * change stands once, however many paths lead there. A function that only one edition calls differs as a whole.
 */
import { type Backend, backends } from "./arch/backends.js";
import { calls as allCalls } from "./calls.js";
import { applies } from "./compile.js";
import type { Edition } from "./editions.js";
import type { Call, EditionLines, Line, Sub } from "./listing.js";

/** One line that only the later (+) or only the earlier (-) edition has. */
export interface DifferenceLine {
  readonly sign: "+" | "-";
  readonly text: string;
  /** The commit that made the difference, when the listing names one. */
  readonly commit?: string;
}

/** The lines of one kernel function that differ. */
export interface FunctionDifference {
  readonly file: string;
  readonly function: string;
  /** Calls that reach the function in either edition; empty when every call does. */
  readonly calls: readonly string[];
  readonly lines: readonly DifferenceLine[];
}

/** Where a line stands: in the earlier edition, in the later one, and which change decides it. */
interface Place {
  readonly before: boolean;
  readonly after: boolean;
  readonly commit?: string;
}

interface Found {
  readonly file: string;
  readonly name: string;
  readonly lines: DifferenceLine[];
  readonly calls: Set<string>;
}

class Comparison {
  readonly found = new Map<string, Found>();
  readonly #ids = new Map<Sub, number>();
  #visited = new Set<string>();

  constructor(
    readonly before: Edition,
    readonly after: Edition,
  ) {}

  call(call: Call, backend: Backend): void {
    this.#visited = new Set();
    this.#sub(call.listing, { before: true, after: true }, call.name, backend);
  }

  #sub(sub: Sub, place: Place, call: string, backend: Backend): void {
    const key = this.#keyOf(sub, place);
    if (this.#visited.has(key)) return;
    this.#visited.add(key);
    const known = this.found.get(key);
    const entry = known ?? { file: sub.file, name: sub.name, lines: [], calls: new Set<string>() };
    this.found.set(key, entry);
    entry.calls.add(call);
    const add = (line: Line, at: Place): void => {
      if (!("kind" in line)) for (const part of line) add(part, at);
      else if (line.kind === "edition") for (const part of line.lines) add(part, this.#inside(line, at));
      else if (line.kind !== "label" && (at.before || at.after)) {
        const text = line.kind === "op" ? line.text.replace(/goto \w+/, "goto") : `${line.name}()`;
        const isOurs = text === "(oracle)";
        if (known === undefined && !isOurs && at.before !== at.after) entry.lines.push(differing(text, at));
        if (line.kind === "sub") this.#sub(line, at, call, backend);
        if (line.kind === "arch") this.#sub(hookOf(line.name, backend), at, call, backend);
      }
    };
    for (const line of sub.lines) add(line, place);
  }

  /** The innermost lines of which one edition has part and the other none decide, and name the commit. */
  #inside(line: EditionLines, at: Place): Place {
    const [before, after] = [applies(line, this.before), applies(line, this.after)];
    const commit = before !== after && line.commit !== undefined ? line.commit : at.commit;
    return { before: at.before && before, after: at.after && after, ...(commit === undefined ? {} : { commit }) };
  }

  /** Two listings may be variants of one kernel function: the object tells them apart. A hook is made anew. */
  #keyOf(sub: Sub, { before, after }: Place): string {
    const where = `${before} ${after}`;
    if (isHook(sub)) return `${sub.file} ${sub.name} ${where}`;
    const id = this.#ids.get(sub) ?? this.#ids.size;
    this.#ids.set(sub, id);
    return `#${id} ${where}`;
  }
}

const isHook = (sub: Sub): boolean => backends.some((backend) => sub.file === `(${backend.name})`);

const hookOf = (name: string, backend: Backend): Sub => ({
  kind: "sub",
  name,
  file: `(${backend.name})`,
  lines: backend.hooks[name as keyof Backend["hooks"]],
});

function differing(text: string, { after, commit }: Place): DifferenceLine {
  return { sign: after ? "+" : "-", text, ...(commit === undefined ? {} : { commit }) };
}

/** The lines that differ, function by function, over the given calls and back-ends (all by default). */
export function difference(
  before: Edition,
  after: Edition,
  chosen: readonly Call[] = allCalls,
  machines: readonly Backend[] = backends,
): readonly FunctionDifference[] {
  const comparison = new Comparison(before, after);
  for (const call of chosen) for (const backend of machines) comparison.call(call, backend);
  // A function that both editions call, and one of them from one place more, is no news as a whole.
  const common = new Set([...comparison.found].filter(([key]) => key.endsWith("true true")).map(([key]) => key));
  const isNew = (key: string): boolean => !common.has(key.replace(/ (true|false) (true|false)$/, " true true"));
  return [...comparison.found]
    .filter(([key, { lines }]) => lines.length > 0 && (common.has(key) || isNew(key)))
    .map(([, { file, name, lines, calls }]) => ({
      file,
      function: name,
      calls: calls.size === chosen.length && chosen.length > 1 ? [] : [...calls],
      lines,
    }));
}
