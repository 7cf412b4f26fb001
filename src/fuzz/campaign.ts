/**
 * A campaign under way: its arena, its counters, what it found. fuzz.ts has the clock.
 */
import { CorpusEntry, FuzzWord, SEEN_BYTES, SIGNATURES_MAX, Signature } from "../../assembly/abi/fuzz.js";
import type { CoreModule } from "../core/core.js";
import { InputError } from "../error.js";
import { chooseBackend, chooseEdition } from "../explore/choose.js";
import { newestEdition } from "../kernel/editions.js";
import { kindName, severityOf } from "../names.js";
import { Arena, modes, strategies } from "./arena.js";
import type { CaseFile } from "./case.js";
import type { FuzzFinding, FuzzOptions, FuzzProgress, FuzzResult } from "./fuzz.js";
import type { Large } from "./smallest.js";

/** Runs between two moments at which a campaign can be saved. */
export const SLICE = 1000;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What one campaign adds to another with the same parameters and another seed: counts, features, findings. */
export interface Share {
  readonly runs: number;
  readonly steps: number;
  readonly programs: number;
  readonly counted: readonly number[];
  readonly corpus: number;
  readonly hash: string;
  readonly seen: Uint8Array;
  /** The words of each signature, with the first run that showed it. */
  readonly found: readonly {
    readonly signature: readonly number[];
    readonly firstRun: number;
    readonly input: string;
  }[];
}

const COUNTED = [FuzzWord.BOUNDED, FuzzWord.OVERFLOWED, FuzzWord.REJECTED];

/** A campaign under way: the arena, the counters, the findings. */
export class Campaign {
  readonly arena: Arena;
  /** The parameters, defaults filled in. */
  readonly options: Required<Pick<FuzzOptions, "edition" | "backend" | "strategy" | "depth" | "guided" | "seed">>;
  runs = 0;
  steps = 0;
  programs = 0;
  readonly found: { readonly firstRun: number; readonly input: string; case?: CaseFile }[] = [];

  /** `module`: another build of the core. */
  constructor(options: FuzzOptions, module?: CoreModule) {
    this.options = {
      edition: options.edition ?? newestEdition().name,
      backend: options.backend ?? "x86",
      strategy: options.strategy ?? "portfolio",
      depth: options.depth ?? 3,
      guided: options.guided ?? true,
      seed: options.seed ?? 1,
    };
    const { edition, backend, strategy, depth, guided, seed } = this.options;
    if (!strategies.includes(strategy)) {
      throw new InputError(`there is no strategy "${strategy}"`, {
        source: "fuzz",
        remedy: `choose one of: ${strategies.join(", ")}`,
      });
    }
    this.arena = Arena.boot({
      edition: chooseEdition(edition),
      backend: chooseBackend(backend),
      ...(module === undefined ? {} : { module }),
    });
    this.arena.seed(seed);
    this.arena.choose(strategy, depth);
    this.arena.set(FuzzWord.MODE, guided ? modes.guided : modes.random);
  }

  /** Up to `most` runs more. Every thousand runs the core forgets what is not in its regions: there a save can be. */
  slice(most: number): void {
    let left = most;
    while (left > 0) {
      if (this.runs % SLICE === 0) this.arena.machine.core.call.fuzzFresh();
      const batch = this.arena.run(Math.min(left, SLICE - (this.runs % SLICE)));
      this.steps += batch.steps;
      this.programs += batch.programs;
      this.runs += batch.runs;
      left -= batch.runs;
      for (let i = 0; i < batch.found; i++) this.found.push({ firstRun: this.runs, input: hex(this.arena.read()) });
    }
  }

  findings(): FuzzFinding[] {
    const { arena } = this;
    return this.found.map((first, i) => {
      const at = arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
      const word = (field: Signature): number => arena.machine.get(at + field);
      const kind = kindName(word(Signature.KIND));
      return {
        kind,
        severity: severityOf(kind),
        born: arena.lineName(word(Signature.BIRTH)),
        where: arena.lineName(word(Signature.AT)),
        firstRun: first.firstRun,
        runs: word(Signature.COUNT),
        input: first.input,
        ...(first.case === undefined ? {} : { case: first.case }),
      };
    });
  }

  /** The findings that have no case yet, by number. */
  toShrink(): { readonly i: number; readonly large: Large }[] {
    const { edition, backend } = this.options;
    return this.found.flatMap((first, i) => {
      if (first.case !== undefined) return [];
      const at = this.arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
      const word = (field: Signature): number => this.arena.machine.get(at + field);
      const target = { kind: word(Signature.KIND), birth: word(Signature.BIRTH), at: word(Signature.AT) };
      return [{ i, large: { edition, backend, input: first.input, target } }];
    });
  }

  keepCase(i: number, made: CaseFile | undefined): void {
    const first = this.found[i];
    if (first !== undefined && made !== undefined) first.case = made;
  }

