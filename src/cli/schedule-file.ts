/**
 * What `replay` was given: a token, or a JSON file that holds one.
 */
import { readFileSync, statSync } from "node:fs";
import { excerpt, InputError } from "../error.js";
import type { ScheduleFile } from "../explore/saved.js";
import type { CaseFile } from "../fuzz/case.js";
import { parseToken } from "../schedule.js";

const FILE_BYTES_MAX = 1 << 28;
const REMEDY =
  'a token looks like seed/truncate@5.15/x86:0101.28, a file like {"schema": "shootdown/schedule@1", "token": "TOKEN"}';

export interface Found {
  readonly token: string;
  /** What was chosen among several. */
  readonly remark?: string;
  /** The file is a case of a fuzzer. */
  readonly case?: CaseFile;
  /** The file is a saved schedule. */
  readonly saved?: ScheduleFile;
}

/** Throws an InputError when the argument is neither. */
export async function tokenOf(argument: string): Promise<Found> {
  if (isToken(argument)) return { token: argument };
  const stats = statSync(argument, { throwIfNoEntry: false });
  if (stats === undefined) {
    if (argument.includes("@")) parseToken(argument);
    throw new InputError("there is no such file, and this is no replay token", {
      source: shown(argument),
      remedy: REMEDY,
    });
  }
  if (!stats.isFile()) throw new InputError("this is no file", { source: argument, remedy: REMEDY });
  if (stats.size > FILE_BYTES_MAX) {
    throw new InputError(`the file has ${stats.size} bytes, more than ${FILE_BYTES_MAX}`, {
      source: argument,
      remedy: REMEDY,
    });
  }
  const value = parseJson(argument);
  return isCase(value) ? { token: argument, case: await caseIn(argument, value) } : tokenIn(argument, value);
}

const isCase = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "schema" in value && value.schema === "shootdown/case@1";

async function caseIn(file: string, value: unknown): Promise<CaseFile> {
  const { caseFile } = await import("../report/fuzz-schema.js");
  const parsed = caseFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const what = `${issue?.path.join(".")}: ${issue?.message ?? "not understood"}`;
  throw new InputError(what, { source: file, remedy: "docs/json.md has the fields of a case" });
}

function isToken(argument: string): boolean {
  try {
    parseToken(argument);
    return true;
  } catch {
    return false;
  }
}

const shown = (argument: string): string => (argument.length > 60 ? `${argument.slice(0, 60)}...` : argument);

function parseJson(file: string): unknown {
  const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  if (text.trim() === "") throw new InputError("the file is empty", { source: file, remedy: REMEDY });
  try {
    return JSON.parse(text);
  } catch (error) {
    const what = excerpt(error instanceof Error ? error.message : String(error), 90);
    throw new InputError(`this is no JSON (${what.slice(1, -1)})`, { source: file, remedy: REMEDY });
  }
}

async function tokenIn(file: string, value: unknown): Promise<Found> {
  // zod is loaded only when a file is to be read.
  const { scheduleFile } = await import("../report/schema.js");
  const parsed = scheduleFile.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    const what = where.startsWith("schema")
      ? "a schema that replay knows is missing"
      : (issue?.message ?? "not understood");
    throw new InputError(`${where}${what}`, { source: file, remedy: REMEDY });
  }
  const { data } = parsed;
  if (data.schema === "shootdown/schedule@1") return { token: data.token, saved: data };
  if (data.schema !== "shootdown/check@1") return { token: data.token };
  const found = data.results.flatMap((row) => row.violations);
  const harms = found.filter((violation) => violation.severity === "harm");
  const [shortest] = (harms.length > 0 ? harms : found).sort((a, b) => a.steps - b.steps);
  if (shortest === undefined) {
    throw new InputError("this check found no violation", { source: file, remedy: "there is nothing to replay" });
  }
  const remark = `replaying the shortest of ${found.length} violations: ${shortest.schedule}`;
  return found.length === 1 ? { token: shortest.schedule } : { token: shortest.schedule, remark };
}
