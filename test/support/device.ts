/** @file What computes in tests about numbers: the CPU, but for the project of vitest.config.ts that names another. */

import { DEVICES, type Device } from "../../src/runtime/device-options.ts";

const named = process.env["FLORA_TEST_DEVICE"] ?? "cpu";

export const testDevice: Device | undefined = DEVICES.find((device) => device === named);