  /** Leaves in the corpus what shows something that shorter entries do not. Gives how many entries went. */
  minimize(): number {
    const { arena } = this;
    const from = arena.get(FuzzWord.ENTRIES);
    const all = Array.from({ length: arena.get(FuzzWord.CORPUS) }, (_, i) => {
      const at = from + i * CorpusEntry.WORDS;
      return arena.machine.core.words().slice(at, at + CorpusEntry.WORDS);
    });
    const length = (entry: Uint32Array): number => entry[CorpusEntry.LENGTH] as number;
    arena.machine.core.call.forgetFeatures();
    let kept = 0;
    for (const entry of all.sort((a, b) => length(a) - length(b))) {
      const before = arena.get(FuzzWord.FEATURES);
      arena.write(new Uint8Array(entry.buffer, CorpusEntry.BYTES * 4, length(entry)));
      arena.machine.core.call.fuzzInput();
      if (arena.get(FuzzWord.FEATURES) === before) continue;
      arena.machine.core.words().set(entry, from + kept * CorpusEntry.WORDS);
      kept++;
    }
    arena.set(FuzzWord.CORPUS, kept);
    return all.length - kept;
  }

  /** Fingerprint of the corpus: the same on every machine. */
  corpusHash(): string {
    const { arena } = this;
    let hash = 0xcbf29ce484222325n;
    const from = arena.get(FuzzWord.ENTRIES);
    const words = arena.machine.core.words();
    for (let i = 0; i < arena.get(FuzzWord.CORPUS); i++) {
      const entry = from + i * CorpusEntry.WORDS;
      const length = words[entry + CorpusEntry.LENGTH] as number;
      const used = Math.ceil(length / 4);
      for (const word of words.subarray(entry + CorpusEntry.BYTES, entry + CorpusEntry.BYTES + used)) {
        hash = BigInt.asUintN(64, (hash ^ BigInt(word)) * 0x100000001b3n);
      }
    }
    return hash.toString(16).padStart(16, "0");
  }

  /** `before`: runs of an earlier call, which took none of these seconds. */
  progress(seconds: number, before = 0): FuzzProgress {
    return {
      runs: this.runs,
      rate: seconds > 0 ? (this.runs - before) / seconds : 0,
      steps: this.steps,
      seconds,
      coverage: this.arena.get(FuzzWord.FEATURES),
      corpus: this.arena.get(FuzzWord.CORPUS),
      findings: this.found.length,
    };
  }

  result(seconds: number, before = 0): FuzzResult {
    const { arena } = this;
    const { edition, backend, ...drawn } = this.options;
    return {
      schema: "shootdown/fuzz@1",
      edition,
      backend,
      ...drawn,
      runs: this.runs,
      programs: this.programs,
      steps: this.steps,
      seconds,
      runsPerSecond: seconds > 0 ? (this.runs - before) / seconds : 0,
      coverage: arena.get(FuzzWord.FEATURES),
      corpus: { entries: arena.get(FuzzWord.CORPUS), hash: this.corpusHash() },
      bounded: arena.get(FuzzWord.BOUNDED),
      overflowed: arena.get(FuzzWord.OVERFLOWED),
      rejected: arena.get(FuzzWord.REJECTED),
      findings: this.findings(),
    };
  }

  /** What this campaign has, for another one to take in. */
  share(): Share {
    const { arena, runs, steps, programs } = this;
    const from = arena.get(FuzzWord.SEEN) * 4;
    return {
      runs,
      steps,
      programs,
      counted: COUNTED.map((field) => arena.get(field)),
      corpus: arena.get(FuzzWord.CORPUS),
      hash: this.corpusHash(),
      seen: arena.machine.core.bytes().slice(from, from + SEEN_BYTES),
      found: this.found.map(({ firstRun, input }, i) => {
        const at = arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
        return { signature: [...arena.machine.core.words().slice(at, at + Signature.WORDS)], firstRun, input };
      }),
    };
  }

  /** Takes in what another campaign has. Its corpus stays its own: none of its entries can be chosen here. */
  takeIn(other: Share): void {
    const { arena } = this;
    this.runs += other.runs;
    this.steps += other.steps;
    this.programs += other.programs;
    COUNTED.forEach((field, i) => {
      arena.set(field, arena.get(field) + (other.counted[i] ?? 0));
    });
    const from = arena.get(FuzzWord.SEEN) * 4;
    const seen = arena.machine.core.bytes().subarray(from, from + SEEN_BYTES);
    for (let i = 0; i < SEEN_BYTES; i++) seen[i] = (seen[i] as number) | (other.seen[i] as number);
    arena.set(
      FuzzWord.FEATURES,
      seen.reduce((sum, one) => sum + one, 0),
    );
    for (const { signature, firstRun, input } of other.found) this.#takeFinding(signature, firstRun, input);
  }

  #takeFinding(signature: readonly number[], firstRun: number, input: string): void {
    const { machine } = this.arena;
    const at = (i: number): number => this.arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
    const fields = [Signature.KIND, Signature.BIRTH, Signature.AT, Signature.ERRATA];
    const i = this.found.findIndex((_, i) => fields.every((field) => machine.get(at(i) + field) === signature[field]));
    const runs = signature[Signature.COUNT] ?? 0;
    if (i >= 0) {
      machine.put(at(i) + Signature.COUNT, machine.get(at(i) + Signature.COUNT) + runs);
      if (firstRun < (this.found[i]?.firstRun ?? 0)) this.found[i] = { firstRun, input };
      return;
    }
    if (this.found.length === SIGNATURES_MAX) return;
    signature.forEach((word, field) => {
      machine.put(at(this.found.length) + field, word);
    });
    this.found.push({ firstRun, input });
    this.arena.set(FuzzWord.SIGNATURES, this.found.length);
  }
}
