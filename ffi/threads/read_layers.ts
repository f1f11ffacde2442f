/**
 * Reading the layers of an image, with all of their files, for images of what they make.
 *
 * @module
 */

import { readLayers as read } from "../../lib/layers/read_layers.ts";
import type {
  LayerSource,
  MemberSource,
  ReadLayers,
  ReadLayersOptions,
} from "../../lib/layers/read_layers.ts";
import type { Linux } from "../sys/linux.ts";
import { InterruptedError } from "../sys/signals.ts";
import { PooledSink, type PooledSinkOptions } from "./pooled_sink.ts";

/** How layers are read, and where their files go. */
export type ReadLayersSettings = Omit<ReadLayersOptions, "sink" | "streams" | "interrupt">;

/** How many layers are read at a time: each has megabytes of memory. */
const MAX_STREAMS = 4;

/**
 * Reads layers and, if a store is given, puts their files there. Then they are on the disk; if it fails, those that
 * are complete are kept.
 *
 * @throws {IntegrityError} If a blob, or the archive in it, is not what it must be.
 * @throws {SyscallError} If something cannot be read or written.
 */
export async function readLayers(
  linux: Linux,
  sources: readonly (LayerSource | MemberSource)[],
  settings: ReadLayersSettings,
  files: Omit<PooledSinkOptions, "streams" | "onRead">,
): Promise<ReadLayers> {
  const streams = Math.max(1, Math.min(sources.length, files.threads, MAX_STREAMS));
  try {
    using sink = new PooledSink(linux, { ...files, streams });
    sink.expectBytes(sources.reduce((sum, { size = 0 }) => sum + size, 0));
    const interrupt = () => linux.signals.checkNowAndThen();
    return await read(sources, { ...settings, sink, streams, interrupt });
  } catch (error) {
    // As with the files of a directory: what is complete need not be made again.
    if (!(error instanceof InterruptedError)) files.store?.keep();
    throw error;
  }
}
