/**
 * `shootdown convert`: a trace in the compact form, which is read several times faster and a hundredth of the size.
 */
import type { Command } from "commander";
import { type ConvertResult, convert } from "../replay/convert.js";
import type { TraceFormatName } from "../replay/read/detect.js";
import { FORMATS } from "../replay/read/detect.js";
import { cutText } from "../report/tlb.js";
import { formatName } from "./tlb.js";
import { EXIT_BAD_INPUT, exampleText, recordProgress, type TraceSession } from "./trace-session.js";

interface ConvertFlags {
  readonly plain?: boolean;
  readonly dataOnly?: boolean;
  readonly keepCut?: boolean;
  readonly format?: TraceFormatName;
}

export function registerConvert(program: Command, session: TraceSession): void {
  program
    .command("convert")
    .summary("a trace in the compact form (docs/traces.md)")
    .description(
      "Writes a trace in the compact form. The output is packed by its name: .xz and .zst by those programs, " +
        "any other with gzip. It is written under another name and renamed when it is whole.",
    )
    .argument("<in>", "a trace of any format that `shootdown tlb` reads")
    .argument("<out>", "the file to write")
    .option("--plain", "do not pack")
    .option("--data-only", "leave instruction fetches out (this does not make it smaller)")
    .option("--keep-cut", "write what there is of a trace that is cut, instead of refusing it")
    .option("--format <name>", `instead of looking: ${Object.keys(FORMATS).join(", ")}`, formatName)
    .addHelpText(
      "after",
      exampleText([
        ["shootdown convert app.lackey app.sdt", "packed with gzip"],
        ["shootdown convert app.champsimtrace.xz app.sdt.xz", "packed with xz, which must be installed"],
      ]),
    )
    .action((input: string, output: string, flags: ConvertFlags) => runConvert(input, output, flags, session));
}

async function runConvert(input: string, output: string, flags: ConvertFlags, session: TraceSession): Promise<void> {
  const { plain, ...others } = flags;
  const line = recordProgress(input);
  const result = await convert({
    input,
    output,
    ...others,
    ...(plain === true ? { packing: "plain" as const } : {}),
    signal: session.signal,
    onProgress: (progress) => session.progress.show(() => line(progress)),
  });
  if (session.json) session.printJson({ schema: "shootdown/convert@1", input, output, ...result });
  else session.print(convertText(output, result));
  if (result.cut === undefined) return;
  session.remark(`shootdown: ${input}: ${cutText(result.cut)}`);
  session.code = EXIT_BAD_INPUT;
}

function convertText(output: string, result: ConvertResult): string {
  const { records, accesses, packedBytes } = result;
  const count = (value: number): string => value.toLocaleString("en-US");
  const each = accesses === 0 ? "" : `, ${(packedBytes / accesses).toFixed(3)} bytes an access`;
  return (
    `${output}: ${count(records)} records of ${result.format}, ${count(accesses)} of them accesses; ` +
    `${count(packedBytes)} bytes (${result.packing})${each}\n`
  );
}
