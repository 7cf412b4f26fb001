/**
 * The fuzzer's words: what host and core share about random programs, strategies, the corpus and findings.
 *
 * The block of FuzzWord lies at the word that `fuzzBlock()` gives. The regions behind Base.END are laid out by
 * `fuzzStart()`, which writes where each begins. docs/fuzzing.md describes the bytes of an input.
 */

export const enum FuzzWord {
  /** State of the random numbers, 64 bits. */
  RNG,
  /** Runs that the next call makes at most; made; and their steps (64 bits), those of set-ups included. */
  WANTED = 2,
  RUNS,
  STEPS,
  /** A Strategy; the depth of PCT; schedules drawn for each program; most steps of a run. */
  STRATEGY = 6,
  DEPTH,
  SCHEDULES,
  STEPS_MAX,
  /** Violation kinds that are kept as findings (bit set). */
  KINDS,
  /** A FuzzMode. */
  MODE,
  /** Entries of the corpus, features seen, signatures of findings. */
  CORPUS,
  FEATURES,
  SIGNATURES,
  /** Bytes of the input, and where its schedule begins; bytes of the schedule that was followed. */
  LENGTH,
  SCHEDULE_AT,
  SCHEDULE_USED,
  /** The last run: Status, steps, violation kinds. */
  STATUS,
  LAST_STEPS,
  LAST_KINDS,
  /** Number of the call in the table that makes an mm a guest's. */
  MIRROR,
  /** 1 when the kernel does without PCIDs on hardware whose INVLPG is faulty. */
  AVOIDS_PCID,
  /** Runs that reached the bound on steps; runs in which a region overflowed; programs whose set-up went wrong. */
  BOUNDED,
  OVERFLOWED,
  REJECTED,
  /** Where the regions begin (word indices). */
  TABLE,
  LISTS,
  LINES,
  DECODED,
  INPUT,
  SCHEDULE,
  ENTRIES,
  FINDINGS,
  SEEN,
  END,
  /** Calls in DECODED. */
  DECODED_COUNT,
  /** Tasks of the decoded program. */
  TASKS,
  /** Programs drawn in this call; 64-bit sum over the final states of the runs. */
  PROGRAMS,
  SUM = 40,
  /** Violation kinds that are harm; runs that showed one of them; most steps that a run took. */
  HARM = 42,
  HARMED,
  LONGEST,
  /** A path to follow (a byte for each step: its agent) and how long it is; what each step of the last run was. */
  GUIDE,
  GUIDE_LENGTH,
  OPS,
  WORDS,
}

export const enum FuzzMode {
  /** Every program is new. */
  RANDOM,
  /** Mutations of a corpus that coverage keeps, and some new programs. */
  GUIDED,
  /** The program of INPUT, or the staged scenario when there is none, with ever new schedules. */
  FIXED,
  /** The program of INPUT, with ever new schedules, judged as programs are. */
  SAME,
}

export const enum Strategy {
  PORTFOLIO,
  UNIFORM,
  PCT,
  POS,
  URW,
  STARVE,
  COUNT,
}

/**
 * What a program is about: which calls it is made of, what its files are, what is wrong with its hardware. Calls of one
 * theme get along with each other in the model.
 */
export const enum Theme {
  /** Huge pages that share tables, beside anonymous pages and an ordinary file. */
  HUGETLB,
  /** Ordinary files: one of large folios, one of a driver, one of base pages; reclaim, write-back, migration. */
  FILES,
  /** Anonymous memory with huge pages: khugepaged, the huge zero page, write-protection. */
  ANONYMOUS,
  /** mm C is a guest's, whose tables mirror the memory of A. */
  GUESTS,
  /** Mappings of the kernel's own, ASIDs, exec; hardware that may be faulty. */
  KERNEL,
  COUNT,
}

