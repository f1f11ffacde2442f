/**
 * Machines to judge.
 *
 * @module
 */

import type { MachineFacts, Question } from "../../../../ffi/probe/probe.ts";
import type { Answer } from "../../../../ffi/probe/_probe_answer.ts";
import { utf8 } from "../../../../lib/bytes/text.ts";

const QUESTIONS: readonly Question[] = [
  "root",
  "erofs",
  "chunks",
  "erofsFile",
  "loop",
  "overlay",
  "dataLayers",
  "layerParameters",
  "overlayVerity",
  "userXattrs",
  "composefs",
  "writable",
  "placeVerity",
  "kernelVerity",
  "signatures",
  "memfd",
  "fuse",
  "mountHelper",
  "userNamespaces",
];

/** A machine that answers yes to everything but what is named. */
export function machine(
  answers: Partial<Record<Question, Answer["answer"]>>,
  type = "ext4",
): MachineFacts {
  const all = QUESTIONS.map((question) => [question, { answer: answers[question] ?? "yes" }]);
  return {
    kernel: "6.12.0",
    place: { directory: utf8("/srv"), type, source: "/dev/vdb", mountPoint: "/srv" },
    answers: Object.fromEntries(all) as MachineFacts["answers"],
  };
}
