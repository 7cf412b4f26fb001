/** The examples that end every help text: a command and what it is for. */
export function examples(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, why]) => `  ${command.padEnd(width)}  ${why}`).join("\n")}`;
}
