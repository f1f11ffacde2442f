import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { MOUNT_OPTION_HELP, MOUNT_OPTION_WORDS } from "../../../lib/mount/option_help.ts";
import { parseMountOptions } from "../../../lib/mount/options.ts";

const FORMS = MOUNT_OPTION_HELP.flatMap(({ forms }) => forms);

/** Something that each kind of value may be. */
const VALUES: Readonly<Record<string, string>> = { HEX: "0a".repeat(32) };

Deno.test("every option that is explained is taken, with a value if it is said to have one", () => {
  for (const form of FORMS) {
    const typed = form.replace(/\[[^\]]*\]/g, "")
      .replace(/=([A-Z]+)$/, (_, name: string) => `=${VALUES[name] ?? "a"}`);
    parseMountOptions([utf8(typed)]);
  }
});

Deno.test("every option that is offered is explained, once", () => {
  const explained = FORMS.map((form) => form.replace(/(?<==).*$/, ""));
  for (const word of MOUNT_OPTION_WORDS) {
    assertEquals(explained.filter((form) => form === word).length, 1, word);
  }
});

Deno.test("explanations are summaries of one line without a final period", () => {
  for (const { forms, summary, help = "Good." } of MOUNT_OPTION_HELP) {
    assert(/^[A-Z][^\n]*[^.\n]$/.test(summary), forms[0]);
    assert(/^[A-Z][^\n]*\.$/.test(help), forms[0]);
  }
});