/** How an argument is drawn. A range takes two bytes of the input, the others one, SPACE and MAP see below. */
export const enum Draw {
  NONE,
  /** START, END of base pages. */
  RANGE,
  /** START, END of pages of a file. */
  FILE_RANGE,
  /** START of a file's tail; END is the most pages that a file can have. */
  FILE_TAIL,
  /** One page of a file: START, and END behind it. */
  FILE_PAGE,
  /** START of a huge page, or of a GiB, and END behind it: one byte. */
  HUGE_RANGE,
  GIANT_RANGE,
  /** START 0, END the end of the address space; takes no byte. */
  SPACE,
  /** An address of a base page. */
  ADDRESS,
  /** A destination: aligned to a huge page. */
  DESTINATION,
  FILE,
  /** An ordinary file. */
  PAGE_FILE,
  /** FILE (number + 1, or 0), OFFSET and FLAGS of a new mapping: two bytes. */
  MAP,
  PROT,
  VALUE,
  MM,
  /** An address in the last GiB, which the kernel has for itself. */
  KERNEL_ADDRESS,
  /** An address of a guest's huge page. */
  HUGE_ADDRESS,
  /** What a counter stands at: close to its end, or small. */
  COUNTER,
  /** The driver's file; one of base pages or of large folios. */
  DEVICE_FILE,
  CACHED_FILE,
}

export const enum CallFlag {
  /** A set-up may make it. */
  BUILDS = 1,
  /** It works on a file and needs no mm of its own. */
  FILE_ONLY = 2,
  /** It gives the CPU to another mm. */
  SWITCHES = 4,
  /** It leaves the CPU lazy: nothing can use the mm until a switch. */
  IDLES = 8,
  /** It ends the mm: only the last user can. */
  EXITS = 16,
  /** It is of the guest: only its mm can. */
  GUEST = 32,
  /** Only the first task makes it: nobody else would do it at the same time. */
  ALONE = 64,
  /** It leaves flushes to be made later, which others have to think of. */
  DEFERS = 128,
  /** It makes sure that nothing which such calls have taken from its range is still to be flushed. */
  HEEDS = 256,
}

/** An entry of the table: first op, CallFlag set, number of arguments; then a Draw and a register for each. */
export const enum CallEntry {
  ENTRY,
  FLAGS,
  COUNT,
  ARGUMENTS,
  WORDS = 3 + 2 * 8,
}

/** A decoded call: the task, or SETUP_TASK; the CPU; the mm; its first word in the script region; its index. */
export const enum Decoded {
  TASK,
  CPU,
  MM,
  SCRIPT,
  CALL,
  WORDS,
}

export const SETUP_TASK: u32 = 0xff;

/**
 * A finding's signature: kind, line of birth, line of the violation, runs that showed it, and what was wrong with the
 * hardware: what sound hardware shows too is a finding of its own.
 */
export const enum Signature {
  KIND,
  BIRTH,
  AT,
  COUNT,
  ERRATA,
  WORDS,
}

/**
 * An entry of the corpus: length, where its schedule begins, times picked, children with new coverage, steps of a run;
 * its bytes follow.
 */
export const enum CorpusEntry {
  LENGTH,
  SCHEDULE_AT,
  PICKS,
  CHILDREN,
  STEPS,
  BYTES,
  WORDS = 5 + 512 / 4,
}

/** Places of some calls in the list of Theme.HUGETLB. */
export const MMAP_CALL: u32 = 0;
export const MUNMAP_CALL: u32 = 1;
export const MREMAP_CALL: u32 = 6;
export const LOAD_CALL: u32 = 10;

export const FUZZ_TASKS: u32 = 3;
export const FUZZ_CPUS: u32 = 4;
export const FUZZ_MMS: u32 = 3;
/** Files of hugetlbfs, and all files: the others have base pages. */
export const HUGE_FILES: u32 = 2;
export const FUZZ_FILES: u32 = 3;
/** What the first two are in the theme of files: of large folios, and a driver's. */
export const LARGE_FILE: u32 = 0;
export const DEVICE_FILE: u32 = 1;
/** The mm that is a guest's in the theme of guests, and the one whose memory it mirrors. */
export const GUEST_MM: u32 = 2;
export const HOST_MM: u32 = 0;
/** Line of birth of a violation that is about nothing owed. */
export const NO_LINE: u32 = 0xfffe;
/** The input: HEADER bytes, then calls of CALL_BYTES each, then the schedule. */
export const HEADER: u32 = 8;
export const CALL_BYTES: u32 = 8;
export const SETUP_MAX: u32 = 10;
export const RACE_MAX: u32 = 12;
export const PROGRAM_MAX: u32 = 8 + (10 + 12) * 8;
/** What lies behind is not read. */
export const INPUT_MAX: u32 = 4096;
export const ENTRY_BYTES: u32 = 512;
export const CORPUS_MAX: u32 = 4096;
export const SIGNATURES_MAX: u32 = 512;
export const CALLS_MAX: u32 = 64;
export const SEEN_BYTES: u32 = 65536;
