/**
 * What it all comes to: whether composefs images can be mounted at a place, and what can be done if not.
 *
 * @module
 */

import type { MachineFacts, Question } from "../../../ffi/probe/probe.ts";

/** The answer to the one question behind all others. */
export interface Verdict {
  /** Whether `mount.composefs` works. */
  readonly works: boolean;
  /** Whether it works with fs-verity of image and objects. */
  readonly verity: boolean;
  /** What stands in the way of mounting. */
  readonly missing: readonly Question[];
  /** What to do with this, one sentence each. */
  readonly advice: readonly string[];
}

/** What no composefs mount can do without. */
const NEEDED: readonly Question[] = ["root", "erofs", "chunks", "overlay", "composefs"];

/** Judges a machine and a place. */
export function judge({ answers }: MachineFacts): Verdict {
  const is: Is = (question, answer) => answers[question].answer === answer;
  const missing = NEEDED.filter((question) => is(question, "no"));
  const works = missing.length === 0 && is("root", "yes") && is("composefs", "yes");
  const verity = works && is("overlayVerity", "yes") && is("placeVerity", "yes");
  if (verity) {
    return {
      works,
      verity,
      missing,
      advice: [
        "mount.composefs works here, with fs-verity.",
        "Give digest=DIGEST, so that the kernel verifies the image and all objects.",
      ],
    };
  }
  const advice = works ? withoutVerity(is) : withoutMount(is);
  return { works, verity, missing, advice };
}

type Is = (question: Question, answer: string) => boolean;

function withoutVerity(is: Is): string[] {
  const advice = [
    "mount.composefs works here, without fs-verity: the kernel does not verify what is read.",
  ];
  if (is("memfd", "yes")) {
    advice.push("With digest=DIGEST,userverity it mounts a copy of the image that was verified.");
  }
  advice.push('"composefs verify" verifies an image and all its objects.');
  return advice;
}

function withoutMount(is: Is): string[] {
  const kernelMay = !(["erofs", "chunks", "overlay"] as const).some((part) => is(part, "no"));
  const privileged = is("root", "yes");
  const advice = ["mount.composefs does not work here."];
  if (!privileged && kernelMay) advice.push("It may work as root: ask again as root.");
  advice.push(
    'Without mounting: "composefs ls", "dump", "cat", "extract" and "verify" read images and objects.',
  );
  return advice;
}
