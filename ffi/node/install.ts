/**
 * Makes the library hash by the runtime's own means as soon as this is imported.
 *
 * @module
 */

import { hasHashers, installHashers } from "../../lib/digest/sha2.ts";
import { nativeHashers } from "../hash/hashers.ts";

if (!hasHashers()) installHashers(nativeHashers);
