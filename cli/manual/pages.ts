/**
 * The pages about formats.
 *
 * @module
 */

import type { FormatPage } from "../args/man.ts";
import { DUMP_FORMAT } from "./dump_format.ts";
import { IMAGE_FORMAT } from "./image_format.ts";

/** In the order in which other pages name them. */
export const FORMAT_PAGES: readonly FormatPage[] = [DUMP_FORMAT, IMAGE_FORMAT];
